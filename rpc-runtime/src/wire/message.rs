//! A message while it is encoded: JSON text, escaped into the string of its envelope in the same pass.

use std::fmt::Display;
use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

use super::MessageId;
use super::buffer::Buffer;
use super::hex;

const ENVELOPE: &[u8] = br#"{"oslo.version":"2.0","oslo.message":""#;
const END: &[u8] = br#""}"#;

/// The beginning of an envelope, with the message's text escaped in its string.
#[derive(Debug, Clone)]
pub(super) struct Message {
    buffer: Buffer,
}

impl Message {
    pub(super) fn begin() -> Self {
        let mut buffer = Buffer::scratch();
        buffer.put(ENVELOPE);
        Self { buffer }
    }

    /// Moves the message to its own allocation, with room for `room` more bytes; see [`Buffer::settle`].
    pub(super) fn settle(&mut self, room: usize) {
        self.buffer.settle(room);
    }

    pub(super) fn end(mut self) -> Bytes {
        self.buffer.put(END);
        self.buffer.into_written().into()
    }

    pub(super) fn length(&self) -> usize {
        self.buffer.written().len()
    }

    /// The bytes that were written from position `from` on.
    pub(super) fn written_from(&self, from: usize) -> &[u8] {
        &self.buffer.written()[from..]
    }

    /// The bytes after `start`, still escaped. Empty if the message does not begin with `start`.
    pub(super) fn written_after(&self, start: &str) -> &[u8] {
        let written = self.buffer.written();
        let text = written.get(ENVELOPE.len()..).unwrap_or_default();
        text.strip_prefix(start.as_bytes()).unwrap_or_default()
    }

    /// Discards everything after the first `length` bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.buffer.truncate(length);
    }

    /// Writes a piece of valid JSON text that is escaped already.
    pub(super) fn raw(&mut self, escaped: &str) {
        self.buffer.put(escaped.as_bytes());
    }

    /// Writes a message id, without quotes.
    pub(super) fn id(&mut self, id: MessageId) {
        self.buffer.put(&id.digits());
    }

    /// Writes a value whose text needs no escapes, such as a number or a version.
    pub(super) fn plain(&mut self, value: impl Display) {
        let _ = write!(self.buffer, "{value}");
    }

    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        self.write(Escaped::<false>, value)
    }

    /// Writes a string as a key of the context. Returns false if `key` is not a string; then the message must
    /// be dropped.
    pub(super) fn context_key<T: Serialize + ?Sized>(
        &mut self,
        key: &T,
    ) -> serde_json::Result<bool> {
        let from = self.buffer.written().len();
        self.write(Escaped::<true>, key)?;
        Ok(self.buffer.written()[from..].starts_with(CONTEXT_KEY))
    }

    fn write<T: Serialize + ?Sized>(
        &mut self,
        escaped: impl Formatter,
        value: &T,
    ) -> serde_json::Result<()> {
        value.serialize(&mut Serializer::with_formatter(&mut self.buffer, escaped))
    }

    /// Writes `key`, which is escaped JSON text, and then the string `text`.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.raw(key);
        // Cannot fail: a string can always be written as JSON, and the buffer grows.
        let _ = self.value(text);
    }
}

/// Writes JSON as the content of a JSON string. Only strings contain characters to escape, and `serde_json`
/// reports their escapes one by one, so the fragments between them need not be scanned again.
struct Escaped<const IS_CONTEXT_KEY: bool>;

const QUOTE: &[u8] = br#"\""#;
const CONTEXT_KEY: &[u8] = br#"\"_context_"#;

#[expect(clippy::inline_always, reason = "as for the functions of the buffer")]
impl<const IS_CONTEXT_KEY: bool> Formatter for Escaped<IS_CONTEXT_KEY> {
    #[inline(always)]
    fn begin_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        if IS_CONTEXT_KEY {
            writer.write_all(CONTEXT_KEY)
        } else {
            writer.write_all(QUOTE)
        }
    }

    #[inline(always)]
    fn end_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(QUOTE)
    }

    #[inline(always)]
    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        char_escape: CharEscape,
    ) -> io::Result<()> {
        // Each arm has its own call, so that each copies a length known at compile time.
        match char_escape {
            CharEscape::Quote => writer.write_all(br#"\\\""#),
            CharEscape::ReverseSolidus => writer.write_all(br"\\\\"),
            CharEscape::LineFeed => writer.write_all(br"\\n"),
            CharEscape::CarriageReturn => writer.write_all(br"\\r"),
            CharEscape::Tab => writer.write_all(br"\\t"),
            CharEscape::Backspace => writer.write_all(br"\\b"),
            CharEscape::FormFeed => writer.write_all(br"\\f"),
            CharEscape::Solidus => writer.write_all(br"\\/"),
            CharEscape::AsciiControl(byte) => {
                let [high, low] = hex::pair(byte);
                writer.write_all(&[b'\\', b'\\', b'u', b'0', b'0', high, low])
            }
        }
    }

    #[inline(always)]
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(fragment.as_bytes())
    }

    fn write_raw_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        escape(writer, fragment.as_bytes())
    }
}

/// Escapes raw JSON text. Besides quotes and backslashes, it may contain line breaks and tabs, as white space between
/// tokens. Other control characters do not occur in JSON.
fn escape<W: io::Write + ?Sized>(writer: &mut W, json: &[u8]) -> io::Result<()> {
    let mut rest = json;
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' => Some(*byte),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        _ => None,
    };
    let next = |rest: &[u8]| {
        let mut places = rest.iter().enumerate();
        places.find_map(|(at, byte)| Some((at, escaped(byte)?)))
    };
    while let Some((at, letter)) = next(rest) {
        writer.write_all(&rest[..at])?;
        writer.write_all(&[b'\\', letter])?;
        rest = &rest[at + 1..];
    }
    writer.write_all(rest)
}
