//! What one would write by hand on lapin and `serde_json`, as tight as it goes: the measure for what types
//! and guarantees cost.
//!
//! All variants: a request queue on the default exchange, its name and the reply's known to both ends; replies
//! matched by correlation id; JSON bodies read without a copy where the text allows; each delivery acknowledged,
//! without waiting for the frame to be written; a timeout on each call. None survives a lost connection, knows a
//! request twice, or waits for a queue that is not there yet.

pub(crate) mod client;
pub(crate) mod server;

use std::borrow::Cow;

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection, ConnectionProperties};
use serde::{Deserialize, Serialize};

use crate::Result;

/// What a variant knows of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guarantee {
    /// A: nothing. A request or reply that the broker loses is a timeout.
    None,
    /// B: the broker has confirmed requests and replies. One for which there is no queue is confirmed too, and
    /// gone. Requests share a channel, and so do replies.
    Confirmed,
    /// C: B, and a reply whose queue is gone comes back to the server. lapin may give what came back to any
    /// confirm that waits on its channel, so a reply has its channel to itself until it is confirmed.
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

/// Connects; `rabbit://` says the same as `amqp://`.
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
