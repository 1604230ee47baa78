//! The buffer that a message is written into: JSON text, escaped into the string of its envelope.

use std::io;

use bytes::Bytes;
use serde::Serialize;

const ENVELOPE: &[u8] = br#"{"oslo.version":"2.0","oslo.message":""#;

/// The text of the message, escaped into the envelope's string.
///
/// JSON text as `serde_json` writes it has no control characters, so quotes and backslashes are all
/// there is to escape.
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
        self.escape(json.as_bytes());
    }

    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        serde_json::to_writer(self, value)
    }

    fn escape(&mut self, json: &[u8]) {
        let mut rest = json;
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
            self.bytes.extend_from_slice(&rest[..at]);
            self.bytes.extend_from_slice(&[b'\\', rest[at]]);
            rest = &rest[at + 1..];
        }
        self.bytes.extend_from_slice(rest);
    }

    /// Writes `key`, JSON text that ends where a string may follow, and that string.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.raw(key);
        // A string can always be written as JSON, and the buffer takes it.
        let _ = self.value(text);
    }
}

impl io::Write for Message {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.escape(json);
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
