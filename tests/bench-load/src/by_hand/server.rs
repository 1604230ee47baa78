//! The server by hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{FutureExt, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, PublisherConfirm};
use tokio::sync::Semaphore;

use super::{Guarantee, Reply, Request};
use crate::Result;
use crate::peer::{self, Handled};

/// Above about 32, the value makes no difference.
const PREFETCH: u16 = 100;
/// More channels cost more than they save.
const LEASED: usize = 16;

pub(crate) async fn run(url: &str, guarantee: Guarantee) -> Result<()> {
    let connection = super::connect(url).await?;
    let consuming = connection.create_channel().await?;
    consuming
        .basic_qos(PREFETCH, BasicQosOptions::default())
        .await?;
    let options = QueueDeclareOptions {
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let name = ShortString::try_new(guarantee.queue())?;
    consuming
        .queue_declare(name.clone(), options, FieldTable::default())
        .await?;
    let mut requests = consuming
        .basic_consume(
            name,
            ShortString::default(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await?;

    let replies = Arc::new(Replies::new(&connection, guarantee).await?);
    let handled = Handled::default();
    let counted = handled.clone();
    let work = async move {
        while let Some(delivery) = requests.next().await {
            let delivery = delivery?;
            // Acknowledged before the request runs, as in oslo.messaging, so that it does not run again.
            let _ = consuming
                .basic_ack(delivery.delivery_tag, BasicAckOptions::default())
                .now_or_never();
            let request: Request<'_> = serde_json::from_slice(&delivery.data)?;
            let result = match request.method {
                "echo" | "note" => request.args.text,
                other => return Err(format!("no such method: {other}").into()),
            };
            counted.one_more();
            let properties = &delivery.properties;
            if let (Some(queue), Some(id)) = (properties.reply_to(), properties.correlation_id()) {
                let body = serde_json::to_vec(&Reply { result })?;
                replies.send(queue.clone(), id.clone(), body)?;
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = work => ended,
        told = peer::serve("-", handled) => told,
    }
}

struct Replies {
    guarantee: Guarantee,
    shared: Channel,
    leased: Mutex<Vec<Channel>>,
    permits: Semaphore,
}

impl Replies {
    async fn new(connection: &Connection, guarantee: Guarantee) -> Result<Self> {
        let mut leased = Vec::new();
        if guarantee == Guarantee::MandatoryReplies {
            for _ in 0..LEASED {
                leased.push(super::publishing(connection, guarantee).await?);
            }
        }
        Ok(Self {
            guarantee,
            shared: super::publishing(connection, guarantee).await?,
            permits: Semaphore::new(leased.len()),
            leased: Mutex::new(leased),
        })
    }

    /// Sends a reply. With confirms, a task waits for the confirm.
    fn send(self: &Arc<Self>, queue: ShortString, id: ShortString, body: Vec<u8>) -> Result<()> {
        if !self.guarantee.confirms() {
            return match publish(&self.shared, queue, id, &body, false).now_or_never() {
                Some(Err(error)) => Err(error.into()),
                _ => Ok(()),
            };
        }
        let replies = self.clone();
        tokio::spawn(async move {
            if let Err(error) = replies.confirmed(queue, id, &body).await {
                eprintln!("a reply is lost: {error}");
            }
        });
        Ok(())
    }

    async fn confirmed(&self, queue: ShortString, id: ShortString, body: &[u8]) -> Result<()> {
        let confirmation = if self.guarantee == Guarantee::MandatoryReplies {
            let _permit = self.permits.acquire().await?;
            let channel = self.leased().pop().ok_or("more permits than channels")?;
            let confirmation = publish(&channel, queue, id, body, true).await?.await?;
            self.leased().push(channel);
            confirmation
        } else {
            publish(&self.shared, queue, id, body, false).await?.await?
        };
        match confirmation {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => Err("its queue is gone".into()),
            _ => Err("the broker could not take it".into()),
        }
    }

    fn leased(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.leased.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn publish(
    channel: &Channel,
    queue: ShortString,
    id: ShortString,
    body: &[u8],
    mandatory: bool,
) -> lapin::Result<PublisherConfirm> {
    let options = BasicPublishOptions {
        mandatory,
        ..BasicPublishOptions::default()
    };
    let properties = BasicProperties::default().with_correlation_id(id);
    channel
        .basic_publish(ShortString::default(), queue, options, body, properties)
        .await
}
