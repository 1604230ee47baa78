//! Limits how much of a peer's text an error or a log line quotes.

use std::borrow::Cow;

/// The most bytes that are quoted.
const MOST: usize = 1024;

/// The text itself, or, if it is too long, its beginning and its length in bytes.
pub(crate) fn excerpt<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    if text.len() <= MOST {
        return text;
    }
    let end = (0..=MOST).rev().find(|end| text.is_char_boundary(*end));
    let begin = &text[..end.unwrap_or(0)];
    Cow::Owned(format!("{begin}… ({} bytes)", text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_at_a_character_boundary() {
        assert_eq!(excerpt("é".repeat(512)), "é".repeat(512));
        let long = "é".repeat(1_000_000);
        assert_eq!(
            excerpt(format!("x{long}")),
            format!("x{}… (2000001 bytes)", "é".repeat(511))
        );
    }
}
