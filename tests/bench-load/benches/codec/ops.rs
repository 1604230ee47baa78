//! The measured steps of the codec, done by this library and by `serde_json`. `serde_json` is used twice: the message
//! becomes a string, and the string goes into its envelope. There are two variants: one knows all types beforehand. The
//! other learns them as a real reader does: from the method's name, or from the call that a reply is for.

use std::hint::black_box;

use rpc_runtime::wire::{self, MessageId, Reply, ReplyTo, Request, RequestEncoder};
use rpc_runtime::{Context, Version};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Approximate bytes of the argument or the result.
pub(crate) const SIZES: [usize; 3] = [256, 4 << 10, 1 << 20];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    EncodeRequest,
    DecodeRequest,
    EncodeReply,
    DecodeReply,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    id: u64,
    host: String,
    note: String,
}

#[derive(Serialize, Deserialize)]
struct Arguments {
    rows: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
struct PlainRequest {
    method: String,
    args: Arguments,
    version: String,
    #[serde(rename = "_context_request_id")]
    request_id: String,
    #[serde(rename = "_context_user")]
    user: String,
    #[serde(rename = "_msg_id")]
    message_id: String,
    #[serde(rename = "_reply_q")]
    reply_queue: String,
    #[serde(rename = "_timeout")]
    timeout: Option<f64>,
    #[serde(rename = "_unique_id")]
    unique_id: String,
}

#[derive(Serialize, Deserialize)]
struct PlainReply {
    result: Vec<Row>,
    failure: Option<String>,
    ending: bool,
    #[serde(rename = "_msg_id")]
    message_id: String,
    #[serde(rename = "_unique_id")]
    unique_id: String,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    #[serde(rename = "oslo.version")]
    version: String,
    #[serde(rename = "oslo.message")]
    message: String,
}

/// The data of the steps.
pub(crate) struct Subject {
    context: Context,
    id: MessageId,
    reply_to: ReplyTo,
    request: PlainRequest,
    reply: PlainReply,
    request_bytes: Vec<u8>,
    reply_bytes: Vec<u8>,
}

impl Subject {
    pub(crate) fn new(size: usize) -> Result<Self> {
        let id = MessageId::unique();
        let queue = "reply_5c0a3c5d0f8e4e0fb5b6a7f7f1c2d3e4";
        let request = PlainRequest {
            method: "echo".to_owned(),
            args: Arguments { rows: rows(size) },
            version: "1.0".to_owned(),
            request_id: "req-3a5bd0e2-6d17-4f14-9c6d-0bc1e0f8a1f4".to_owned(),
            user: "alice".to_owned(),
            message_id: id.to_string(),
            reply_queue: queue.to_owned(),
            timeout: None,
            unique_id: MessageId::unique().to_string(),
        };
        let reply = PlainReply {
            result: rows(size),
            failure: None,
            ending: true,
            message_id: id.to_string(),
            unique_id: MessageId::unique().to_string(),
        };
        Ok(Self {
            context: Context::new()
                .with_request_id(&request.request_id)
                .with_user("alice"),
            id,
            reply_to: ReplyTo::new(queue, id.to_string()),
            request_bytes: seal(&request)?,
            reply_bytes: seal(&reply)?,
            request,
            reply,
        })
    }

    pub(crate) fn ours(&self, step: Step) -> Result<()> {
        match step {
            Step::EncodeRequest => {
                let mut encoder = RequestEncoder::new(&self.request.method);
                encoder.argument("rows", &self.request.args.rows)?;
                let version = Some(Version::new(1, 0));
                let body = encoder.finish(None, version, &self.context)?;
                black_box(body.call(self.id, &self.request.reply_queue, None));
            }
            Step::DecodeRequest => {
                let text = Request::open(&self.request_bytes)?;
                let request = Request::parse(&text)?;
                black_box(serde_json::from_str::<Arguments>(request.arguments())?);
                black_box(request.context::<Context>()?);
            }
            Step::EncodeReply => {
                black_box(wire::success(&self.reply_to, &self.reply.result)?);
            }
            Step::DecodeReply => {
                let reply = Reply::decode(&self.reply_bytes)?;
                black_box(reply.into_result::<Vec<Row>>()?);
            }
        }
        Ok(())
    }

    pub(crate) fn plain(&self, step: Step) -> Result<()> {
        match step {
            Step::EncodeRequest => {
                black_box(seal(&self.request)?);
            }
            Step::DecodeRequest => {
                let envelope: Envelope = serde_json::from_slice(&self.request_bytes)?;
                black_box(serde_json::from_str::<PlainRequest>(&envelope.message)?);
            }
            Step::EncodeReply => {
                black_box(seal(&self.reply)?);
            }
            Step::DecodeReply => {
                let envelope: Envelope = serde_json::from_slice(&self.reply_bytes)?;
                black_box(serde_json::from_str::<PlainReply>(&envelope.message)?);
            }
        }
        Ok(())
    }

    /// Reads without known types: first into values, then from the values into types.
    pub(crate) fn by_value(&self, step: Step) -> Result<()> {
        match step {
            Step::EncodeRequest | Step::EncodeReply => self.plain(step)?,
            Step::DecodeRequest => {
                let mut message = values(&self.request_bytes)?;
                black_box(take::<String>(&mut message, "method")?);
                black_box(take::<Arguments>(&mut message, "args")?);
                for key in ["version", "_msg_id", "_reply_q", "_unique_id"] {
                    black_box(take::<String>(&mut message, key)?);
                }
                black_box(take::<Option<f64>>(&mut message, "_timeout")?);
                let context = message.into_iter().filter_map(|(key, value)| {
                    let key = key.strip_prefix("_context_")?;
                    Some((key.to_owned(), value))
                });
                let context = Value::Object(context.collect());
                black_box(serde_json::from_value::<Context>(context)?);
            }
            Step::DecodeReply => {
                let mut message = values(&self.reply_bytes)?;
                black_box(take::<String>(&mut message, "_msg_id")?);
                black_box(take::<bool>(&mut message, "ending")?);
                black_box(take::<Option<String>>(&mut message, "failure")?);
                black_box(take::<Vec<Row>>(&mut message, "result")?);
            }
        }
        Ok(())
    }
}

fn values(bytes: &[u8]) -> Result<Map<String, Value>> {
    let envelope: Envelope = serde_json::from_slice(bytes)?;
    Ok(serde_json::from_str(&envelope.message)?)
}

fn take<T: DeserializeOwned>(message: &mut Map<String, Value>, key: &str) -> Result<T> {
    let value = message.remove(key).unwrap_or_default();
    Ok(serde_json::from_value(value)?)
}

fn seal(message: &impl Serialize) -> Result<Vec<u8>> {
    let envelope = Envelope {
        version: "2.0".to_owned(),
        message: serde_json::to_string(message)?,
    };
    Ok(serde_json::to_vec(&envelope)?)
}

/// Each has some 85 bytes of JSON.
fn rows(size: usize) -> Vec<Row> {
    let row = |id| Row {
        id,
        host: format!("compute-{id}.example.org"),
        note: "a \"quoted\" word".to_owned(),
    };
    (0..size as u64 / 85).map(row).collect()
}
