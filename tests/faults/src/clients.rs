//! The clients of a block: this library's, in this process, or oslo.messaging's in one of their own.

use std::time::Duration;

use tokio::time::Instant;

use crate::Result;
use crate::load::Load;
use crate::peer::PeerLoad;

/// Either of them.
#[derive(Debug)]
pub(crate) enum Clients {
    /// This library's.
    Ours(Load),
    /// oslo.messaging's.
    Oslo(PeerLoad),
}

impl Clients {
    /// This library's, which do more than others can be told to.
    pub(crate) fn ours(&self) -> Result<&Load> {
        match self {
            Self::Ours(load) => Ok(load),
            Self::Oslo(_) => Err("oslo.messaging's clients are not told to do this".into()),
        }
    }

    /// Many requests at once, so that all is there that a load brings with it.
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

    /// Sends nothing more. What was sent goes on.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        match self {
            Self::Ours(load) => {
                load.stop().await;
                Ok(())
            }
            Self::Oslo(peer) => peer.stop().await,
        }
    }

    /// Probes until every client was answered by each of these servers, and over the topic: when the
    /// last of them was, or none if that took longer than `patience`.
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
