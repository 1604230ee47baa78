//! [`Carried`]: context entries that the client adds to a message, such as the trace context.
//!
//! The context serializer calls [`key`](Carried::key) and [`value`](Carried::value) for each entry of the caller's
//! context. [`Carried`] then leaves out an entry whose key an added entry has, and stores the request id for the span.

use super::message::Message;

/// Entries to add to a message's context. They replace entries of the caller's context with the same keys.
#[derive(Debug)]
pub(crate) struct Carried {
    entries: Vec<(String, String)>,
    request_id: Option<String>,
    /// How to treat the next value.
    next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Written,
    LeftOut,
    /// The value is the request id. It begins at this position of the message.
    RequestId(usize),
}

impl Carried {
    pub(crate) fn new(entries: Vec<(String, String)>) -> Self {
        Self {
            entries,
            request_id: None,
            next: Next::Written,
        }
    }

    /// The `request_id` of the caller's context, if it is a string.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Handles the key that was written from position `from`, up to its value. Removes it if an added entry
    /// replaces it.
    pub(super) fn key(&mut self, message: &mut Message, from: usize) {
        let written = message.written_from(from);
        let key = written
            .strip_prefix(br#",\"_context_"#)
            .and_then(|key| key.strip_suffix(br#"\":"#))
            .unwrap_or_default();
        self.next = if self.entries.iter().any(|(own, _)| own.as_bytes() == key) {
            message.truncate(from);
            Next::LeftOut
        } else if key == b"request_id" {
            Next::RequestId(message.length())
        } else {
            Next::Written
        };
    }

    /// Whether the value of the last key is to be written.
    pub(super) fn is_value_written(&self) -> bool {
        self.next != Next::LeftOut
    }

    /// Handles the value that was written.
    pub(super) fn value(&mut self, message: &Message) {
        if let Next::RequestId(from) = self.next {
            // The value is JSON within a JSON string.
            let text = [b"\"", message.written_from(from), b"\""].concat();
            let value = serde_json::from_slice::<String>(&text);
            self.request_id = value.and_then(|value| serde_json::from_str(&value)).ok();
        }
    }

    pub(super) fn entries(&self) -> &[(String, String)] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;
    use crate::wire::{Request, RequestEncoder};

    #[derive(Serialize)]
    struct Fields {
        traceparent: &'static str,
        request_id: &'static str,
        user: &'static str,
    }

    /// Encodes `context` with added entries. Returns the context on the wire, and the request id that was
    /// noted.
    fn sent(context: &impl Serialize) -> (serde_json::Value, Option<String>) {
        let entries = [("traceparent", "new"), ("tracestate", "a=\"1\"")];
        let entries = entries.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut carried = Carried::new(entries.into());
        let mut encoder = RequestEncoder::new("m");
        let closed = encoder.close(None, None, context, Some(&mut carried));
        closed.unwrap();
        let body = encoder.into_body().cast();
        let text = Request::open(&body).unwrap();
        let context = Request::parse(&text).unwrap().context().unwrap();
        (context, carried.request_id().map(str::to_owned))
    }

    #[test]
    fn added_entries_replace_those_of_a_struct_a_map_or_nothing() {
        let expected = json!({
            "request_id": "req-1", "user": "é", "traceparent": "new", "tracestate": "a=\"1\"",
        });
        let fields = Fields {
            traceparent: "old",
            request_id: "req-1",
            user: "é",
        };
        let map = json!({ "request_id": "req-1", "traceparent": ["old"], "user": "é" });
        for (context, request_id) in [sent(&fields), sent(&map), sent(&Some(fields))] {
            assert_eq!(
                (context, request_id.as_deref()),
                (expected.clone(), Some("req-1"))
            );
        }
        let alone = json!({ "traceparent": "new", "tracestate": "a=\"1\"" });
        assert_eq!(sent(&()), (alone, None));
        // A request id that is not a string is sent unchanged, and not noted.
        assert_eq!(sent(&json!({ "request_id": 7 })).1, None);
        let escaped = sent(&json!({ "request_id": "a\"é\n" }));
        assert_eq!(escaped.1.as_deref(), Some("a\"é\n"));
    }
}
