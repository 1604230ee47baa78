//! A message while it is written: JSON text, escaped into the string of its envelope.

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

/// The text of the message, escaped into the envelope's string.
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

    /// No more is written but so many bytes: see [`Buffer::settle`].
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

    /// What was written from there on.
    pub(super) fn written_from(&self, from: usize) -> &[u8] {
        &self.buffer.written()[from..]
    }

    /// What was written after `start`, if it begins with that; still escaped.
    pub(super) fn written_after(&self, start: &str) -> &[u8] {
        let written = self.buffer.written();
        let text = written.get(ENVELOPE.len()..).unwrap_or_default();
        text.strip_prefix(start.as_bytes()).unwrap_or_default()
    }

    /// Forgets what was written beyond so many bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.buffer.truncate(length);
    }

    /// Writes a piece of JSON text that is known to be right, and escaped already.
    pub(super) fn raw(&mut self, escaped: &str) {
        self.buffer.put(escaped.as_bytes());
    }

    /// Writes an identity, without quotes.
    pub(super) fn id(&mut self, id: MessageId) {
        self.buffer.put(&id.digits());
    }

    /// Writes the text of a value that has nothing to escape: a number, a version.
    pub(super) fn plain(&mut self, value: impl Display) {
        let _ = write!(self.buffer, "{value}");
    }

    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        self.write(Escaped::<false>, value)
    }

    /// Writes a string as a key of the context. False when the value is none: then the message cannot be used.
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

    /// Writes `key`, escaped JSON text that ends where a string may follow, and that string.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.raw(key);
        // A string can always be written as JSON, and the buffer takes it.
        let _ = self.value(text);
    }
}

/// Writes JSON as the inside of a JSON string. Only strings have anything to escape, and what is between
/// their own escapes has not: nothing is looked through twice.
struct Escaped<const IS_CONTEXT_KEY: bool>;

const QUOTE: &[u8] = br#"\""#;
const CONTEXT_KEY: &[u8] = br#"\"_context_"#;

#[expect(clippy::inline_always, reason = "as for what writes to the buffer")]
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
        // Each arm writes for itself, so that each copies a number of bytes that is known.
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

/// JSON text has no control characters where it matters: quotes and backslashes are all there is to escape.
fn escape<W: io::Write + ?Sized>(writer: &mut W, json: &[u8]) -> io::Result<()> {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        writer.write_all(&rest[..at])?;
        writer.write_all(&[b'\\', rest[at]])?;
        rest = &rest[at + 1..];
    }
    writer.write_all(rest)
}
