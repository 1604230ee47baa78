//! Clients and servers by hand on lapin and `serde_json`, without overhead. They show what types and guarantees cost.
//!
//! All variants have a request queue on the default exchange. Both ends know its name and the reply queue's. Replies
//! are matched by correlation id. JSON bodies are read without a copy if the text allows it. Each delivery is
//! acknowledged, without waiting until the frame is written. Each call has a timeout. No variant survives a lost
//! connection, recognises a repeated request, or waits for a missing queue.

pub(crate) mod client;
pub(crate) mod server;

use std::borrow::Cow;

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection, ConnectionProperties};
use serde::{Deserialize, Serialize};

use crate::Result;

/// The guarantees of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guarantee {
    /// A: none. If the broker loses a request or a reply, the call times out.
    None,
    /// B: the broker confirms requests and replies. It also confirms a message without a queue, which is lost. All
    /// requests share a channel, and all replies share another.
    Confirmed,
    /// C: as B, and a reply whose queue is missing is returned to the server. lapin may match a returned message with
    /// any confirm on its channel, so a reply has a channel of its own until it is confirmed.
    MandatoryReplies,
}

impl Guarantee {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "lapin-a" => Some(Self::None),
            "lapin-b" => Some(Self::Confirmed),
            "lapin-c" => Some(Self::MandatoryReplies),
            _ => None,
        }
    }

    fn queue(self) -> String {
        format!("bench-by-hand-{self:?}")
    }

    fn confirms(self) -> bool {
        self != Self::None
    }
}

#[derive(Serialize, Deserialize)]
struct Request<'a> {
    method: &'a str,
    #[serde(borrow)]
    args: Arguments<'a>,
}

#[derive(Serialize, Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Reply<T> {
    result: T,
}

/// Connects. `rabbit://` means the same as `amqp://`.
async fn connect(url: &str) -> Result<Connection> {
    let uri = url.replacen("rabbit://", "amqp://", 1);
    let uri = format!("{uri}?heartbeat=60&frame_max=131072");
    Ok(Connection::connect(&uri, ConnectionProperties::default()).await?)
}

/// A channel to publish on.
async fn publishing(connection: &Connection, guarantee: Guarantee) -> Result<Channel> {
    let channel = connection.create_channel().await?;
    if guarantee.confirms() {
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
    }
    Ok(channel)
}
