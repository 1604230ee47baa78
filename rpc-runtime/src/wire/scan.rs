//! Cuts one JSON object into its keys and raw values, without parsing the values.
//!
//! A value is skipped by tracking only strings and brackets, without recursion or allocation at any depth. So
//! `NaN`, a lone surrogate or deep nesting in one value leaves the other values readable. The error occurs
//! later, when that value is parsed.

use std::borrow::Cow;

use super::unescape::unescape;
use super::words::{WORD, special, word};

/// The error for a malformed message: what is wrong, and the byte offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at byte {offset})")]
pub struct Malformed {
    what: Cow<'static, str>,
    offset: usize,
}

impl Malformed {
    pub(crate) fn new(what: impl Into<Cow<'static, str>>, offset: usize) -> Self {
        Self {
            what: what.into(),
            offset,
        }
    }
}

/// Iterates over the entries of one object, in order. Ends after the first error.
#[derive(Debug, Clone)]
pub(crate) struct Entries<'a> {
    text: &'a str,
    at: usize,
    next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    FirstKey,
    Key,
    Nothing,
}

impl<'a> Entries<'a> {
    /// Starts at the text of an object. Anything else is an error.
    pub(crate) fn new(text: &'a str) -> Result<Self, Malformed> {
        let mut entries = Self {
            text,
            at: 0,
            next: Next::FirstKey,
        };
        entries.expect(b'{', "expected a JSON object")?;
        Ok(entries)
    }

    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Malformed> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(Malformed::new(what, self.at))
        }
    }

    /// Skips a string. Returns it with its quotes, and whether it is free of escapes.
    fn string(&mut self) -> Result<(&'a str, bool), Malformed> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        let first = end_of_plain(bytes, start + 1);
        let is_plain = bytes.get(first) == Some(&b'"');
        self.at = if is_plain {
            first + 1
        } else {
            end_of_string(bytes, first).ok_or(Malformed::new("a string has no end", start))?
        };
        Ok((&self.text[start..self.at], is_plain))
    }

    /// Skips a value of any kind, and returns its text.
    fn value(&mut self) -> Result<&'a str, Malformed> {
        match self.peek() {
            Some(b'"') => return Ok(self.string()?.0),
            Some(b'{' | b'[') => {}
            _ => return self.scalar(),
        }
        let (start, bytes) = (self.at, self.text.as_bytes());
        let (mut at, mut depth) = (start, 0_usize);
        while let Some(byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let end = end_of_string(bytes, at);
                    at = end.ok_or(Malformed::new("a string has no end", at - 1))?;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = at;
                        return Ok(&self.text[start..at]);
                    }
                }
                _ => {}
            }
        }
        Err(Malformed::new("a value has no end", start))
    }

    /// Skips a number or a word, without validating it.
    fn scalar(&mut self) -> Result<&'a str, Malformed> {
        let rest = &self.text[self.at..];
        let end = |byte: u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let length = rest.bytes().position(end).unwrap_or(rest.len());
        if length == 0 {
            return Err(Malformed::new("expected a value", self.at));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn advance(&mut self) -> Result<Option<(Cow<'a, str>, &'a str)>, Malformed> {
        if self.next == Next::FirstKey && self.peek() == Some(b'}') {
            return self.finish();
        }
        if self.peek() != Some(b'"') {
            return Err(Malformed::new("expected a key", self.at));
        }
        let key = match self.string()? {
            (quoted, true) => Cow::Borrowed(&quoted[1..quoted.len() - 1]),
            (quoted, false) => unquote(quoted)?,
        };
        self.expect(b':', "expected `:` after a key")?;
        let value = self.value()?;
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.next = Next::Key;
            }
            Some(b'}') => {
                self.finish()?;
            }
            _ => return Err(Malformed::new("expected `,` or `}` after a value", self.at)),
        }
        Ok(Some((key, value)))
    }

    /// Skips the closing brace. Nothing may follow it.
    fn finish(&mut self) -> Result<Option<(Cow<'a, str>, &'a str)>, Malformed> {
        self.at += 1;
        self.next = Next::Nothing;
        match self.peek() {
            None => Ok(None),
            Some(_) => Err(Malformed::new("something follows the object", self.at)),
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(Cow<'a, str>, &'a str), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == Next::Nothing {
            return None;
        }
        let item = self.advance();
        if item.is_err() {
            self.next = Next::Nothing;
        }
        item.transpose()
    }
}

/// The texts of an array's elements.
pub(super) fn elements(text: &str) -> Result<Vec<&str>, Malformed> {
    let mut cursor = Entries {
        text,
        at: 0,
        next: Next::Nothing,
    };
    cursor.expect(b'[', "expected a JSON array")?;
    let mut elements = Vec::new();
    if cursor.peek() == Some(b']') {
        return Ok(elements);
    }
    loop {
        elements.push(cursor.value()?);
        match cursor.peek() {
            Some(b',') => cursor.at += 1,
            Some(b']') => return Ok(elements),
            _ => {
                return Err(Malformed::new(
                    "expected `,` or `]` after a value",
                    cursor.at,
                ));
            }
        }
    }
}

