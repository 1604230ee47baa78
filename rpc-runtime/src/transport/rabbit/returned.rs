//! Returned messages, taken out of what the broker sends before lapin sees it.
//!
//! lapin would log each of them whole, at WARN, and attach it to a confirm by order alone. Here only its
//! `message_id` is kept: the broker returns a message before it confirms it, so whoever published it finds
//! the note once the confirm is there.
//!
//! All other bytes pass, in place, however they are cut. What is no AMQP is left for lapin to refuse.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};

use lapin::protocol::basic::parse_properties;

/// Type, channel and length, in front of a frame's payload.
const FRAME_HEADER: usize = 7;
const FRAME_END: u8 = 0xCE;
const METHOD: u8 = 1;
const CONTENT_HEADER: u8 = 2;
const BODY: u8 = 3;
const HEARTBEAT: u8 = 8;
/// basic.return, as the payload of a method frame begins.
const RETURN: [u8; 4] = [0, 60, 0, 50];
/// The part of a content header up to the end of the body's size.
const BODY_SIZE: Range<usize> = 4..12;
/// The longest beginning that it takes to know what a frame is.
const LONGEST_HEAD: usize = FRAME_HEADER + BODY_SIZE.end;

/// The ids of messages that came back; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Returned(Arc<Mutex<HashSet<u64>>>);

impl Returned {
    fn note(&self, message_id: u64) {
        self.lock().insert(message_id);
    }

    /// Whether the message came back; to be asked once.
    pub(super) fn take(&self, message_id: u64) -> bool {
        self.lock().remove(&message_id)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows what the broker sends.
#[derive(Debug)]
pub(super) struct ReturnFilter {
    returned: Returned,
    at: At,
    /// The content that is still to come of returned messages, by channel: hardly ever more than one.
    contents: Vec<(u16, Content)>,
    /// The content header of a returned message, as far as it has come.
    header: Vec<u8>,
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
    /// It is withheld, and read.
    Header,
}

#[derive(Debug, Clone, Copy)]
enum Content {
    Header,
    Body { left: u64 },
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

impl ReturnFilter {
    /// A filter for a new connection, that notes in `returned` what came back.
    pub(super) fn new(returned: Returned) -> Self {
        Self {
            returned,
            at: At::Head,
            contents: Vec::new(),
            header: Vec::new(),
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
            let passed = self.filter(&mut buffer[..held + length])?;
            if passed > 0 {
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
                    if fate == Fate::Header {
                        self.header.extend_from_slice(&bytes[from..from + length]);
                    }
                    (length, fate)
                }
                At::End { fate } => {
                    self.at = match bytes[from] {
                        FRAME_END => At::Head,
                        // Part of it is gone already: lapin could make nothing of the rest.
                        _ if fate != Fate::Passed => return Err(malformed()),
                        _ => At::Foreign,
                    };
                    if fate == Fate::Header {
                        self.note_header();
                    }
                    (1, fate)
                }
                At::Foreign => (bytes.len() - from, Fate::Passed),
            };
            if fate == Fate::Passed {
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
                Some(&RETURN) => {
                    self.expect(channel, Some(Content::Header));
                    Fate::Withheld
                }
                Some(_) => {
                    self.expect(channel, None);
                    Fate::Passed
                }
            },
            CONTENT_HEADER | BODY => match (self.expected(channel), kind) {
                (Some(Content::Header), CONTENT_HEADER) if size >= 12 => {
                    let Some(&[.., b0, b1, b2, b3, b4, b5, b6, b7]) =
                        payload.first_chunk::<{ BODY_SIZE.end }>()
                    else {
                        return Kind::Unknown;
                    };
                    let left = u64::from_be_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
                    self.expect(channel, (left > 0).then_some(Content::Body { left }));
                    Fate::Header
                }
                (Some(Content::Body { left }), BODY) => {
                    let left = left.saturating_sub(size.into());
                    self.expect(channel, (left > 0).then_some(Content::Body { left }));
                    Fate::Withheld
                }
                _ => Fate::Passed,
            },
            _ => Fate::Passed,
        };
        Kind::Frame {
            size: usize::try_from(size).unwrap_or(usize::MAX),
            fate,
        }
    }

    /// Notes whose header has come.
    fn note_header(&mut self) {
        let properties = self.header.get(FRAME_HEADER + BODY_SIZE.end..);
        let properties = properties.and_then(|bytes| parse_properties(bytes).ok());
        let message_id = properties.and_then(|(_, properties)| {
            let message_id = properties.message_id().as_ref()?;
            message_id.as_str().parse().ok()
        });
        match message_id {
            Some(message_id) => self.returned.note(message_id),
            // None of ours.
            None => tracing::warn!("the broker returned a message that was not sent here"),
        }
        self.header.clear();
    }

    fn expected(&self, channel: u16) -> Option<Content> {
        let known = self.contents.iter().find(|(known, _)| *known == channel);
        known.map(|(_, content)| *content)
    }

    fn expect(&mut self, channel: u16, content: Option<Content>) {
        self.contents.retain(|(known, _)| *known != channel);
        self.contents
            .extend(content.map(|content| (channel, content)));
    }
}

fn malformed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the broker sent a frame that does not end where it should",
    )
}

#[cfg(test)]
mod tests;
