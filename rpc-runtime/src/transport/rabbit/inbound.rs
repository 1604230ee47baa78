//! What the broker sends, read frame by frame before lapin sees it.
//!
//! Three things are withheld from lapin: confirms and returned messages, whose it would mix up, and log the
//! latter whole; deliveries, which it would bring about by detours, and whose properties it would read whole; and
//! answers to questions that were not its own. All other frames are passed on. What is no AMQP is left for lapin to
//! refuse.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use lapin::types::ShortString;
use tokio::time::Instant;

use super::confirms::Channels;
use super::deliveries::{Delivered, Sink, Sinks};
use super::fault::Fault;
use super::fields::Fields;
use super::frames::{
    ACK, BODY, CHANNEL_CLOSE, CONTENT_HEADER, DELIVER, FLOW_OK, FRAME_END, FRAME_HEADER, HEARTBEAT,
    METHOD, NACK, RETURN,
};
use super::pipe::Pipe;
use super::properties::Properties;

/// The longest frame that is read: what was agreed with the broker, and some more.
const LONGEST_FRAME: usize = 256 * 1024;
/// How much room a message is given before it has come: it takes memory as it comes.
const ROOM: u64 = 64 * 1024 * 1024;
/// A frame for lapin, which takes a connection for dead on which it sees nothing for long.
const A_HEARTBEAT: [u8; 8] = [HEARTBEAT, 0, 0, 0, 0, 0, 0, FRAME_END];
/// How often it gets one.
const BEAT: Duration = Duration::from_millis(250);

/// Who is told, by channel; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbound {
    pub(super) publishing: Channels,
    pub(super) consuming: Sinks,
}

/// Follows what the broker sends.
pub(super) struct InboundFilter {
    inbound: Inbound,
    /// The messages of which more is to come, by channel: hardly ever more than one.
    contents: Vec<(u16, Content)>,
    /// Who was given messages or answers since the last pause.
    served: Vec<Arc<dyn Sink>>,
    /// It is no AMQP: everything passes.
    foreign: bool,
    /// What lapin is to see of what is being read.
    passed: Vec<u8>,
    /// When lapin last saw something.
    seen: Instant,
}

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passed,
    Withheld,
}

/// A message of which more is to come.
enum Content {
    /// That came back.
    Returned(Part),
    /// That nobody takes any more.
    Dropped(Part),
    Delivered(Part, Box<Delivery>),
}

/// What is to come next.
#[derive(Debug, Clone, Copy)]
enum Part {
    Header,
    Body { left: u64 },
}

/// A delivered message, as far as it has come.
struct Delivery {
    sink: Arc<dyn Sink>,
    consumer: ShortString,
    tag: u64,
    properties: Properties,
    body: BytesMut,
}

impl Delivery {
    fn end(self) -> Arc<dyn Sink> {
        self.sink.deliver(Delivered {
            consumer: self.consumer,
            tag: self.tag,
            properties: self.properties,
            body: self.body.freeze(),
        });
        self.sink
    }
}

impl InboundFilter {
    /// A filter for a new connection.
    pub(super) fn new(inbound: Inbound) -> Self {
        Self {
            inbound,
            contents: Vec::new(),
            served: Vec::new(),
            foreign: false,
            passed: Vec::new(),
            seen: Instant::now(),
        }
    }

    /// Reads the whole frames at the beginning of `bytes`, and puts into the pipe what lapin is to see. Gives
    /// how many bytes that were; the rest is to come again, with more behind it.
    pub(super) fn read(&mut self, bytes: &[u8], pipe: &Pipe) -> io::Result<usize> {
        let mut at = 0;
        let read = loop {
            match self.read_first(&bytes[at..]) {
                Ok(0) => break Ok(at),
                Ok(length) => at += length,
                Err(error) => break Err(error),
            }
        };
        for sink in self.served.drain(..) {
            sink.pause();
        }
        if self.passed.is_empty() && self.seen.elapsed() >= BEAT {
            self.passed.extend(A_HEARTBEAT);
        }
        if !self.passed.is_empty() {
            self.seen = Instant::now();
            pipe.fill(&self.passed);
            self.passed.clear();
        }
        read
    }

    /// Reads one frame, if it is there whole; gives its length.
    fn read_first(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(&kind) = bytes.first() else {
            return Ok(0);
        };
        self.foreign |= !matches!(kind, METHOD | CONTENT_HEADER | BODY | HEARTBEAT);
        if self.foreign {
            self.passed.extend_from_slice(bytes);
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
            if self.contents.iter().any(|(known, _)| *known == channel) {
                // Part of it is gone already: lapin could make nothing of the rest.
                return Err(malformed());
            }
            self.foreign = true;
            return self.read_first(bytes);
        }
        let fate = match kind {
            METHOD => self.read_method(channel, payload),
            CONTENT_HEADER => self.read_header(channel, payload),
            BODY => self.read_body(channel, payload),
            _ => Some(Fate::Passed),
        };
        if fate.ok_or_else(malformed)? == Fate::Passed {
            self.passed.extend_from_slice(&bytes[..=end]);
        }
        Ok(end + 1)
    }

