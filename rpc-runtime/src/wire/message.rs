//! The buffer that a message is written into: JSON text, escaped into the string of its envelope.

use std::fmt::Display;
use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

const ENVELOPE: &[u8] = br#"{"oslo.version":"2.0","oslo.message":""#;

/// The text of the message, escaped into the envelope's string.
#[derive(Debug)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    pub(super) fn begin(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend_from_slice(ENVELOPE);
        Self { bytes }
    }

    pub(super) fn end(mut self) -> Bytes {
        self.bytes.extend_from_slice(br#""}"#);
        self.bytes.into()
    }

    /// Writes a piece of JSON text that is known to be right.
    pub(super) fn raw(&mut self, json: &str) {
        // A vector takes whatever is written.
        let _ = escape(&mut self.bytes, json.as_bytes());
    }

    /// Writes the text of a value that has nothing to escape: a number, an identity.
    pub(super) fn plain(&mut self, value: impl Display) {
        let _ = write!(self.bytes, "{value}");
    }

    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        let escaped = Escaped { prefix: "" };
        value.serialize(&mut Serializer::with_formatter(&mut self.bytes, escaped))
    }

    /// Writes a string with `prefix`, which has nothing to escape, before its text. False when the value is
    /// none: then the message cannot be used.
    pub(super) fn prefixed<T: Serialize + ?Sized>(
        &mut self,
        prefix: &'static str,
        value: &T,
    ) -> serde_json::Result<bool> {
        let from = self.bytes.len();
        let escaped = Escaped { prefix };
        value.serialize(&mut Serializer::with_formatter(&mut self.bytes, escaped))?;
        Ok(self.bytes[from..].starts_with(QUOTE))
    }

    /// Writes `key`, JSON text that ends where a string may follow, and that string.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.raw(key);
        // A string can always be written as JSON, and the buffer takes it.
        let _ = self.value(text);
    }
}

/// Writes JSON as the inside of a JSON string. Only strings have anything to escape, and what is between
/// their own escapes has not: nothing is looked through twice.
struct Escaped {
    /// What each string begins with.
    prefix: &'static str,
}

const QUOTE: &[u8] = br#"\""#;

impl Formatter for Escaped {
    fn begin_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(QUOTE)?;
        writer.write_all(self.prefix.as_bytes())
    }

    fn end_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(QUOTE)
    }

    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        char_escape: CharEscape,
    ) -> io::Result<()> {
        let mut json = [0; r"\u0000".len()];
        let mut rest = &mut json[..];
        CompactFormatter.write_char_escape(&mut rest, char_escape)?;
        let unused = rest.len();
        escape(writer, &json[..json.len() - unused])
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
