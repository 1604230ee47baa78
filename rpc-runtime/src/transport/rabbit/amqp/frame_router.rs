//! Routes the broker's frames by channel number.
//!
//! Frames of channel 0 go to lapin. From them, the router also reads the broker's version, its close of the connection
//! (which the router answers), and whether the broker blocks the connection. All other frames are for this library's
//! channels: messages and [receipts](super::DeliveryHandler::receipt) go to the channel's handler, confirms and returns
//! to its publishes, replies to its requests. Frames of a channel that is not open are dropped: they were sent before
//! the broker saw its close. A stream that does not consist of frames goes to lapin, which refuses it. A malformed
//! frame of another channel ends the connection.
//!
//! The I/O task owns the router. Nothing here may block. Frames come from a peer: none may make it panic.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use lapin::types::ShortString;
use tokio::time::Instant;

use super::super::compression::KEPT_END;
use super::broker_version::BrokerVersion;
use super::channel_state::ChannelState;
use super::deliveries::{Body, Delivered, DeliveryHandler};
use super::fault::Fault;
use super::fields::Fields;
use super::frames::{
    self, ACK, BODY, CANCEL, CHANNEL_CLOSE, CHANNEL_CLOSE_OK, CHANNEL_OPEN_OK, CONNECTION_BLOCKED,
    CONNECTION_CLOSE, CONNECTION_START, CONNECTION_UNBLOCKED, CONTENT_HEADER, DELIVER, FLOW,
    FLOW_OK, FRAME_END, FRAME_HEADER, HEARTBEAT, METHOD, NACK, RETURN,
};
use super::io::Io;
use super::methods;
use super::properties::Properties;

/// The longest frame that is accepted, in bytes. It is above the largest size that is negotiated.
const LONGEST_FRAME: usize = 256 * 1024;
/// The most memory that is reserved for a body before it has arrived, in bytes. A larger body's memory grows as it
/// arrives.
const BODY_RESERVE: usize = 64 * 1024 * 1024;
/// A heartbeat for lapin. lapin sees only channel 0, and gives a connection up if nothing arrives there for long.
const HEARTBEAT_FRAME: [u8; 8] = [HEARTBEAT, 0, 0, 0, 0, 0, 0, FRAME_END];
/// How long lapin may get no frame before it gets a heartbeat, provided that the broker sends anything.
const LAPIN_BEAT: Duration = Duration::from_millis(250);

/// Reads the stream of frames of one connection.
pub(super) struct FrameRouter {
    io: Arc<Io>,
    /// The incomplete messages, by channel number. There is hardly ever more than one.
    contents: Vec<(u16, Content)>,
    /// The handlers that were called during this read, and get [`idle`](DeliveryHandler::idle) at its end.
    called: Vec<Arc<dyn DeliveryHandler>>,
    /// Whether the stream is not AMQP, so that all bytes go to lapin.
    not_amqp: bool,
    /// The frames of this read that are for lapin.
    for_lapin: Vec<u8>,
    /// When lapin last got bytes.
    lapin_fed: Instant,
}

/// An incomplete message.
struct Content {
    part: Part,
    kind: Kind,
}

/// The next expected part of a message.
#[derive(Debug, Clone, Copy)]
enum Part {
    Header,
    Body { left: u64 },
}

enum Kind {
    /// A message that was published, and that the broker returns.
    Returned(Arc<ChannelState>),
    Delivery(Box<Delivery>),
    /// A message of a channel that is not open.
    Dropped,
}

/// The part of a delivered message that has arrived.
struct Delivery {
    handler: Arc<dyn DeliveryHandler>,
    consumer: ShortString,
    tag: u64,
    properties: Properties,
    /// The size of the body, in bytes.
    size: usize,
    /// How many of the next bytes are not kept.
    skip: usize,
    body: BytesMut,
}

impl Delivery {
    /// Handles the content header, which comes before the body and has its size.
    fn announce(&mut self, size: u64, properties: Properties) {
        self.properties = properties;
        self.size = usize::try_from(size).unwrap_or(usize::MAX);
        if self.size > self.handler.size_limit() {
            self.skip = self.size.saturating_sub(KEPT_END);
        }
        self.body.reserve((self.size - self.skip).min(BODY_RESERVE));
    }

    fn add(&mut self, part: &[u8]) {
        let skipped = self.skip.min(part.len());
        self.skip -= skipped;
        self.body.extend_from_slice(&part[skipped..]);
    }

    fn hand_over(self) -> Arc<dyn DeliveryHandler> {
        let bytes = self.body.freeze();
        let body = if bytes.len() == self.size {
            Body::Whole(bytes)
        } else {
            Body::End {
                end: bytes,
                size: self.size,
            }
        };
        self.handler.delivered(Delivered {
            consumer: self.consumer,
            tag: self.tag,
            properties: self.properties,
            body,
        });
        self.handler
    }
}

