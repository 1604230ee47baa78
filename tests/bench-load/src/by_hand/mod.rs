//! Clients and servers by hand on lapin and `serde_json`, without overhead. They show what types and guarantees cost.
//!
//! Both ends know the name of the request queue. Each request names the reply queue. Replies are matched by an id. Each
//! delivery is acknowledged, without waiting until the frame is written. Each call has a timeout. No variant survives a
//! lost connection, recognises a repeated request, or waits for a missing queue.
//!
//! Variants A, B and C send short messages over the default exchange. D sends what oslo.messaging sends, over a topic
//! exchange, so that D and B differ by the form of the messages, and D and this library by the guarantees.

pub(crate) mod client;
mod messages;
pub(crate) mod server;

use std::time::Duration;

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection, ConnectionProperties};

use crate::Result;
use messages::Form;

/// The timeout of a call.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The topic exchange of variant D.
const EXCHANGE: &str = "bench-by-hand";

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
    /// D: as B, with messages in oslo.messaging's form. Requests and replies are mandatory. A returned request counts as
    /// confirmed, and a returned reply is reported as lost.
    OsloForm,
}

impl Guarantee {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "lapin-a" => Some(Self::None),
            "lapin-b" => Some(Self::Confirmed),
            "lapin-c" => Some(Self::MandatoryReplies),
            "lapin-d" => Some(Self::OsloForm),
            _ => None,
        }
    }

    fn queue(self) -> String {
        format!("bench-by-hand-{self:?}")
    }

    fn confirms(self) -> bool {
        self != Self::None
    }

    fn form(self) -> Form {
        match self {
            Self::OsloForm => Form::Oslo,
            _ => Form::Short,
        }
    }

    /// The exchange of the requests.
    fn exchange(self) -> &'static str {
        match self {
            Self::OsloForm => EXCHANGE,
            _ => "",
        }
    }
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
