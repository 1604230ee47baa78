//! Decodes JSON that Rust cannot represent in full: `NaN`, and strings with lone surrogates. Python writes
//! both.
//!
//! Values are decoded one by one, so that a bad value does not hide its neighbours. The depth is limited.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Entries;
use super::scan::elements;

/// The depth to which values are decoded one by one. Below this depth, an array or an object that contains a bad
/// value becomes null as a whole.
const DEPTH: usize = 32;

/// Decodes a value, with null for `NaN` and infinities, and `U+FFFD` for lone surrogates.
pub(super) fn value(json: &str) -> Value {
    value_within(json, DEPTH)
}

/// Decodes the elements of an array. Empty if `json` is not an array.
pub(super) fn values(json: &str) -> Vec<Value> {
    elements(json).map_or_else(
        |_| Vec::new(),
        |elements| elements.into_iter().map(value).collect(),
    )
}

/// Decodes the entries of an object, up to the first syntax error.
pub(super) fn map(json: &str) -> Map<String, Value> {
    map_within(json, DEPTH)
}

/// Decodes a string, with `U+FFFD` for lone surrogates.
pub(super) fn text(json: &str) -> Option<String> {
    serde_json::from_str(&replace_lone_surrogates(json)).ok()
}

/// Decodes the strings of an array. Other elements are skipped.
pub(super) fn texts(json: &str) -> Vec<String> {
    let elements = elements(json).unwrap_or_default();
    elements.into_iter().filter_map(text).collect()
}

fn value_within(json: &str, depth: usize) -> Value {
    if let Ok(value) = serde_json::from_str(json) {
        return value;
    }
    match json.as_bytes().first() {
        Some(b'"') => text(json).map_or(Value::Null, Value::String),
        Some(b'[') if depth > 0 => {
            let elements = elements(json).unwrap_or_default();
            let values = elements
                .into_iter()
                .map(|element| value_within(element, depth - 1));
            Value::Array(values.collect())
        }
        Some(b'{') if depth > 0 => Value::Object(map_within(json, depth - 1)),
        _ => Value::Null,
    }
}

fn map_within(json: &str, depth: usize) -> Map<String, Value> {
    let entries = Entries::new(json).into_iter().flatten();
    let entries = entries.map_while(Result::ok);
    entries
        .map(|(key, value)| (key.into_owned(), value_within(value, depth)))
        .collect()
}

/// The JSON text with `\ufffd` in place of each escaped lone surrogate.
pub(crate) fn replace_lone_surrogates(json: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = json.get(at..).and_then(|rest| rest.find('\\')) {
        at += offset;
        let Some(unit) = code_unit(json, at) else {
            // Another escape: a backslash and one more byte.
            at += 2;
            continue;
        };
        let is_pair = matches!(unit, 0xD800..=0xDBFF)
            && code_unit(json, at + 6).is_some_and(|low| matches!(low, 0xDC00..=0xDFFF));
        if is_pair {
            at += 12;
            continue;
        }
        if matches!(unit, 0xD800..=0xDFFF) {
            replaced.push_str(&json[copied..at]);
            replaced.push_str(r"\ufffd");
            copied = at + 6;
        }
        at += 6;
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    replaced.push_str(&json[copied..]);
    Cow::Owned(replaced)
}

/// The number of an escape `\uXXXX` that begins at `at`.
fn code_unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (json, want) in [
            (r#""a""#, r#""a""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\uD83D\n\udcff\u00e9""#, r#""\ufffd\n\ufffd\u00e9""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""\\\ud800é""#, r#""\\\ufffdé""#),
            (r#"["é\ude00",{"\udc00":1}]"#, r#"["é\ufffd",{"\ufffd":1}]"#),
            (r#""\ud8"#, r#""\ud8"#),
            ("\\", "\\"),
            ("\\é", "\\é"),
        ] {
            assert_eq!(replace_lone_surrogates(json), want);
        }
    }

    #[test]
    fn a_bad_value_does_not_hide_its_neighbours() {
        let args = r#"[NaN, "x", [1, -Infinity], {"a": NaN, "b": "\ud800"}, 2]"#;
        assert_eq!(
            values(args),
            [
                Value::Null,
                json!("x"),
                json!([1, null]),
                json!({"a": null, "b": "\u{fffd}"}),
                json!(2)
            ]
        );
        assert_eq!(value("nonsense"), Value::Null);
        assert_eq!(
            map(r#"{"a":NaN,"b":1}"#),
            *json!({"a": null, "b": 1}).as_object().unwrap()
        );
        assert!(values("{}").is_empty() && values("[1").is_empty());
    }

    #[test]
    fn depth_is_limited() {
        let deep = "[".repeat(100_000) + "NaN" + &"]".repeat(100_000);
        assert!(value(&deep).is_array());
    }
}
