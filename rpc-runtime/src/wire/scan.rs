//! Cuts one JSON object into its keys and raw values, without parsing the values.
//!
//! A value is skipped by its strings and brackets alone: no recursion, no allocation, whatever the
//! depth. So `NaN`, lone surrogates or a depth bomb in one value leave its neighbours readable; whoever
//! parses that value later meets the error there.

use std::borrow::Cow;

use super::unescape::unescape;
use super::words::{WORD, special, word};

/// A message that cannot be taken apart: what is wrong, and how many bytes into which text.
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

/// The entries of one object, in their order; ends after the first error.
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
    /// Begins with the text of an object; anything else is an error.
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

    /// Passes a string; gives it with its quotes, and whether what is within them stands for itself.
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

    /// Passes a value of any kind, and gives its text.
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

    /// Passes a number or a word, whatever its letters.
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

    /// Passes the closing brace; nothing may follow it.
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

/// The text that a JSON string (with its quotes) stands for; borrowed where nothing is escaped.
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

/// The text behind the last `key` in the end of an envelope, wherever that end begins. None if the text has anything to
/// escape, which addresses have not.
///
/// The message is text within a string: a quote of its own has one backslash, one within its strings has three.
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

/// The end of the string, closing quote included, that is passed as far as `at`.
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

/// The place, from there on, of the first quote, backslash or control character.
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
    fn cuts_an_object_into_raw_values() {
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
    fn says_what_is_wrong_and_where() {
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
    fn depth_costs_nothing() {
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
                    // A string is cut out before it is read: it has no quote in its midst.
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
