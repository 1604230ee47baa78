//! Opens the envelope around a message: `{"oslo.version": "2.0", "oslo.message": "…"}`.
//!
//! An envelope in the usual form is unescaped in place, without a second buffer. Any other form is parsed,
//! with the same result.

use std::borrow::Cow;

use bytes::Bytes;

use super::unescape::{Unescaped, escape, unescape};
use super::{Entries, Malformed, unquote};
use crate::Version;

/// The envelope version that is written, and the newest that is read.
const ENVELOPE_VERSION: Version = Version::new(2, 0);

/// A body that could not be opened, and why.
#[derive(Debug)]
pub(crate) struct Unopened {
    pub(crate) error: Malformed,
    pub(crate) body: Bytes,
}

/// The text of the message in `body`: the content of its envelope, or the body itself if it has no envelope,
/// as in older versions of oslo.messaging.
///
/// If there is no other handle to the body, its memory is reused for the text.
pub(crate) fn open(body: Bytes) -> Result<String, Unopened> {
    let body = match open_usual(body) {
        Ok(text) => return Ok(text),
        Err(body) => body,
    };
    match open_any(&body) {
        Ok(text) => Ok(text.into_owned()),
        Err(error) => Err(Unopened { error, body }),
    }
}

/// Opens an envelope in the usual form, in one pass and in place. Returns the body if it has another form.
fn open_usual(body: Bytes) -> Result<String, Bytes> {
    let Some(start) = start_of_message(&body) else {
        return Err(body);
    };
    let mut buffer = Vec::from(body);
    let Unescaped { text, rest, ended } = unescape(&mut buffer, start);
    if !ended || !is_end(&buffer[rest..]) {
        return Err(restore(start, &buffer[..text], &buffer[rest..], ended));
    }
    let rest = buffer[rest..].to_vec();
    buffer.truncate(text);
    String::from_utf8(buffer).map_err(|error| restore(start, error.as_bytes(), &rest, ended))
}

/// The tokens before a message in the usual form. White space may separate them.
const START: [&str; 8] = [
    "{",
    r#""oslo.version""#,
    ":",
    r#""2.0""#,
    ",",
    r#""oslo.message""#,
    ":",
    "\"",
];

/// The position at which the message begins in an envelope of the usual form.
fn start_of_message(body: &[u8]) -> Option<usize> {
    let mut rest = body;
    for token in START {
        rest = after_space(rest).strip_prefix(token.as_bytes())?;
    }
    Some(body.len() - rest.len())
}

fn is_end(rest: &[u8]) -> bool {
    let rest = after_space(rest).strip_prefix(b"}");
    rest.is_some_and(|rest| after_space(rest).is_empty())
}

fn after_space(json: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let text = json.iter().position(|byte| !is_space(byte));
    text.map_or(&[], |at| &json[at..])
}

/// Rebuilds a body whose message began at `start` and was unescaped up to `text`. It may differ in white
/// space from the original.
fn restore(start: usize, text: &[u8], rest: &[u8], ended: bool) -> Bytes {
    let mut body = START.concat().into_bytes();
    let spaces = start.saturating_sub(body.len());
    body.splice(1..1, std::iter::repeat_n(b' ', spaces));
    escape(text, &mut body);
    body.extend(ended.then_some(b'"'));
    body.extend_from_slice(rest);
    body.into()
}

/// Opens an envelope in any form, or a message without an envelope.
fn open_any(body: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Malformed::new("the body is not UTF-8", error.valid_up_to()))?;
    let mut version = None;
    let mut message = None;
    for entry in Entries::new(text)? {
        let (key, value) = entry?;
        match key.as_ref() {
            "oslo.version" => version = Some(value),
            "oslo.message" => message = Some(value),
            _ => {}
        }
    }
    let (Some(version), Some(message)) = (version, message) else {
        return Ok(Cow::Borrowed(text));
    };
    let readable = unquote(version)
        .ok()
        .and_then(|version| version.parse::<Version>().ok())
        .is_some_and(|version| ENVELOPE_VERSION.is_compatible_with(version));
    if !readable {
        return Err(Malformed::new(
            "the envelope is of a version other than 2.0",
            0,
        ));
    }
    unquote(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_in_another_form_is_returned_with_its_entries_intact() {
        for message in [
            "plain",
            r#"a \"b\" \\ \/ \n\r\t\b\f"#,
            r"before \u00e9 after",
            "caf\u{e9} \\ud800",
            "a\nb",
            "\\x",
            "no end \\",
        ] {
            for (before, after) in [
                (r#"{"oslo.version":"2.0","oslo.message":""#, "\"}"),
                (
                    r#" { "oslo.version" : "2.0" , "oslo.message": ""#,
                    "\" } \n",
                ),
                (r#"{"oslo.version":"2.0","oslo.message":""#, "\",\"x\":1}"),
                (r#"{"oslo.version":"2.0","oslo.message":""#, ""),
            ] {
                let body = [before, message, after].concat();
                let want = open_any(body.as_bytes());
                match open(Bytes::from(body.clone())) {
                    Ok(text) => assert_eq!(Ok(Cow::Owned(text)), want, "{body}"),
                    Err(Unopened { error, body: given }) => {
                        assert_eq!(Err(error), want, "{body}");
                        // A lenient reader sees the same entries.
                        let entries = |body: &[u8]| {
                            let text = std::str::from_utf8(body).unwrap().to_owned();
                            let entries = Entries::new(&text).unwrap().map_while(Result::ok);
                            let entries = entries.map(|(key, value)| {
                                (key.into_owned(), unquote(value).ok().map(Cow::into_owned))
                            });
                            entries.collect::<Vec<_>>()
                        };
                        assert_eq!(entries(&given), entries(body.as_bytes()), "{body}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_text_reuses_the_memory_of_the_body() {
        let body = br#"{"oslo.version":"2.0","oslo.message":"a \"large\" message"}"#.to_vec();
        let place = body.as_ptr();
        let text = open(Bytes::from(body)).unwrap();
        assert_eq!(text, r#"a "large" message"#);
        assert_eq!(text.as_ptr(), place);
    }

    #[test]
    fn the_error_for_invalid_utf_8_has_the_offset() {
        for at in [0, 7, 8, 40] {
            let mut body = br#"{"oslo.version":"2.0","oslo.message":""#.to_vec();
            body.extend(std::iter::repeat_n(b'x', at));
            let offset = body.len();
            body.extend(b"\xff\"}");
            let refused = open(Bytes::from(body.clone())).unwrap_err();
            assert_eq!(
                refused.error,
                Malformed::new("the body is not UTF-8", offset)
            );
            assert_eq!(refused.body, body);
        }
    }
}
