//! A driver that hands a server what a test puts in, and the test what the server sends.
//!
//! It also shows what it takes to bring a driver of one's own.

use std::sync::Arc;

use bytes::Bytes;
use rpc_runtime::transport::{
    Arrival, CallTerms, Driver, Incoming, ListenTerms, Listener, Responder, SendTerms,
};
use rpc_runtime::wire::{Reply, ReplyTo, RequestBody};
use rpc_runtime::{BoxFuture, Error, Result, Target, Transport};
use tokio::sync::{Mutex, mpsc};

/// Requests, each with whether it could be taken.
pub(crate) type Requests = mpsc::Sender<(Bytes, bool)>;
pub(crate) type Replies = mpsc::UnboundedReceiver<(ReplyTo, Bytes)>;

/// A transport for one server, and its other ends.
pub(crate) fn transport() -> (Transport, Requests, Replies) {
    let (requests, to_serve) = mpsc::channel(16);
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

impl Driver for Script {
    fn send<'a>(
        &'a self,
        _: &'a Target,
        _: RequestBody,
        _: &'a SendTerms,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(Error::Closed) })
    }
    fn call<'a>(
        &'a self,
        _: &'a Target,
        _: RequestBody,
        _: &'a CallTerms,
    ) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async { Err(Error::Closed) })
    }
    fn listen<'a>(
        &'a self,
        _: &'a Target,
        _: &'a ListenTerms,
    ) -> BoxFuture<'a, Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let requests = self.requests.lock().await.take().ok_or(Error::Closed)?;
            let listener: Box<dyn Listener> = Box::new(Scripted {
                requests,
                replies: self.replies.clone(),
            });
            Ok(listener)
        })
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

struct Scripted {
    requests: mpsc::Receiver<(Bytes, bool)>,
    replies: mpsc::UnboundedSender<(ReplyTo, Bytes)>,
}

impl Listener for Scripted {
    fn next(&mut self) -> BoxFuture<'_, Option<Arrival>> {
        Box::pin(async move {
            let (body, taken) = self.requests.recv().await?;
            if !taken {
                let why = "its connection has ended".into();
                return Some(Arrival::InDoubt { body, why });
            }
            let delivery = Way {
                replies: self.replies.clone(),
            };
            Some(Arrival::Request(Incoming::new(body, Arc::new(delivery))))
        })
    }
    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.requests.close();
        })
    }
}

#[derive(Debug)]
struct Way {
    replies: mpsc::UnboundedSender<(ReplyTo, Bytes)>,
}

impl Responder for Way {
    fn reply(self: Arc<Self>, to: &ReplyTo, body: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.replies
                .send((to.clone(), body))
                .map_err(|_| Error::Closed)
        })
    }
}
