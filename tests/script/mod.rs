//! A driver that passes requests of a test to a server, and the server's replies to the test.
//!
//! It is also an example of a driver outside of the library.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use rpc_runtime::transport::{
    Arrival, CallTerms, Driver, Incoming, ListenTerms, Listener, Responder, SendTerms,
};
use rpc_runtime::wire::{Reply, ReplyTo, RequestBody};
use rpc_runtime::{Error, Result, Target, Transport};
use tokio::sync::{Mutex, mpsc};

/// Requests, each with whether the acknowledgement succeeds.
pub(crate) type Requests = mpsc::Sender<(Bytes, bool)>;
pub(crate) type Replies = mpsc::UnboundedReceiver<(ReplyTo, Bytes)>;

/// A transport for one server, with the test's ends of its channels.
pub(crate) fn transport() -> (Transport, Requests, Replies) {
    let (requests, to_serve) = mpsc::channel(1024);
    let (replied, replies) = mpsc::unbounded_channel();
    let driver = Script {
        requests: Mutex::new(Some(to_serve)),
        replies: replied,
    };
    (Transport::from_driver(driver), requests, replies)
}

#[derive(Debug)]
struct Script {
    requests: Mutex<Option<mpsc::Receiver<(Bytes, bool)>>>,
    replies: mpsc::UnboundedSender<(ReplyTo, Bytes)>,
}

#[async_trait]
impl Driver for Script {
    async fn send(&self, _: &Target, _: RequestBody, _: &SendTerms) -> Result<()> {
        Err(Error::new_closed())
    }
    async fn call(&self, _: &Target, _: RequestBody, _: &CallTerms) -> Result<Reply> {
        Err(Error::new_closed())
    }
    async fn listen(&self, _: &Target, _: &ListenTerms) -> Result<Box<dyn Listener>> {
        let requests = self
            .requests
            .lock()
            .await
            .take()
            .ok_or(Error::new_closed())?;
        let listener: Box<dyn Listener> = Box::new(Scripted {
            requests,
            replies: self.replies.clone(),
        });
        Ok(listener)
    }
    async fn close(&self) {}
}

struct Scripted {
    requests: mpsc::Receiver<(Bytes, bool)>,
    replies: mpsc::UnboundedSender<(ReplyTo, Bytes)>,
}

#[async_trait]
impl Listener for Scripted {
    async fn next(&mut self) -> Option<Arrival> {
        let (body, taken) = self.requests.recv().await?;
        if !taken {
            let why = "its connection has ended".into();
            return Some(Arrival::InDoubt { body, why });
        }
        let delivery = Way {
            replies: self.replies.clone(),
        };
        Some(Arrival::Request(Incoming::new(body, Arc::new(delivery))))
    }
    async fn close(&mut self) {
        self.requests.close();
    }
}

#[derive(Debug)]
struct Way {
    replies: mpsc::UnboundedSender<(ReplyTo, Bytes)>,
}

#[async_trait]
impl Responder for Way {
    async fn reply(self: Arc<Self>, to: &ReplyTo, body: Bytes) -> Result<()> {
        self.replies
            .send((to.clone(), body))
            .map_err(|_| Error::new_closed())
    }
}
