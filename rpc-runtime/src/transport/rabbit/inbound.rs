//! What the broker sends, read before lapin sees it.
//!
//! Three things are withheld from lapin: confirms and returned messages, whose it would mix up, and log the
//! latter whole; and deliveries, which it would bring about by detours. All other bytes pass, in place, however
//! they are cut. What is no AMQP is left for lapin to refuse.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::BytesMut;

use lapin::BasicProperties;
use lapin::protocol::basic::{AMQPMethod as Basic, parse_properties};
use lapin::protocol::channel::AMQPMethod as OnChannel;
use lapin::protocol::{AMQPClass, parse_class};
use lapin::types::ShortString;
use tokio::time::Instant;

use super::confirms::Channels;
use super::deliveries::{Delivered, Sink, Sinks};
use super::fault::Fault;

/// Type, channel and length, in front of a frame's payload.
const FRAME_HEADER: usize = 7;
const FRAME_END: u8 = 0xCE;
const METHOD: u8 = 1;
const CONTENT_HEADER: u8 = 2;
const BODY: u8 = 3;
const HEARTBEAT: u8 = 8;
/// Class and method, as the payload of a method frame begins.
const RETURN: [u8; 4] = [0, 60, 0, 50];
const DELIVER: [u8; 4] = [0, 60, 0, 60];
const ACK: [u8; 4] = [0, 60, 0, 80];
const NACK: [u8; 4] = [0, 60, 0, 120];
const CHANNEL_CLOSE: [u8; 4] = [0, 20, 0, 40];
/// The part of a content header up to the end of the body's size.
const BODY_SIZE: Range<usize> = 4..12;
/// The longest beginning that it takes to know what a frame is.
const LONGEST_HEAD: usize = FRAME_HEADER + BODY_SIZE.end;

/// The longest frame that is read: what was agreed with the broker, and some more.
const LONGEST_FRAME: usize = 256 * 1024;
/// How much room a message is given before it has come.
const ROOM: u64 = 1024 * 1024;
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
    at: At,
    /// The messages of which more is to come, by channel: hardly ever more than one.
    contents: Vec<(u16, Content)>,
    /// Who was given messages since the last pause.
    served: Vec<Arc<dyn Sink>>,
    /// When lapin last saw something.
    seen: Instant,
    /// The frame that is being read, as far as it has come.
    frame: Vec<u8>,
    /// The beginning of a frame that does not tell yet what the frame is.
    head: Short,
    /// What has passed and had no room in lapin's buffer.
    passed: Short,
}

/// Where in the stream the next byte belongs.
#[derive(Debug, Clone, Copy)]
enum At {
    Head,
    /// `left` counts the bytes before the frame's end.
    Frame {
        left: usize,
        fate: Fate,
    },
    End {
        fate: Fate,
    },
    /// It is no AMQP: everything passes.
    Foreign,
}

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passed,
    Withheld,
    /// Withheld, and read.
    Read,
    /// Passed, and read as well.
    Overheard,
}

impl Fate {
    fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::Overheard)
    }

    fn passes(self) -> bool {
        matches!(self, Self::Passed | Self::Overheard)
    }
}

/// A message of which more is to come.
enum Content {
    /// That came back.
    Returned(Part),
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
    properties: BasicProperties,
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

/// A few bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Short {
    bytes: [u8; LONGEST_HEAD],
    length: usize,
}

