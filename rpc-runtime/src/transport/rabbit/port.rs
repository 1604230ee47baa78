//! One connection's way out and in, as all have it who use it: lapin, the [pump](super::pump), and who
//! publishes and acknowledges. It ends once, and for all of them.

use std::sync::Arc;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::watch;

use super::fault::Fault;
use super::login::Credentials;
use super::outbound::Outbound;
use super::pipe::{End, Pipe};

/// A connection's bytes, both ways.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) outbound: Outbound,
    /// What lapin reads.
    pub(super) pipe: Pipe,
    /// Whether it has ended.
    ended: watch::Sender<bool>,
}

impl Port {
    pub(super) fn new(tcp: Option<Arc<OwnedWriteHalf>>, credentials: Option<Credentials>) -> Self {
        Self {
            outbound: Outbound::new(tcp, credentials),
            pipe: Pipe::default(),
            ended: watch::Sender::new(false),
        }
    }

    /// Sends whole frames of ours; see [`Outbound::send`].
    pub(super) fn send(&self, now: bool, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault> {
        self.outbound.send(now, write)
    }

    /// The broker sends nothing more, and is sent nothing more.
    pub(super) fn end(&self, end: End) {
        self.pipe.end(end);
        self.outbound.abort();
        self.ended.send_replace(true);
    }

    /// Breaks the connection off, from wherever: whatever waits on it fails at once.
    pub(super) fn abort(&self) {
        self.pipe.abort();
        self.outbound.abort();
        self.ended.send_replace(true);
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    pub(super) fn watch_end(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }
}

/// Breaks a connection off, unless disarmed.
pub(super) struct AbortOnDrop(Option<Arc<Port>>);

impl AbortOnDrop {
    pub(super) fn new(port: Arc<Port>) -> Self {
        Self(Some(port))
    }

    pub(super) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(port) = &self.0 {
            port.abort();
        }
    }
}
