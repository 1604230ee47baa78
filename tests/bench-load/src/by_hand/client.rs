//! The client by hand.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Consumer};
use tokio::sync::oneshot;

use super::{Arguments, Guarantee, Reply, Request};
use crate::Result;
use crate::peer;

const TIMEOUT: Duration = Duration::from_secs(60);

type Waiting = Mutex<HashMap<u64, oneshot::Sender<Vec<u8>>>>;

#[derive(Clone)]
pub(crate) struct Client(Arc<Inner>);

struct Inner {
    guarantee: Guarantee,
    channel: Channel,
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
    tokio::spawn(read(consuming, consumer, waiting.clone()));
    Ok(Client(Arc::new(Inner {
        guarantee,
        channel,
        requests: ShortString::try_new(guarantee.queue())?,
        replies: queue.name().clone(),
        next: AtomicU64::new(0),
        waiting,
        _connection: connection,
    })))
}

async fn read(channel: Channel, mut replies: Consumer, waiting: Arc<Waiting>) {
    while let Some(Ok(delivery)) = replies.next().await {
        // The first poll queues the frame, so nothing needs to be awaited.
        let _ = channel
            .basic_ack(delivery.delivery_tag, BasicAckOptions::default())
            .now_or_never();
        let id = delivery.properties.correlation_id().as_ref();
        let id = id.and_then(|id| id.as_str().parse().ok());
        let waiter = id.and_then(|id: u64| lock(&waiting).remove(&id));
        if let Some(waiter) = waiter {
            // The caller may have given up. The other callers must not fail for that.
            let _ = waiter.send(delivery.data);
        }
    }
}

impl crate::load::Client for Client {
    async fn call(&self, text: &str) -> Result<usize> {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (answer, reply) = oneshot::channel();
        lock(&self.0.waiting).insert(id, answer);
        let properties = BasicProperties::default()
            .with_correlation_id(ShortString::try_new(id.to_string())?)
            .with_reply_to(self.0.replies.clone());
        let exchange = async {
            // The confirm comes while the server handles the request.
            let published = self.publish("echo", text, properties);
            let ((), reply) = tokio::try_join!(published, async { Ok(reply.await?) })?;
            let reply: Reply<String> = serde_json::from_slice(&reply)?;
            Ok(reply.result.len())
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
        self.publish("note", text, BasicProperties::default()).await
    }
}

impl Client {
    async fn publish(&self, method: &str, text: &str, properties: BasicProperties) -> Result<()> {
        let text = Cow::Borrowed(text);
        let args = Arguments { text };
        let body = serde_json::to_vec(&Request { method, args })?;
        let published = self.0.channel.basic_publish(
            ShortString::default(),
            self.0.requests.clone(),
            BasicPublishOptions::default(),
            &body,
            properties,
        );
        if !self.0.guarantee.confirms() {
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
