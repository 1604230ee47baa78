//! Decodes replies: which call a reply is for, whether it ends the call, and its result or error.
//!
//! The result stays raw JSON until the caller's type is known.

use std::ops::Range;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::{Entries, Malformed, MessageId, last_text, open, read, salvage, unquote};
use crate::{Error, RemoteError, Result};

/// A decoded reply. Its result is raw JSON.
#[derive(Debug)]
pub struct Reply {
    size: usize,
    text: String,
    message_id: MessageId,
    ending: bool,
    result: Option<Range<usize>>,
    failure: Option<Box<RemoteError>>,
}

impl Reply {
    /// Decodes a reply.
    ///
    /// # Errors
    ///
    /// When the message is not a JSON object, or does not name a call.
    pub fn decode(body: &[u8]) -> Result<Self, Malformed> {
        Self::take(Bytes::copy_from_slice(body))
    }

    /// Decodes a reply, like [`Reply::decode`]. If there is no other handle to the body, its memory is
    /// reused.
    ///
    /// # Errors
    ///
    /// As for [`Reply::decode`].
    pub fn take(body: Bytes) -> Result<Self, Malformed> {
        let size = body.len();
        let text = open(body).map_err(|unopened| unopened.error)?;
        let mut message_id = None;
        let mut ending = true;
        let mut result = None;
        let mut failure = None;
        for entry in Entries::new(&text)? {
            let (key, value) = entry?;
            match key.as_ref() {
                "_msg_id" => message_id = unquote(value)?.parse().ok(),
                "ending" => ending = value != "false",
                "result" => {
                    let start = value.as_ptr().addr() - text.as_ptr().addr();
                    result = Some(start..start + value.len());
                }
                "failure" if value != "null" => failure = Some(Box::new(read_failure(value))),
                _ => {}
            }
        }
        let message_id =
            message_id.ok_or_else(|| Malformed::new("the reply has no valid message id", 0))?;
        Ok(Self {
            size,
            text,
            message_id,
            ending,
            result,
            failure,
        })
    }

    /// A reply of `size` bytes that was not decoded because it is too large. The `end` of its bytes names its
    /// call. It has no result.
    ///
    /// # Errors
    ///
    /// When the end does not name a call.
    pub fn too_large(end: &[u8], size: usize) -> Result<Self, Malformed> {
        let message_id = last_text(end, "_msg_id").and_then(|id| id.parse().ok());
        let message_id = message_id.ok_or_else(|| {
            Malformed::new(
                "a reply is too large, and its end has no valid message id",
                0,
            )
        })?;
        Ok(Self {
            size,
            text: String::new(),
            message_id,
            ending: true,
            result: None,
            failure: None,
        })
    }

    /// A reply that did not come over the wire. `json` is its result.
    pub(crate) fn of_result(json: String) -> Self {
        Self {
            // No limit applies, since there is no message.
            size: 0,
            result: Some(0..json.len()),
            text: json,
            message_id: MessageId::unique(),
            ending: true,
            failure: None,
        }
    }

    /// The size of the whole reply on the wire, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The message id of the call that the reply is for.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        self.message_id
    }

    /// Whether this reply ends the call. Otherwise it is a heartbeat.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending
    }

    /// The result as JSON text.
    ///
    /// # Errors
    ///
    /// [`Error::Remote`] with the error that the method raised, if it failed.
    pub fn result(&self) -> Result<&str> {
        match &self.failure {
            Some(failure) => Err(Error::Remote(failure.clone())),
            None => Ok(self
                .result
                .clone()
                .map_or("null", |range| &self.text[range])),
        }
    }

    /// The class of the error that the method raised, if it failed.
    pub(crate) fn failure_class(&self) -> Option<&str> {
        self.failure.as_ref().map(|failure| failure.class.as_str())
    }

    /// Decodes the result as a `T`.
    ///
    /// # Errors
    ///
    /// [`Error::Remote`] if the method failed; [`Error::Deserialize`] if the result cannot be read as a `T`.
    pub fn into_result<T: DeserializeOwned>(self) -> Result<T> {
        read(self.result()?).map_err(|error| {
            let what = format!("the result as `{}`", std::any::type_name::<T>());
            Error::new_deserialize(what, error)
        })
    }
}

/// The result in the bytes of a reply, as JSON text, for any call.
pub(crate) fn result_of(body: &Bytes) -> Result<String, Malformed> {
    let text = open(body.clone()).map_err(|unopened| unopened.error)?;
    for entry in Entries::new(&text)? {
        let (key, value) = entry?;
        if key == "result" {
            return Ok(value.to_owned());
        }
    }
    Ok("null".to_owned())
}

/// Decodes the error that a method raised, as far as possible. A traceback that is not a list must not hide
/// the class and the message. One argument that Rust cannot represent must not hide the others.
fn read_failure(quoted: &str) -> RemoteError {
    let text = unquote(quoted).unwrap_or_default();
    // Expected: the server that raised it has logged it, so a server that passes it on need not log it again.
    let mut error = RemoteError::new("", "").args([(); 0]).expected();
    let Ok(entries) = Entries::new(&text) else {
        error.message = text.into_owned();
        return error;
    };
    for (key, value) in entries.map_while(Result::ok) {
        match key.as_ref() {
            "class" => error.class = salvage::text(value).unwrap_or_default(),
            "module" => error.module = salvage::text(value).unwrap_or_default(),
            "message" => error.message = salvage::text(value).unwrap_or_else(|| value.to_owned()),
            "tb" => error.traceback = salvage::texts(value),
            "args" => error.args = salvage::values(value),
            "kwargs" => error.kwargs = salvage::map(value),
            _ => {}
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_bad_argument_of_an_exception_does_not_hide_the_others() {
        let failure = r#"{"class": "C", "module": "m", "message": "caf\udce9", "tb": ["a\ud800", 3],
            "args": ["x", NaN, 7], "kwargs": {"ratio": Infinity, "host": "db-1"}}"#;
        let error = read_failure(&serde_json::to_string(failure).unwrap());
        assert_eq!(error.message, "caf\u{fffd}");
        assert_eq!(error.traceback, ["a\u{fffd}"]);
        assert_eq!(error.args, [json!("x"), Value::Null, json!(7)]);
        assert_eq!(error.kwargs["ratio"], Value::Null);
        assert_eq!(error.kwargs["host"], "db-1");
    }

    #[test]
    fn the_error_for_a_lone_surrogate_recommends_lossy() {
        let body = r#"{"_msg_id": "0123456789abcdef0123456789abcdef", "ending": true, "result": ["a", "caf\udce9"]}"#;
        let reply = |body: &str| Reply::decode(body.as_bytes()).unwrap();
        let error = reply(body).into_result::<Value>().unwrap_err().to_string();
        assert!(
            error.contains("surrogate") && error.contains("Lossy<T>"),
            "{error}"
        );
        assert!(error.contains("column"), "{error}");
        let read: crate::Lossy<Vec<String>> = reply(body).into_result().unwrap();
        assert_eq!(read.0, ["a", "caf\u{fffd}"]);
        let read: Vec<crate::Lossy<String>> = reply(body).into_result().unwrap();
        assert_eq!(read[1].0, "caf\u{fffd}");
        let read: crate::Lossy<Value> = reply(body).into_result().unwrap();
        assert_eq!(read.0, json!(["a", "caf\u{fffd}"]));
    }
}
