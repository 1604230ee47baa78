//! Changes valid bytes into malformed ones. The same seed gives the same changes.

use serde_json::{Value, json};

use crate::Seeded;

/// Problematic texts to put in the place of a JSON value.
const TROUBLE: &[&str] = &[
    "NaN",
    "-Infinity",
    "1e400",
    "-0",
    "1e18",
    "9007199254740993",
    "340282366920938463463374607431768211456",
    "0.00000000000000000000000001",
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\u0000""#,
    r#""é\\""#,
    "\"\u{2028}🦀\"",
    "null",
    "true",
    "{}",
    "[]",
    r#"{"a":1,"a":{"a":2}}"#,
    r#""2.0""#,
    r#""99999999999.1""#,
    "\"",
    "{",
];

/// Keys that readers know.
const KEYS: &[&str] = &[
    "method",
    "args",
    "namespace",
    "version",
    "_msg_id",
    "_reply_q",
    "_timeout",
    "_unique_id",
    "_context_",
    "_context_a",
    "result",
    "failure",
    "ending",
    "class",
    "message",
    "tb",
    "kwargs",
    "oslo.version",
    "oslo.message",
    "m\\u0065thod",
];

/// One of the seeds, with one to four changes.
#[must_use]
pub fn bytes(random: &mut Seeded, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.pick(seeds).clone();
    for _ in 0..=random.below(4) {
        change(random, &mut bytes, seeds);
    }
    bytes
}

/// Messages, and the messages in their envelopes.
#[derive(Debug)]
pub struct Messages {
    whole: Vec<Vec<u8>>,
    within: Vec<Vec<u8>>,
}

impl Messages {
    /// The messages of these bodies.
    #[must_use]
    pub fn new(whole: Vec<Vec<u8>>) -> Self {
        let within = whole.iter().map(|body| opened(body)).collect();
        Self { whole, within }
    }

    /// One of the messages, changed. In most cases its envelope is intact.
    #[must_use]
    pub fn changed(&self, random: &mut Seeded) -> Vec<u8> {
        if random.below(4) == 0 {
            return bytes(random, &self.whole);
        }
        let changed = bytes(random, &self.within);
        enveloped(&String::from_utf8_lossy(&changed))
    }
}

/// The text within an envelope, or the whole body if there is no envelope.
fn opened(body: &[u8]) -> Vec<u8> {
    let envelope = serde_json::from_slice::<Value>(body).ok();
    let text = envelope.and_then(|envelope| envelope["oslo.message"].as_str().map(str::to_owned));
    text.map_or_else(|| body.to_vec(), String::into_bytes)
}

/// The text in oslo.messaging's envelope.
#[must_use]
pub fn enveloped(text: &str) -> Vec<u8> {
    let envelope = json!({ "oslo.version": "2.0", "oslo.message": text });
    envelope.to_string().into_bytes()
}

fn change(random: &mut Seeded, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(40)).min(bytes.len());
    match random.below(10) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let again = bytes[at..end].to_vec();
            insert(bytes, at, &again);
        }
        4 => {
            let other = random.pick(seeds);
            let from = random.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        5 | 6 => {
            let (from, to) = value(random, bytes);
            bytes.splice(from..to, random.pick(TROUBLE).bytes());
        }
        7 => {
            let key = format!("\"{}\":{},", random.pick(KEYS), random.pick(TROUBLE));
            let at = bytes.iter().position(|byte| *byte == b'{');
            insert(bytes, at.map_or(0, |brace| brace + 1), key.as_bytes());
        }
        8 => {
            let (from, to) = value(random, bytes);
            let depth = 1 << random.below(12);
            let open = *random.pick(&["[", "{\"a\":"]);
            let close = if open == "[" { "]" } else { "}" };
            let within = String::from_utf8_lossy(&bytes[from..to]).into_owned();
            let deep = open.repeat(depth) + &within + &close.repeat(depth);
            bytes.splice(from..to, deep.into_bytes());
        }
        _ => {
            let letter = char::from_u32(u32::try_from(random.below(0x11_0000)).unwrap_or(0));
            insert(
                bytes,
                at,
                letter.unwrap_or('\u{fffd}').to_string().as_bytes(),
            );
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, more: &[u8]) {
    bytes.splice(at..at, more.iter().copied());
}

/// The probable place of a value: after a colon, up to a character that may end it.
fn value(random: &mut Seeded, bytes: &[u8]) -> (usize, usize) {
    let colons: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] == b':').collect();
    if colons.is_empty() {
        return (bytes.len(), bytes.len());
    }
    let from = random.pick(&colons) + 1;
    let rest = &bytes[from..];
    let end = rest.iter().position(|byte| b",}]".contains(byte));
    (from, from + end.unwrap_or(rest.len()))
}
