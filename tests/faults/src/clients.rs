//! The clients of a block: this library's in this process, or oslo.messaging's in a process of their own.

use std::time::Duration;

use tokio::time::Instant;

use crate::Result;
use crate::load::Load;
use crate::peer::PeerLoad;

/// The clients of a block.
#[derive(Debug)]
pub(crate) enum Clients {
    /// The clients of this library.
    Ours(Load),
    /// The clients of oslo.messaging.
    Oslo(PeerLoad),
}

impl Clients {
    /// The clients of this library. They know orders that oslo.messaging's do not.
    pub(crate) fn ours(&self) -> Result<&Load> {
        match self {
            Self::Ours(load) => Ok(load),
            Self::Oslo(_) => Err("oslo.messaging's clients are not told to do this".into()),
        }
    }

    /// Sends many requests at once, so that all resources of a load exist.
    pub(crate) async fn warm_up(&mut self) -> Result<()> {
        match self {
            Self::Ours(load) => {
                load.warm_up().await;
                Ok(())
            }
            Self::Oslo(peer) => peer.warm_up().await,
        }
    }

    /// Begins to send requests.
    pub(crate) async fn start(&mut self) -> Result<()> {
        match self {
            Self::Ours(load) => {
                load.start();
                Ok(())
            }
            Self::Oslo(peer) => peer.start().await,
        }
    }

    /// Sends no more requests. Those in flight continue.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        match self {
            Self::Ours(load) => {
                load.stop().await;
                Ok(())
            }
            Self::Oslo(peer) => peer.stop().await,
        }
    }

    /// Sends probes until every client has a reply from each of these servers, and from the topic. Returns the time of
    /// the last reply, or none if it took longer than `patience`.
    pub(crate) async fn probe(
        &mut self,
        servers: &[String],
        patience: Duration,
    ) -> Result<Option<Instant>> {
        match self {
            Self::Ours(load) => Ok(load.probe(servers, patience).await),
            Self::Oslo(peer) => peer.probe(servers, patience).await,
        }
    }

    /// Closes all transports.
    pub(crate) async fn close(self) -> Result<()> {
        match self {
            Self::Ours(load) => {
                load.close().await;
                Ok(())
            }
            Self::Oslo(peer) => peer.close().await,
        }
    }
}
