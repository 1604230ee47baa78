//! The server by hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{FutureExt, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Confirmation, Connection, ExchangeKind, PublisherConfirm};
use tokio::sync::Semaphore;

use super::Guarantee;
use super::messages::{Outgoing, ReplyTo};
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
    if guarantee == Guarantee::OsloForm {
        bind(&consuming, guarantee, &name).await?;
    }
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
            let request = guarantee.form().read_request(&delivery)?;
            let result = match request.method.as_ref() {
                "echo" | "note" => request.text,
                other => return Err(format!("no such method: {other}").into()),
            };
            counted.one_more();
            if let Some(ReplyTo { queue, id }) = request.reply_to {
                replies.send(queue, guarantee.form().reply(id, &result)?)?;
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = work => ended,
        told = peer::serve("-", handled) => told,
    }
}

/// Binds the queue to a topic exchange by its own name, as oslo.messaging's server does.
async fn bind(channel: &Channel, guarantee: Guarantee, queue: &ShortString) -> Result<()> {
    let exchange = ShortString::try_new(guarantee.exchange())?;
    let options = ExchangeDeclareOptions {
        auto_delete: true,
        ..ExchangeDeclareOptions::default()
    };
    channel
        .exchange_declare(
            exchange.clone(),
            ExchangeKind::Topic,
            options,
            FieldTable::default(),
        )
        .await?;
    channel
        .queue_bind(
            queue.clone(),
            exchange,
            queue.clone(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await?;
    Ok(())
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
    fn send(self: &Arc<Self>, queue: ShortString, reply: Outgoing) -> Result<()> {
        if !self.guarantee.confirms() {
            return match publish(&self.shared, queue, reply, false).now_or_never() {
                Some(Err(error)) => Err(error.into()),
                _ => Ok(()),
            };
        }
        let replies = self.clone();
        tokio::spawn(async move {
            if let Err(error) = replies.confirmed(queue, reply).await {
                eprintln!("a reply is lost: {error}");
            }
        });
        Ok(())
    }

    async fn confirmed(&self, queue: ShortString, reply: Outgoing) -> Result<()> {
        let confirmation = if self.guarantee == Guarantee::MandatoryReplies {
            let _permit = self.permits.acquire().await?;
            let channel = self.leased().pop().ok_or("more permits than channels")?;
            let confirmation = publish(&channel, queue, reply, true).await?.await?;
            self.leased().push(channel);
            confirmation
        } else {
            let mandatory = self.guarantee == Guarantee::OsloForm;
            publish(&self.shared, queue, reply, mandatory)
                .await?
                .await?
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
    reply: Outgoing,
    mandatory: bool,
) -> lapin::Result<PublisherConfirm> {
    let options = BasicPublishOptions {
        mandatory,
        ..BasicPublishOptions::default()
    };
    let Outgoing { properties, body } = reply;
    channel
        .basic_publish(ShortString::default(), queue, options, &body, properties)
        .await
}