/// Decodes a JSON string with its quotes. Borrows if the string has no escapes.
pub(crate) fn unquote(quoted: &str) -> Result<Cow<'_, str>, Malformed> {
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or_else(|| Malformed::new("expected a string", 0))?;
    if end_of_plain(inner.as_bytes(), 0) == inner.len() {
        return Ok(Cow::Borrowed(inner));
    }
    let mut buffer = vec![0; WORD];
    buffer.extend_from_slice(&quoted.as_bytes()[1..]);
    let unescaped = unescape(&mut buffer, WORD);
    if unescaped.ended && unescaped.rest == buffer.len() {
        buffer.truncate(unescaped.text);
        if let Ok(text) = String::from_utf8(buffer) {
            return Ok(Cow::Owned(text));
        }
    }
    let text: String = serde_json::from_str(quoted)
        .map_err(|error| Malformed::new(format!("bad string: {error}"), 0))?;
    Ok(Cow::Owned(text))
}

/// The string value of the last `key` in the end of an envelope. The end may begin anywhere. `None` if the
/// value contains an escape, which reply addresses do not.
///
/// The message is text inside a string: one backslash precedes a quote of the message itself, and three
/// precede a quote inside the message's strings.
pub(super) fn last_text(end: &[u8], key: &str) -> Option<String> {
    let end = String::from_utf8_lossy(end);
    let key = format!(r#"\"{key}\""#);
    let (before, after) = end.rsplit_once(&key)?;
    if before.ends_with('\\') {
        return None;
    }
    let value = after.trim_start().strip_prefix(':')?.trim_start();
    let (text, after) = value.strip_prefix(r#"\""#)?.split_once('\\')?;
    after.starts_with('"').then(|| text.to_owned())
}

/// The position after the closing quote of a string, scanning from `at`.
fn end_of_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = end_of_plain(bytes, at);
        at += match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => 2,
            _ => 1,
        };
    }
}

/// The position of the first quote, backslash or control character, scanning from `at`.
fn end_of_plain(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match special(word(bytes, at)) {
            None => at += WORD,
            Some(found) => return at + found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Result<Vec<(String, String)>, Malformed> {
        Entries::new(text)?
            .map(|entry| entry.map(|(key, value)| (key.into_owned(), value.to_owned())))
            .collect()
    }

    #[test]
    fn an_object_is_cut_into_raw_values() {
        let text = r#" { "a" : 1 ,"b\u0021":"x\"}", "c":[{"d":"]"},[]],"e":{},"f":NaN } "#;
        let want = [
            ("a", "1"),
            ("b!", r#""x\"}""#),
            ("c", r#"[{"d":"]"},[]]"#),
            ("e", "{}"),
            ("f", "NaN"),
        ];
        let got = entries(text).unwrap();
        let got: Vec<_> = got
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(got, want);
        assert_eq!(entries("{}"), Ok(vec![]));
    }

    #[test]
    fn errors_say_what_is_wrong_and_where() {
        for (text, message) in [
            ("", "expected a JSON object (at byte 0)"),
            ("[]", "expected a JSON object (at byte 0)"),
            ("{", "expected a key (at byte 1)"),
            (r#"{"a"#, "a string has no end (at byte 1)"),
            (r#"{"a\"#, "a string has no end (at byte 1)"),
            (r#"{"a""#, "expected `:` after a key (at byte 4)"),
            (r#"{"a":"#, "expected a value (at byte 5)"),
            (r#"{"a":}"#, "expected a value (at byte 5)"),
            (r#"{"a":[1"#, "a value has no end (at byte 5)"),
            (r#"{"a":1"#, "expected `,` or `}` after a value (at byte 6)"),
            (r#"{"a":1,}"#, "expected a key (at byte 7)"),
            (r#"{"a":1}x"#, "something follows the object (at byte 7)"),
        ] {
            assert_eq!(entries(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn deeply_nested_values_are_skipped() {
        let bomb = format!(
            r#"{{"a":{}{},"b":2}}"#,
            "[".repeat(1_000_000),
            "]".repeat(1_000_000)
        );
        let got = entries(&bomb).unwrap();
        assert_eq!(got[1], ("b".into(), "2".into()));
        assert!(entries(&format!(r#"{{"a":{}"#, "[".repeat(1_000_000))).is_err());
    }

    #[test]
    fn plain_text_ends_at_the_first_special_byte() {
        for special in ['"', '\\', '\n', '\0', '\u{1f}'] {
            for length in 0..40 {
                let text = format!("{}{special}\"\\\n", "é~ !#[]\u{7f}".repeat(9));
                let Some((plain_text, _)) = text.split_at_checked(length) else {
                    continue;
                };
                let text = format!("{plain_text}{special}\"\\\n and more");
                assert_eq!(end_of_plain(text.as_bytes(), 0), length, "{text:?}");
                assert_eq!(
                    end_of_plain(plain_text.as_bytes(), 0),
                    length,
                    "{plain_text:?}"
                );
            }
        }
    }

    #[test]
    fn strings_are_read_as_serde_json_reads_them() {
        let pieces = [
            "a",
            "long enough for eight",
            "é",
            "\\\"",
            "\\\\",
            "\\/",
            "\\n",
            "\\r\\t\\b\\f",
            "\\u0041",
            "\\ud800",
            "\\x",
            "\n",
            "\\",
            "\"",
        ];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    let quoted = format!("\"{first}{second}{third}\"");
                    let want = serde_json::from_str::<String>(&quoted).ok();
                    let got = unquote(&quoted).ok().map(Cow::into_owned);
                    // Only a string that `Entries` cuts out whole is compared: others have a quote in the
                    // middle.
                    let cut = Entries::new(&format!("{{\"k\":{quoted}}}"))
                        .unwrap()
                        .next()
                        .is_some_and(|entry| entry.is_ok_and(|(_, value)| value == quoted));
                    if cut {
                        assert_eq!(got, want, "{quoted}");
                    }
                }
            }
        }
    }
}
