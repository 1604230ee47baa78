//! How much of a peer's text a message quotes: enough for people, whatever its length.

use std::borrow::Cow;

/// In bytes.
const MOST: usize = 1024;

/// The text, or its beginning and how long it was.
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
    fn cuts_what_is_long_between_characters() {
        assert_eq!(excerpt("é".repeat(512)), "é".repeat(512));
        let long = "é".repeat(1_000_000);
        assert_eq!(
            excerpt(format!("x{long}")),
            format!("x{}… (2000001 bytes)", "é".repeat(511))
        );
    }
}
