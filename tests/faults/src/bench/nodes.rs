//! Faults of the brokers themselves.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Bench;
use crate::Result;
use crate::brokers::Brokers;
use crate::ledger::Replay;
use crate::node::Node;
use crate::queues::Queues;
use crate::schedule::Planned;

/// A durable classic queue writes acknowledgements to its disk at most this long after they came. It does not confirm
/// that, so the ledger cannot know which were written.
const FORGOTTEN: Duration = Duration::from_secs(1);

/// In a cluster, the node of a connection forwards acknowledgements to the leader of the queue, and the leader to the
/// other nodes, at most this long after they came. Nothing reports that this is done.
const UNDER_WAY: Duration = Duration::from_millis(100);

impl Bench<'_> {
    /// A single node is started again at once. In a cluster, the other nodes continue, and [`Bench::mend`] starts the
    /// node.
    pub(super) async fn kill_node(&mut self, fault: &Planned) -> Result<Instant> {
        let began = Instant::now();
        let many = self.brokers.are_many();
        let struck = self.brokers.struck(fault.detail);
        let Some(node) = self.brokers.nodes_mut().get_mut(struck) else {
            return Err("there is no node".into());
        };
        node.kill().await?;
        if many {
            self.killed = Some(struck);
            self.replay(
                "a killed node takes acknowledgements along",
                began,
                UNDER_WAY,
            );
            return Ok(began);
        }
        sleep(fault.lasting).await;
        node.restart().await?;
        match self.queues {
            Queues::Transient => self.lose("queues lost with the node", began, usize::MAX),
            Queues::Durable => self.replay(
                "a killed node forgets the last acknowledgements",
                began,
                FORGOTTEN,
            ),
            Queues::Quorum | Queues::Streams => {}
        }
        Ok(Instant::now())
    }

    /// Repairs what a fault left for later. Returns whether there was something to repair.
    pub(crate) async fn mend(&mut self) -> Result<bool> {
        let Some(killed) = self.killed.take() else {
            return Ok(false);
        };
        let node = self.brokers.nodes_mut().get_mut(killed);
        node.ok_or("there is no such node")?.restart().await?;
        self.await_replicas().await?;
        Ok(true)
    }

    /// Stops each node in an orderly way and starts it again, one after the other.
    pub(super) async fn restart_nodes(&mut self) -> Result<Instant> {
        let began = Instant::now();
        for at in 0..self.brokers.nodes().len() {
            if let Some(node) = self.brokers.nodes_mut().get_mut(at) {
                node.stop().await?;
                node.restart().await?;
            }
            self.await_replicas().await?;
        }
        self.replay(
            "a node that stops takes acknowledgements along",
            began,
            UNDER_WAY,
        );
        Ok(Instant::now())
    }

    async fn await_replicas(&self) -> Result<()> {
        match &*self.brokers {
            Brokers::One(_) => Ok(()),
            Brokers::Three(cluster) => cluster.await_replicas().await,
        }
    }

    pub(super) async fn pause_node(&self, fault: &Planned) -> Result<Instant> {
        let struck = self.struck(fault);
        struck.pause()?;
        sleep(fault.lasting).await;
        struck.resume()?;
        Ok(Instant::now())
    }

    pub(super) async fn raise_alarm(&self, fault: &Planned) -> Result<Instant> {
        let struck = self.struck(fault);
        struck.memory_alarm(true).await?;
        sleep(fault.lasting).await;
        struck.memory_alarm(false).await?;
        Ok(Instant::now())
    }

    /// The broker closes all connections.
    pub(super) async fn close_all(&self) -> Result<Instant> {
        let began = Instant::now();
        self.node().close_all_connections().await?;
        Ok(began)
    }

    /// The node that a fault affects.
    fn struck(&self, fault: &Planned) -> &Node {
        let struck = self.brokers.nodes().get(self.brokers.struck(fault.detail));
        struck.unwrap_or(self.brokers.node())
    }

    /// Records that requests that were acknowledged from `before` the fault until now may be delivered again.
    fn replay(&self, what: &str, began: Instant, before: Duration) {
        self.ledger.replay(Replay {
            what: what.to_owned(),
            from: began.checked_sub(before).unwrap_or(began),
            to: Instant::now(),
        });
    }
}