impl Short {
    fn of(bytes: &[u8]) -> Self {
        let length = bytes.len().min(LONGEST_HEAD);
        let mut head = [0; LONGEST_HEAD];
        head[..length].copy_from_slice(&bytes[..length]);
        Self {
            bytes: head,
            length,
        }
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// What a frame's beginning says.
enum Kind {
    /// More of it is needed.
    Unknown,
    Foreign,
    Frame {
        size: usize,
        fate: Fate,
    },
}

impl InboundFilter {
    /// A filter for a new connection.
    pub(super) fn new(inbound: Inbound) -> Self {
        Self {
            inbound,
            at: At::Head,
            contents: Vec::new(),
            served: Vec::new(),
            seen: Instant::now(),
            frame: Vec::new(),
            head: Short::default(),
            passed: Short::default(),
        }
    }

    /// Reads into `buffer` what lapin is to see; 0 bytes are the end of the stream.
    pub(super) fn poll_read(
        &mut self,
        buffer: &mut [u8],
        mut read: impl FnMut(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        // The held back bytes and a new one must fit, and lapin's ring of a buffer has short ends.
        if self.passed.length == 0 && buffer.len() < LONGEST_HEAD {
            let mut aside = [0; LONGEST_HEAD];
            let length = ready!(self.poll_some(&mut aside, &mut read))?;
            self.passed = Short::of(&aside[..length]);
        }
        if self.passed.length > 0 || buffer.len() < LONGEST_HEAD {
            let passed = self.passed;
            let (now, later) = passed.as_slice().split_at(passed.length.min(buffer.len()));
            buffer[..now.len()].copy_from_slice(now);
            self.passed = Short::of(later);
            return Poll::Ready(Ok(now.len()));
        }
        self.poll_some(buffer, &mut read)
    }

    /// Reads until something may pass.
    fn poll_some(
        &mut self,
        buffer: &mut [u8],
        read: &mut impl FnMut(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let held = self.head.length;
            buffer[..held].copy_from_slice(self.head.as_slice());
            let length = ready!(read(&mut buffer[held..]))?;
            if length == 0 {
                return Poll::Ready(Ok(0));
            }
            self.head.length = 0;
            let passed = self.filter(&mut buffer[..held + length]);
            for sink in self.served.drain(..) {
                sink.pause();
            }
            let mut passed = passed?;
            if passed == 0 && self.seen.elapsed() >= BEAT {
                // Between two frames, since nothing of one has passed.
                buffer[..A_HEARTBEAT.len()].copy_from_slice(&A_HEARTBEAT);
                passed = A_HEARTBEAT.len();
            }
            if passed > 0 {
                self.seen = Instant::now();
                return Poll::Ready(Ok(passed));
            }
        }
    }

    /// Moves what may pass to the front of `bytes`, and says how much that is.
    fn filter(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut from = 0;
        let mut to = 0;
        while from < bytes.len() {
            let (length, fate) = match self.at {
                At::Head => match self.kind(&bytes[from..]) {
                    Kind::Unknown => {
                        self.head = Short::of(&bytes[from..]);
                        break;
                    }
                    Kind::Foreign => {
                        self.at = At::Foreign;
                        continue;
                    }
                    Kind::Frame { size, fate } => {
                        if fate.is_read() && size > LONGEST_FRAME {
                            return Err(malformed());
                        }
                        let left = FRAME_HEADER.saturating_add(size);
                        self.at = At::Frame { left, fate };
                        continue;
                    }
                },
                At::Frame { left, fate } => {
                    let length = left.min(bytes.len() - from);
                    self.at = match left - length {
                        0 => At::End { fate },
                        left => At::Frame { left, fate },
                    };
                    if fate.is_read() {
                        self.frame.extend_from_slice(&bytes[from..from + length]);
                    }
                    (length, fate)
                }
                At::End { fate } => {
                    self.at = match bytes[from] {
                        FRAME_END => At::Head,
                        // Part of it is gone already: lapin could make nothing of the rest.
                        _ if !fate.passes() => return Err(malformed()),
                        _ => At::Foreign,
                    };
                    if fate.is_read() {
                        self.read_frame()?;
                        self.frame.clear();
                    }
                    (1, fate)
                }
                At::Foreign => (bytes.len() - from, Fate::Passed),
            };
            if fate.passes() {
                if from != to {
                    bytes.copy_within(from..from + length, to);
                }
                to += length;
            }
            from += length;
        }
        Ok(to)
    }

    /// Looks at the beginning of a frame, and notes what follows from it.
    fn kind(&mut self, bytes: &[u8]) -> Kind {
        let kind = bytes[0];
        if !matches!(kind, METHOD | CONTENT_HEADER | BODY | HEARTBEAT) {
            return Kind::Foreign;
        }
        let Some(&[_, c0, c1, s0, s1, s2, s3]) = bytes.first_chunk::<FRAME_HEADER>() else {
            return Kind::Unknown;
        };
        let channel = u16::from_be_bytes([c0, c1]);
        let size = u32::from_be_bytes([s0, s1, s2, s3]);
        let payload = &bytes[FRAME_HEADER..];
        let fate = match kind {
            METHOD if size >= 4 => match payload.first_chunk() {
                None => return Kind::Unknown,
                Some(method) => self.method(channel, *method),
            },
            CONTENT_HEADER if size >= 12 && self.expects_header(channel) => {
                if payload.len() < BODY_SIZE.end {
                    return Kind::Unknown;
                }
                Fate::Read
            }
            BODY => self.body(channel, size),
            _ => Fate::Passed,
        };
        Kind::Frame {
            size: usize::try_from(size).unwrap_or(usize::MAX),
            fate,
        }
    }

    fn method(&mut self, channel: u16, method: [u8; 4]) -> Fate {
        // What has not come of a message will not come any more.
        self.contents.retain(|(known, _)| *known != channel);
        let publishes = || self.inbound.publishing.get(channel).is_some();
        match method {
            RETURN => {
                self.contents
                    .push((channel, Content::Returned(Part::Header)));
                Fate::Withheld
            }
            DELIVER if self.inbound.consuming.get(channel).is_some() => Fate::Read,
            ACK | NACK if publishes() => Fate::Read,
            CHANNEL_CLOSE if publishes() => Fate::Overheard,
            _ => Fate::Passed,
        }
    }

    fn expects_header(&self, channel: u16) -> bool {
        let expects = |content: &Content| {
            let (Content::Returned(part) | Content::Delivered(part, _)) = content;
            matches!(part, Part::Header)
        };
        let mut contents = self.contents.iter();
        contents.any(|(known, content)| *known == channel && expects(content))
    }

    fn body(&mut self, channel: u16, size: u32) -> Fate {
        let Some(index) = self
            .contents
            .iter()
            .position(|(known, _)| *known == channel)
        else {
            return Fate::Passed;
        };
        match &mut self.contents[index].1 {
            Content::Returned(Part::Body { left }) => {
                *left = left.saturating_sub(size.into());
                if *left == 0 {
                    self.contents.swap_remove(index);
                }
                Fate::Withheld
            }
            Content::Delivered(Part::Body { .. }, _) => Fate::Read,
            _ => Fate::Passed,
        }
    }

    /// Tells a channel what has come for it.
    fn read_frame(&mut self) -> io::Result<()> {
        let frame = std::mem::take(&mut self.frame);
        let read = match frame.split_first_chunk::<FRAME_HEADER>() {
            Some((&[kind, c0, c1, ..], payload)) => {
                self.read(kind, u16::from_be_bytes([c0, c1]), payload)
            }
            None => None,
        };
        self.frame = frame;
        read.ok_or_else(malformed)
    }

    /// None is a frame that makes no sense.
    fn read(&mut self, kind: u8, channel: u16, payload: &[u8]) -> Option<()> {
        match kind {
            METHOD => self.read_method(channel, payload),
            CONTENT_HEADER => self.read_header(channel, payload),
            _ => self.read_body(channel, payload),
        }
    }

    fn read_method(&mut self, channel: u16, payload: &[u8]) -> Option<()> {
        let (_, method) = parse_class(payload).ok()?;
        if let AMQPClass::Basic(Basic::Deliver(deliver)) = method {
            // It may have been taken away by now: then the message is for nobody.
            if let Some(sink) = self.inbound.consuming.get(channel) {
                let delivery = Box::new(Delivery {
                    sink,
                    consumer: deliver.consumer_tag,
                    tag: deliver.delivery_tag,
                    properties: BasicProperties::default(),
                    body: BytesMut::new(),
                });
                self.contents
                    .push((channel, Content::Delivered(Part::Header, delivery)));
            } else {
                self.contents
                    .push((channel, Content::Returned(Part::Header)));
            }
            return Some(());
        }
        let Some(confirms) = self.inbound.publishing.get(channel) else {
            return Some(());
        };
        match method {
            AMQPClass::Basic(Basic::Ack(ack)) => {
                confirms.settle(ack.delivery_tag, ack.multiple, true);
            }
            AMQPClass::Basic(Basic::Nack(nack)) => {
                confirms.settle(nack.delivery_tag, nack.multiple, false);
            }
            AMQPClass::Channel(OnChannel::Close(close)) => {
                confirms.refused(&Fault::coded(close.reply_code, close.reply_text.as_str()));
            }
            _ => return None,
        }
        Some(())
    }

    fn read_header(&mut self, channel: u16, payload: &[u8]) -> Option<()> {
        let index = self
            .contents
            .iter()
            .position(|(known, _)| *known == channel)?;
        let left = u64::from_be_bytes(payload.get(BODY_SIZE)?.try_into().ok()?);
        let (_, properties) = parse_properties(payload.get(BODY_SIZE.end..)?).ok()?;
        let part = match &mut self.contents[index].1 {
            Content::Returned(part) => {
                let number = properties.message_id().as_ref();
                let number = number.and_then(|id| id.as_str().parse().ok());
                if let (Some(number), Some(confirms)) =
                    (number, self.inbound.publishing.get(channel))
                {
                    confirms.returned(number);
                }
                part
            }
            Content::Delivered(part, delivery) => {
                delivery.properties = properties;
                let room = usize::try_from(left.min(ROOM)).unwrap_or_default();
                delivery.body.reserve(room);
                part
            }
        };
        *part = Part::Body { left };
        if left == 0 {
            self.end(index);
        }
        Some(())
    }

    fn read_body(&mut self, channel: u16, payload: &[u8]) -> Option<()> {
        let index = self
            .contents
            .iter()
            .position(|(known, _)| *known == channel)?;
        let Content::Delivered(Part::Body { left }, delivery) = &mut self.contents[index].1 else {
            return None;
        };
        delivery.body.extend_from_slice(payload);
        *left = left.checked_sub(payload.len() as u64)?;
        if *left == 0 {
            self.end(index);
        }
        Some(())
    }

    /// A message has come whole.
    fn end(&mut self, index: usize) {
        if let (_, Content::Delivered(_, delivery)) = self.contents.swap_remove(index) {
            let sink = delivery.end();
            if !self.served.iter().any(|served| Arc::ptr_eq(served, &sink)) {
                self.served.push(sink);
            }
        }
    }
}

impl fmt::Debug for InboundFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundFilter")
            .field("inbound", &self.inbound)
            .field("at", &self.at)
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
