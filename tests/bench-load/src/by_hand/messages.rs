//! The form of the messages: a short one, or oslo.messaging's.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{FieldTable, ShortString};
use serde::{Deserialize, Serialize};

use super::TIMEOUT;
use crate::Result;

/// How requests and replies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A JSON object. The properties of the message say where the reply goes.
    Short,
    /// What this library sends, too: the JSON object, as a text, is in an envelope. It says where the reply goes. The
    /// properties are those of oslo.messaging.
    Oslo,
}

/// Where the reply to a request goes.
pub(super) struct ReplyTo {
    pub(super) queue: ShortString,
    pub(super) id: ShortString,
}

/// A request as the server reads it.
pub(super) struct Request<'a> {
    pub(super) method: Cow<'a, str>,
    pub(super) text: Cow<'a, str>,
    /// Absent for a cast.
    pub(super) reply_to: Option<ReplyTo>,
}

/// A message to publish.
pub(super) struct Outgoing {
    pub(super) properties: BasicProperties,
    pub(super) body: Vec<u8>,
}

impl Form {
    pub(super) fn request(
        self,
        method: &str,
        text: &str,
        reply_to: Option<ReplyTo>,
    ) -> Result<Outgoing> {
        let arguments = Arguments {
            text: Cow::Borrowed(text),
        };
        match self {
            Self::Short => {
                let mut properties = BasicProperties::default();
                if let Some(ReplyTo { queue, id }) = reply_to {
                    properties = properties.with_correlation_id(id).with_reply_to(queue);
                }
                let body = serde_json::to_vec(&ShortRequest {
                    method: Cow::Borrowed(method),
                    args: arguments,
                })?;
                Ok(Outgoing { properties, body })
            }
            Self::Oslo => {
                let unique_id = unique_id();
                let request = OsloRequest {
                    method: Cow::Borrowed(method),
                    args: arguments,
                    version: Cow::Borrowed("1.0"),
                    msg_id: reply_to.as_ref().map(|to| Cow::Borrowed(to.id.as_str())),
                    reply_q: reply_to.as_ref().map(|to| Cow::Borrowed(to.queue.as_str())),
                    timeout: None,
                    unique_id: Cow::Borrowed(&unique_id),
                    request_id: Cow::Borrowed("req-3a5bd0e2-6d17-4f14-9c6d-0bc1e0f8a1f4"),
                    user: Cow::Borrowed("alice"),
                };
                let mut properties = oslo_properties()?;
                if reply_to.is_some() {
                    let expiration = TIMEOUT.as_millis().to_string();
                    properties = properties.with_expiration(ShortString::try_new(expiration)?);
                }
                let body = envelope(&request)?;
                Ok(Outgoing { properties, body })
            }
        }
    }

    pub(super) fn read_request(self, delivery: &Delivery) -> Result<Request<'_>> {
        match self {
            Self::Short => {
                let request: ShortRequest<'_> = serde_json::from_slice(&delivery.data)?;
                let properties = &delivery.properties;
                let reply_to = properties.reply_to().clone().zip(correlation_id(delivery));
                Ok(Request {
                    method: request.method,
                    text: request.args.text,
                    reply_to: reply_to.map(|(queue, id)| ReplyTo { queue, id }),
                })
            }
            Self::Oslo => {
                let message = message(&delivery.data)?;
                let request: OsloRequest<'_> = serde_json::from_str(&message)?;
                let reply_to = match (request.reply_q, request.msg_id) {
                    (Some(queue), Some(id)) => Some(ReplyTo {
                        queue: ShortString::try_new(queue.as_ref())?,
                        id: ShortString::try_new(id.as_ref())?,
                    }),
                    _ => None,
                };
                Ok(Request {
                    method: Cow::Owned(request.method.into_owned()),
                    text: Cow::Owned(request.args.text.into_owned()),
                    reply_to,
                })
            }
        }
    }

    pub(super) fn reply(self, id: ShortString, text: &str) -> Result<Outgoing> {
        let result = Cow::Borrowed(text);
        match self {
            Self::Short => Ok(Outgoing {
                properties: BasicProperties::default().with_correlation_id(id),
                body: serde_json::to_vec(&ShortReply { result })?,
            }),
            Self::Oslo => {
                let unique_id = unique_id();
                let body = envelope(&OsloReply {
                    result,
                    failure: None,
                    ending: true,
                    msg_id: Cow::Borrowed(id.as_str()),
                    unique_id: Cow::Borrowed(&unique_id),
                })?;
                Ok(Outgoing {
                    properties: oslo_properties()?,
                    body,
                })
            }
        }
    }

    /// The request's id and the result.
    pub(super) fn read_reply(self, delivery: &Delivery) -> Result<(u64, String)> {
        match self {
            Self::Short => {
                let reply: ShortReply<'_> = serde_json::from_slice(&delivery.data)?;
                let id = correlation_id(delivery).ok_or("a reply without a correlation id")?;
                Ok((id.as_str().parse()?, reply.result.into_owned()))
            }
            Self::Oslo => {
                let message = message(&delivery.data)?;
                let reply: OsloReply<'_> = serde_json::from_str(&message)?;
                Ok((reply.msg_id.parse()?, reply.result.into_owned()))
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ShortRequest<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    args: Arguments<'a>,
}

#[derive(Serialize, Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct ShortReply<'a> {
    #[serde(borrow)]
    result: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "oslo.version", borrow)]
    version: Cow<'a, str>,
    #[serde(rename = "oslo.message", borrow)]
    message: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct OsloRequest<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    args: Arguments<'a>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(rename = "_msg_id", borrow)]
    msg_id: Option<Cow<'a, str>>,
    #[serde(rename = "_reply_q", borrow)]
    reply_q: Option<Cow<'a, str>>,
    #[serde(rename = "_timeout")]
    timeout: Option<u64>,
    #[serde(rename = "_unique_id", borrow)]
    unique_id: Cow<'a, str>,
    #[serde(rename = "_context_request_id", borrow)]
    request_id: Cow<'a, str>,
    #[serde(rename = "_context_user", borrow)]
    user: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct OsloReply<'a> {
    #[serde(borrow)]
    result: Cow<'a, str>,
    #[serde(borrow)]
    failure: Option<Cow<'a, str>>,
    ending: bool,
    #[serde(rename = "_msg_id", borrow)]
    msg_id: Cow<'a, str>,
    #[serde(rename = "_unique_id", borrow)]
    unique_id: Cow<'a, str>,
}

/// An id of the length that oslo.messaging's ids have.
fn unique_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:032x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn correlation_id(delivery: &Delivery) -> Option<ShortString> {
    delivery.properties.correlation_id().clone()
}

fn envelope(message: &impl Serialize) -> Result<Vec<u8>> {
    let message = serde_json::to_string(message)?;
    Ok(serde_json::to_vec(&Envelope {
        version: Cow::Borrowed("2.0"),
        message: Cow::Owned(message),
    })?)
}

/// Takes the message out of its envelope.
fn message(body: &[u8]) -> Result<Cow<'_, str>> {
    let envelope: Envelope<'_> = serde_json::from_slice(body)?;
    Ok(envelope.message)
}

fn oslo_properties() -> Result<BasicProperties> {
    Ok(BasicProperties::default()
        .with_content_type(ShortString::try_new("application/json")?)
        .with_content_encoding(ShortString::try_new("utf-8")?)
        .with_headers(FieldTable::default())
        .with_delivery_mode(2)
        .with_priority(0))
}
