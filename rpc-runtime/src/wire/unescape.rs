//! Unescapes a JSON string in place.
//!
//! A message is one long string in its envelope. Unescaped text is never longer than escaped text, so it
//! overwrites the envelope, and a large message needs no second buffer.

use super::words::{WORD, special, word};

/// The result of [`unescape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unescaped {
    /// The number of bytes of text at the beginning of the buffer.
    pub(super) text: usize,
    /// The position after the part of the string that was unescaped.
    pub(super) rest: usize,
    /// Whether the end of the string was reached. If not, the rest begins with an escape `\u`, which is not
    /// handled here, or with a byte that is invalid in a JSON string.
    pub(super) ended: bool,
}

/// Unescapes the JSON string whose opening quote is right before `start`. The text is written to the
/// beginning of the buffer. At least [`WORD`] bytes must precede the string.
pub(super) fn unescape(buffer: &mut [u8], start: usize) -> Unescaped {
    debug_assert!(
        start >= WORD,
        "a whole word is written before the position that is read next"
    );
    let (mut to, mut from) = (0, start);
    let ended = loop {
        let word = word(buffer, from);
        // The whole word is copied. Bytes of it that are not text are overwritten later.
        buffer[to..to + WORD].copy_from_slice(&word);
        let Some(plain) = special(word) else {
            from += WORD;
            to += WORD;
            continue;
        };
        from += plain;
        to += plain;
        match buffer.get(from) {
            Some(b'"') => {
                from += 1;
                break true;
            }
            Some(b'\\') => {}
            // The string has no end, or contains a control character, which is invalid.
            _ => break false,
        }
        let escaped = buffer.get(from + 1).copied().unwrap_or_default();
        let unescaped = UNESCAPED[usize::from(escaped)];
        if unescaped == 0 {
            break false;
        }
        buffer[to] = unescaped;
        from += 2;
        to += 1;
    };
    Unescaped {
        text: to,
        rest: from,
        ended,
    }
}

/// The byte that a backslash and each byte stand for. Zero if there is none, and for `\u`.
static UNESCAPED: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < ESCAPES.len() {
        let (escaped, unescaped) = ESCAPES[at];
        table[escaped as usize] = unescaped;
        at += 1;
    }
    table
};

/// Each byte that may follow a backslash, and the byte that the escape stands for.
const ESCAPES: [(u8, u8); 8] = [
    (b'"', b'"'),
    (b'\\', b'\\'),
    (b'/', b'/'),
    (b'n', b'\n'),
    (b'r', b'\r'),
    (b't', b'\t'),
    (b'b', b'\x08'),
    (b'f', b'\x0c'),
];

/// Escapes text again that [`unescape`] has written.
pub(super) fn escape(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        let escape = ESCAPES.iter().find(|(_, unescaped)| unescaped == byte);
        match escape {
            Some((escaped, _)) => out.extend([b'\\', *escaped]),
            None => out.push(*byte),
        }
    }
}