    /// Tells a channel what has come for it. None is a frame that makes no sense.
    fn read_method(&mut self, channel: u16, payload: &[u8]) -> Option<Fate> {
        // What has not come of a message will not come any more.
        self.contents.retain(|(known, _)| *known != channel);
        let Some((method, fields)) = payload.split_first_chunk::<4>() else {
            return Some(Fate::Passed);
        };
        let fields = &mut Fields(fields);
        match *method {
            RETURN => {
                self.contents
                    .push((channel, Content::Returned(Part::Header)));
            }
            DELIVER => {
                let content = match self.inbound.consuming.get(channel) {
                    Some(sink) => {
                        let delivery = Box::new(Delivery {
                            sink,
                            consumer: ShortString::try_new(fields.text()?.as_ref()).ok()?,
                            tag: fields.long_long()?,
                            properties: Properties::default(),
                            body: BytesMut::new(),
                        });
                        Content::Delivered(Part::Header, delivery)
                    }
                    None => Content::Dropped(Part::Header),
                };
                self.contents.push((channel, content));
            }
            ACK | NACK => {
                let Some(confirms) = self.inbound.publishing.get(channel) else {
                    return Some(Fate::Passed);
                };
                let (number, bits) = (fields.long_long()?, fields.octet()?);
                confirms.settle(number, bits & 1 == 1, *method == ACK);
            }
            // The questions are ours, even if who asked is gone: lapin would not know of them.
            FLOW_OK => {
                if let Some(sink) = self.inbound.consuming.get(channel) {
                    sink.answered();
                    self.pause_later(sink);
                }
            }
            CHANNEL_CLOSE => {
                let publishing = self.inbound.publishing.get(channel);
                let consuming = self.inbound.consuming.get(channel);
                if publishing.is_some() || consuming.is_some() {
                    let fault = Fault::coded(fields.short_number()?, fields.text()?);
                    if let Some(confirms) = publishing {
                        confirms.refused(&fault);
                    }
                    if let Some(sink) = consuming {
                        sink.closed(&fault);
                    }
                }
                return Some(Fate::Passed);
            }
            _ => return Some(Fate::Passed),
        }
        Some(Fate::Withheld)
    }

    fn index(&self, channel: u16) -> Option<usize> {
        let mut contents = self.contents.iter();
        contents.position(|(known, _)| *known == channel)
    }

    fn read_header(&mut self, channel: u16, payload: &[u8]) -> Option<Fate> {
        let Some(index) = self.index(channel) else {
            return Some(Fate::Passed);
        };
        // Behind class and weight.
        let fields = &mut Fields(payload.get(4..)?);
        let left = fields.long_long()?;
        let properties = Properties::read(fields)?;
        let part = match &mut self.contents[index].1 {
            Content::Dropped(part @ Part::Header) => part,
            Content::Returned(part @ Part::Header) => {
                if let Some(number) = properties.message_id
                    && let Some(confirms) = self.inbound.publishing.get(channel)
                {
                    confirms.returned(number);
                }
                part
            }
            Content::Delivered(part @ Part::Header, delivery) => {
                delivery.properties = properties;
                let room = usize::try_from(left.min(ROOM)).unwrap_or_default();
                delivery.body.reserve(room);
                part
            }
            _ => return None,
        };
        *part = Part::Body { left };
        if left == 0 {
            self.end(index);
        }
        Some(Fate::Withheld)
    }

    fn read_body(&mut self, channel: u16, payload: &[u8]) -> Option<Fate> {
        let Some(index) = self.index(channel) else {
            return Some(Fate::Passed);
        };
        let left = match &mut self.contents[index].1 {
            Content::Returned(Part::Body { left }) | Content::Dropped(Part::Body { left }) => left,
            Content::Delivered(Part::Body { left }, delivery) => {
                delivery.body.extend_from_slice(payload);
                left
            }
            _ => return None,
        };
        *left = left.checked_sub(payload.len() as u64)?;
        if *left == 0 {
            self.end(index);
        }
        Some(Fate::Withheld)
    }

    /// A message has come whole.
    fn end(&mut self, index: usize) {
        if let (_, Content::Delivered(_, delivery)) = self.contents.swap_remove(index) {
            let sink = delivery.end();
            self.pause_later(sink);
        }
    }

    /// It is told when no more has been read.
    fn pause_later(&mut self, sink: Arc<dyn Sink>) {
        if !self.served.iter().any(|served| Arc::ptr_eq(served, &sink)) {
            self.served.push(sink);
        }
    }
}

impl fmt::Debug for InboundFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundFilter")
            .field("inbound", &self.inbound)
            .field("foreign", &self.foreign)
            .finish_non_exhaustive()
    }
}

fn malformed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the broker sent a frame that is no AMQP",
    )
}

#[cfg(test)]
mod tests;
