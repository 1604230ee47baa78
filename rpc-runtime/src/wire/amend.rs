//! Rewrites an encoded request with a changed context, for a client's middleware.

use serde::ser::Error as _;
use serde_json::value::RawValue;
use serde_json::{Error, Result};

use super::encode::{RequestBody, RequestEncoder};
use super::raw_request::RawObject;
use super::request::Request;
use super::scan::{Entries, Malformed};

/// The request in `text`, with `key` of its context set to `value`.
pub(crate) fn with_context(text: &str, key: &str, value: Box<RawValue>) -> Result<RequestBody> {
    // This process encoded the request, so none of these errors occurs.
    let wrong = |error: Malformed| Error::custom(error);
    let request = Request::parse(text).map_err(wrong)?;
    let mut context: RawObject = request.context()?;
    context.insert(key.to_owned(), value);
    let mut encoder = RequestEncoder::new(request.method());
    for entry in Entries::new(request.arguments()).map_err(wrong)? {
        let (name, json) = entry.map_err(wrong)?;
        encoder.argument(&name, serde_json::from_str::<&RawValue>(json)?)?;
    }
    let version = request.version().and(request.stamp());
    encoder.finish(request.namespace(), version, &context)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    #[test]
    fn only_the_context_key_changes() {
        let mut encoder = RequestEncoder::new("a \"method\"");
        encoder.argument("z", "é \"quoted\" \\").unwrap();
        encoder.argument("a", &1.5e300).unwrap();
        let context = json!({ "user": "u", "token": "old" });
        let version = Some((2, 3).into());
        let body = encoder.finish(Some("n"), version, &context).unwrap();
        let text = Request::open(&body.cast()).unwrap();

        let token = to_raw_value(&["new"]).unwrap();
        let amended = with_context(&text, "token", token).unwrap();
        let amended = Request::open(&amended.cast()).unwrap();
        let (before, after) = (
            Request::parse(&text).unwrap(),
            Request::parse(&amended).unwrap(),
        );
        assert_eq!(after.method(), before.method());
        assert_eq!(after.arguments(), before.arguments());
        assert_eq!(after.namespace(), Some("n"));
        assert_eq!(after.version(), Some("2.3"));
        assert_eq!(
            after.context::<serde_json::Value>().unwrap(),
            json!({ "user": "u", "token": ["new"] })
        );
    }
}
