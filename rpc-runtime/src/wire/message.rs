//! The buffer that a message is written into: JSON text, escaped into the string of its envelope.

use std::cell::Cell;
use std::fmt::Display;
use std::io::{self, Write};
use std::mem;

use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

use super::MessageId;

const ENVELOPE: &[u8] = br#"{"oslo.version":"2.0","oslo.message":""#;
const END: &[u8] = br#""}"#;

/// The text of the message, escaped into the envelope's string.
#[derive(Debug)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

thread_local! {
    /// Where messages are written until their size is known.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The room that is made for a message at first.
const LEAST: usize = 1024;

/// The largest that a thread keeps for its next message: room for arguments of a megabyte, escaped.
const KEPT: usize = 2 * 1024 * 1024;

impl Message {
    pub(super) fn begin() -> Self {
        let mut bytes = SCRATCH.try_with(Cell::take).unwrap_or_default();
        bytes.clear();
        bytes.reserve(LEAST);
        bytes.extend_from_slice(ENVELOPE);
        Self { bytes }
    }

    /// Leaves the scratch for a buffer of its own, with room for so many bytes more and no others; a large message
    /// keeps what it has grown into.
    pub(super) fn settle(&mut self, room: usize) {
        if self.bytes.capacity() > KEPT {
            return;
        }
        let mut own = Vec::with_capacity(self.bytes.len() + room);
        own.extend_from_slice(&self.bytes);
        let scratch = mem::replace(&mut self.bytes, own);
        // A thread that ends keeps none.
        let _ = SCRATCH.try_with(|kept| kept.set(scratch));
    }

    pub(super) fn end(mut self) -> Bytes {
        self.bytes.extend_from_slice(END);
        self.bytes.into()
    }

    /// Writes a piece of JSON text that is known to be right, and escaped already.
    pub(super) fn raw(&mut self, escaped: &str) {
        self.bytes.extend_from_slice(escaped.as_bytes());
    }

    /// Writes an identity, without quotes.
    pub(super) fn id(&mut self, id: MessageId) {
        self.bytes.extend_from_slice(&id.digits());
    }

    /// Writes the text of a value that has nothing to escape: a number, a version.
    pub(super) fn plain(&mut self, value: impl Display) {
        let _ = write!(self.bytes, "{value}");
    }

    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        self.write(Escaped::<false>, value)
    }

    /// Writes a string as a key of the context. False when the value is none: then the message cannot be used.
    pub(super) fn context_key<T: Serialize + ?Sized>(
        &mut self,
        key: &T,
    ) -> serde_json::Result<bool> {
        let from = self.bytes.len();
        self.write(Escaped::<true>, key)?;
        Ok(self.bytes[from..].starts_with(CONTEXT_KEY))
    }

    fn write<T: Serialize + ?Sized>(
        &mut self,
        escaped: impl Formatter,
        value: &T,
    ) -> serde_json::Result<()> {
        value.serialize(&mut Serializer::with_formatter(&mut self.bytes, escaped))
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

impl<const IS_CONTEXT_KEY: bool> Formatter for Escaped<IS_CONTEXT_KEY> {
    fn begin_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if IS_CONTEXT_KEY { CONTEXT_KEY } else { QUOTE })
    }

    fn end_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(QUOTE)
    }

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
            CharEscape::AsciiControl(byte) => write!(writer, r"\\u{byte:04x}"),
        }
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
