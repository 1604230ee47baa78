//! The client by hand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{FutureExt, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Confirmation, Connection, Consumer};
use tokio::sync::oneshot;

use super::messages::{Outgoing, ReplyTo};
use super::{Guarantee, TIMEOUT};
use crate::Result;
use crate::peer;

type Waiting = Mutex<HashMap<u64, oneshot::Sender<String>>>;

#[derive(Clone)]
pub(crate) struct Client(Arc<Inner>);

struct Inner {
    guarantee: Guarantee,
    channel: Channel,
    exchange: ShortString,
    requests: ShortString,
    replies: ShortString,
    next: AtomicU64,
    waiting: Arc<Waiting>,
    _connection: Connection,
}

pub(crate) async fn run(url: &str, guarantee: Guarantee) -> Result<()> {
    peer::drive(connect(url, guarantee).await?).await
}

/// A client with its connection, channels and reply queue.
pub(crate) async fn connect(url: &str, guarantee: Guarantee) -> Result<Client> {
    let connection = super::connect(url).await?;
    let channel = super::publishing(&connection, guarantee).await?;
    let consuming = connection.create_channel().await?;
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let queue = consuming
        .queue_declare(ShortString::default(), options, FieldTable::default())
        .await?;
    let consumer = consuming
        .basic_consume(
            queue.name().clone(),
            ShortString::default(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await?;
    let waiting = Arc::new(Waiting::default());
    tokio::spawn(read(guarantee, consuming, consumer, waiting.clone()));
    Ok(Client(Arc::new(Inner {
        guarantee,
        channel,
        exchange: ShortString::try_new(guarantee.exchange())?,
        requests: ShortString::try_new(guarantee.queue())?,
        replies: queue.name().clone(),
        next: AtomicU64::new(0),
        waiting,
        _connection: connection,
    })))
}

/// Reads replies. A caller whose reply cannot be read times out.
async fn read(
    guarantee: Guarantee,
    channel: Channel,
    mut replies: Consumer,
    waiting: Arc<Waiting>,
) {
    while let Some(Ok(delivery)) = replies.next().await {
        // The first poll queues the frame, so nothing needs to be awaited.
        let _ = channel
            .basic_ack(delivery.delivery_tag, BasicAckOptions::default())
            .now_or_never();
        match guarantee.form().read_reply(&delivery) {
            Ok((id, result)) => {
                // The caller may have given up. The other callers must not fail for that.
                let _ = lock(&waiting).remove(&id).map(|waiter| waiter.send(result));
            }
            Err(error) => eprintln!("a reply cannot be read: {error}"),
        }
    }
}

impl crate::load::Client for Client {
    async fn call(&self, text: &str) -> Result<usize> {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (answer, reply) = oneshot::channel();
        lock(&self.0.waiting).insert(id, answer);
        let reply_to = ReplyTo {
            queue: self.0.replies.clone(),
            id: ShortString::try_new(id.to_string())?,
        };
        let exchange = async {
            // The confirm comes while the server handles the request.
            let published = self.publish("echo", text, Some(reply_to));
            let ((), result) = tokio::try_join!(published, async { Ok(reply.await?) })?;
            Ok(result.len())
        };
        match tokio::time::timeout(TIMEOUT, exchange).await {
            Ok(done) => done,
            Err(late) => {
                lock(&self.0.waiting).remove(&id);
                Err(late.into())
            }
        }
    }

    async fn cast(&self, text: &str) -> Result<()> {
        self.publish("note", text, None).await
    }
}

impl Client {
    async fn publish(&self, method: &str, text: &str, reply_to: Option<ReplyTo>) -> Result<()> {
        let guarantee = self.0.guarantee;
        let Outgoing { properties, body } = guarantee.form().request(method, text, reply_to)?;
        let options = BasicPublishOptions {
            mandatory: guarantee == Guarantee::OsloForm,
            ..BasicPublishOptions::default()
        };
        let published = self.0.channel.basic_publish(
            self.0.exchange.clone(),
            self.0.requests.clone(),
            options,
            &body,
            properties,
        );
        if !guarantee.confirms() {
            // The first poll queues the frames. Waiting until they are written would give no further information.
            return match published.now_or_never() {
                Some(Err(error)) => Err(error.into()),
                _ => Ok(()),
            };
        }
        match published.await?.await? {
            Confirmation::Nack(_) => Err("the broker could not take the request".into()),
            _ => Ok(()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