impl FrameRouter {
    /// The router of a new connection.
    pub(super) fn new(io: Arc<Io>) -> Self {
        Self {
            io,
            contents: Vec::new(),
            called: Vec::new(),
            not_amqp: false,
            for_lapin: Vec::new(),
            lapin_fed: Instant::now(),
        }
    }

    /// Routes the complete frames at the beginning of `bytes`, and returns their length. The caller must pass the rest
    /// again, followed by more bytes.
    pub(super) fn read(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut at = 0;
        let read = loop {
            match self.read_first(&bytes[at..]) {
                Ok(0) => break Ok(at),
                Ok(length) => at += length,
                Err(error) => break Err(error),
            }
        };
        for handler in self.called.drain(..) {
            handler.idle();
        }
        if self.for_lapin.is_empty() && self.lapin_fed.elapsed() >= LAPIN_BEAT {
            self.for_lapin.extend(HEARTBEAT_FRAME);
        }
        if !self.for_lapin.is_empty() {
            self.lapin_fed = Instant::now();
            self.io.lapin_pipe.fill(&self.for_lapin);
            self.for_lapin.clear();
        }
        read
    }

    /// Routes the first frame and returns its length. Returns 0 if the frame is incomplete.
    fn read_first(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(&kind) = bytes.first() else {
            return Ok(0);
        };
        self.not_amqp |= !matches!(kind, METHOD | CONTENT_HEADER | BODY | HEARTBEAT);
        if self.not_amqp {
            self.for_lapin.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        let Some(&[_, c0, c1, s0, s1, s2, s3]) = bytes.first_chunk::<FRAME_HEADER>() else {
            return Ok(0);
        };
        let size = u32::from_be_bytes([s0, s1, s2, s3]);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > LONGEST_FRAME {
            return Err(malformed());
        }
        let end = FRAME_HEADER + size;
        let Some(&last) = bytes.get(end) else {
            return Ok(0);
        };
        let channel = u16::from_be_bytes([c0, c1]);
        let payload = &bytes[FRAME_HEADER..end];
        if last != FRAME_END {
            if channel != 0 {
                return Err(malformed());
            }
            self.not_amqp = true;
            return self.read_first(bytes);
        }
        if channel == 0 {
            if kind == METHOD {
                self.note_connection_method(payload);
            }
            self.for_lapin.extend_from_slice(&bytes[..=end]);
            return Ok(end + 1);
        }
        let routed = match kind {
            METHOD => self.read_method(channel, payload),
            CONTENT_HEADER => self.read_header(channel, payload),
            BODY => self.read_body(channel, payload),
            _ => None,
        };
        routed.ok_or_else(malformed)?;
        Ok(end + 1)
    }

    /// Notes the methods of channel 0 that concern all channels.
    fn note_connection_method(&self, payload: &[u8]) {
        let Some((method, fields)) = payload.split_first_chunk::<4>() else {
            return;
        };
        let fields = &mut Fields(fields);
        match *method {
            CONNECTION_START => {
                if let Some(version) = BrokerVersion::read(fields) {
                    self.io.set_version(version);
                }
            }
            CONNECTION_CLOSE => {
                // Answered here, since the connection may be dropped before lapin answers. Sending fails only if the
                // connection has ended.
                let _ = self.io.write_queue.send(true, |out| {
                    frames::connection_close_ok(out.frames());
                });
                // The reply code is skipped, since the text begins with its name.
                fields.short_integer();
                if let Some(why) = fields.text() {
                    self.io.close_by_broker(&why);
                }
            }
            CONNECTION_BLOCKED => {
                let why = fields.text().unwrap_or_default();
                self.io.set_blocked(Some(why.as_ref().into()));
            }
            CONNECTION_UNBLOCKED => self.io.set_blocked(None),
            _ => {}
        }
    }

    /// Routes a method. `None` if it is malformed or unexpected.
    fn read_method(&mut self, number: u16, payload: &[u8]) -> Option<()> {
        // A method ends an incomplete message of its channel.
        self.contents.retain(|(known, _)| *known != number);
        let (method, fields) = payload.split_first_chunk::<4>()?;
        let fields = &mut Fields(fields);
        let channel = self.io.channels.get(number).filter(|channel| {
            channel.has_opened() || matches!(*method, CHANNEL_OPEN_OK | CHANNEL_CLOSE)
        });
        match (*method, channel) {
            (DELIVER, channel) => {
                let handler = channel.and_then(|channel| channel.handler());
                let kind = match handler {
                    Some(handler) => Kind::Delivery(Box::new(Delivery {
                        handler,
                        consumer: ShortString::try_new(fields.text()?.as_ref()).ok()?,
                        tag: fields.long_long_integer()?,
                        properties: Properties::default(),
                        size: 0,
                        skip: 0,
                        body: BytesMut::new(),
                    })),
                    None => Kind::Dropped,
                };
                self.begin(number, kind);
            }
            (RETURN, channel) => {
                self.begin(number, channel.map_or(Kind::Dropped, Kind::Returned));
            }
            (_, None) => {}
            (ACK | NACK, Some(channel)) => {
                let (number, bits) = (fields.long_long_integer()?, fields.octet()?);
                let confirms = channel.confirms()?;
                confirms.settle(number, bits & 1 == 1, *method == ACK);
            }
            (FLOW_OK, Some(channel)) => {
                if let Some(handler) = channel.handler() {
                    handler.receipt();
                    self.idle_later(handler);
                }
            }
            (FLOW, Some(channel)) => {
                let active = fields.octet()?;
                // Fails only if the channel is closing; then the broker expects no answer.
                let _ = channel.send(&self.io.write_queue, false, |out| {
                    frames::flow_ok(out.frames(), number, active);
                });
            }
            (CANCEL, Some(channel)) => channel.cancelled(),
            (CHANNEL_CLOSE, Some(channel)) => {
                // Not decoded by amq-protocol, which needs UTF-8: the broker may cut the text within a character.
                let (code, why) = (fields.short_integer()?, fields.text()?);
                if Fault::is_unchecked_permission(code, &why) {
                    // The other channels would fail, too, until a new connection has new credentials.
                    self.io.fail(&why);
                    return Some(());
                }
                let fault = Fault::coded(code, why);
                if channel.closed_by_broker(&self.io.write_queue, &fault) {
                    self.io.channels.remove(number);
                }
            }
            (CHANNEL_CLOSE_OK, Some(channel)) => {
                if channel.close_ok() {
                    self.io.channels.remove(number);
                }
            }
            (_, Some(channel)) => {
                channel.replied(methods::read_reply(payload)?);
                if let Some(handler) = channel.handler() {
                    self.idle_later(handler);
                }
            }
        }
        Some(())
    }

    fn begin(&mut self, number: u16, kind: Kind) {
        let part = Part::Header;
        self.contents.push((number, Content { part, kind }));
    }

    fn index(&self, number: u16) -> Option<usize> {
        let mut contents = self.contents.iter();
        contents.position(|(known, _)| *known == number)
    }

    /// Routes a content header. `None` if it is malformed or unexpected.
    fn read_header(&mut self, number: u16, payload: &[u8]) -> Option<()> {
        let index = self.index(number)?;
        // Skips class and weight.
        let fields = &mut Fields(payload.get(4..)?);
        let left = fields.long_long_integer()?;
        let properties = Properties::read(fields)?;
        let content = &mut self.contents[index].1;
        let Part::Header = content.part else {
            return None;
        };
        content.part = Part::Body { left };
        match &mut content.kind {
            Kind::Returned(channel) => {
                // This library numbers its messages, so a message without a number is not one of them.
                if let Some(number) = properties.message_id {
                    channel.confirms()?.returned(number);
                }
            }
            Kind::Delivery(delivery) => delivery.announce(left, properties),
            Kind::Dropped => {}
        }
        if left == 0 {
            self.end(index);
        }
        Some(())
    }

    /// Routes a part of a body. `None` if it is unexpected.
    fn read_body(&mut self, number: u16, payload: &[u8]) -> Option<()> {
        let index = self.index(number)?;
        let content = &mut self.contents[index].1;
        let Part::Body { left } = &mut content.part else {
            return None;
        };
        *left = left.checked_sub(payload.len() as u64)?;
        if let Kind::Delivery(delivery) = &mut content.kind {
            delivery.add(payload);
        }
        if *left == 0 {
            self.end(index);
        }
        Some(())
    }

    /// Handles the end of a message.
    fn end(&mut self, index: usize) {
        let (_, content) = self.contents.swap_remove(index);
        if let Kind::Delivery(delivery) = content.kind {
            let handler = delivery.hand_over();
            self.idle_later(handler);
        }
    }

    fn idle_later(&mut self, handler: Arc<dyn DeliveryHandler>) {
        let mut called = self.called.iter();
        if !called.any(|called| Arc::ptr_eq(called, &handler)) {
            self.called.push(handler);
        }
    }
}

impl fmt::Debug for FrameRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameRouter")
            .field("io", &self.io)
            .field("not_amqp", &self.not_amqp)
            .finish_non_exhaustive()
    }
}

fn malformed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the broker sent a frame that is not AMQP",
    )
}

#[cfg(test)]
mod tests;
