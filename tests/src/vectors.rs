//! Messages that oslo.messaging 18.3.1 sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One message, as it was published.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Captured {
    /// The exchange.
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
    /// The properties that were set.
    pub properties: Map<String, Value>,
    /// The exact text of the body.
    pub body: String,
}

/// The messages of each case, by its name: the request, then its replies.
#[must_use]
pub fn captured() -> BTreeMap<String, Vec<Captured>> {
    #[derive(Deserialize)]
    struct File {
        cases: Vec<Case>,
    }
    #[derive(Deserialize)]
    struct Case {
        case: String,
        messages: Vec<Captured>,
    }

    let file: File = serde_json::from_str(include_str!("../wire/oslo_18_3_1.json"))
        .expect("the file of captured messages is JSON");
    let cases = file.cases.into_iter();
    cases.map(|case| (case.case, case.messages)).collect()
}
