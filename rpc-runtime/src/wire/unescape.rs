//! Takes the escapes out of a JSON string, in place.
//!
//! A message is one long string in its envelope. Its text is written over the envelope itself, as it is never longer:
//! a large message needs no second buffer.

use super::words::{WORD, special, word};

/// How far [`unescape`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unescaped {
    /// How many bytes at the buffer's beginning are text.
    pub(super) text: usize,
    /// Where the rest of the string begins, or what follows it.
    pub(super) rest: usize,
    /// Whether the string has ended. If not, the rest begins with an escape of a code point by its number, or with
    /// what no JSON string has.
    pub(super) ended: bool,
}

/// Unescapes the JSON string whose first quote stands right before `start`. The text is written to the beginning of the
/// buffer, of which there must be [`WORD`] bytes in front of the string.
pub(super) fn unescape(buffer: &mut [u8], start: usize) -> Unescaped {
    debug_assert!(
        start >= WORD,
        "whole words are written behind those that were read"
    );
    let (mut to, mut from) = (0, start);
    let ended = loop {
        let word = word(buffer, from);
        // What of the word is not text is written over.
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
            // The string has no end, or a control character that should not be there.
            _ => break false,
        }
        let escaped = buffer.get(from + 1).copied().unwrap_or_default();
        let stands_for = UNESCAPED[usize::from(escaped)];
        if stands_for == 0 {
            break false;
        }
        buffer[to] = stands_for;
        from += 2;
        to += 1;
    };
    Unescaped {
        text: to,
        rest: from,
        ended,
    }
}

/// What each byte stands for behind a backslash; zero where that is nothing, or takes more to tell.
static UNESCAPED: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < ESCAPES.len() {
        let (escaped, stands_for) = ESCAPES[at];
        table[escaped as usize] = stands_for;
        at += 1;
    }
    table
};

/// What stands behind a backslash, and for what.
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

/// Escapes text that [`unescape`] has written.
pub(super) fn escape(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        let escape = ESCAPES.iter().find(|(_, stands_for)| stands_for == byte);
        match escape {
            Some((escaped, _)) => out.extend([b'\\', *escaped]),
            None => out.push(*byte),
        }
    }
}
