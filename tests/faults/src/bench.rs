//! The bench of one block of faults: a node, its two proxies, the servers; and how each fault is applied
//! there and taken back.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Result;
use crate::brokers::{Brokers, Side};
use crate::fault::Kind;
use crate::ledger::{Ledger, Loss, Replay};
use crate::node::Node;
use crate::proxy::{Direction, End, Flow};
use crate::schedule::Planned;
use crate::servers::{Recipe, ServerProcess};

/// A durable classic queue writes acknowledgements to its disk this long after they came, at most. They
/// are not confirmed, so nobody can know which were.
const FORGOTTEN: Duration = Duration::from_secs(1);

/// In a cluster, the node of a connection passes acknowledgements on to the one that leads the queue, and that one to
/// the others, this long after they came, at most. Nobody is told when it is done.
const UNDER_WAY: Duration = Duration::from_millis(100);

/// How the queues of a block are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queues {
    /// As oslo.messaging does by default: gone when the broker restarts.
    Transient,
    /// Durable classic queues.
    Durable,
    /// Quorum queues, those for replies too.
    Quorum,
}

impl Queues {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Transient, Self::Durable, Self::Quorum];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Durable => "durable",
            Self::Quorum => "quorum",
        }
    }

    /// Whether such queues can stand this, with so many nodes.
    #[must_use]
    pub fn stand(self, kind: Kind, nodes: usize) -> bool {
        // RabbitMQ 3.10 starts no process for a quorum queue that was deleted and declared anew before the
        // crash: on a single node, it refuses all who want to consume it; in a cluster, it has one replica less.
        let deletes = matches!(kind, Kind::ReplyQueueDeleted | Kind::TopicQueueDeleted);
        match (self, nodes) {
            (Self::Quorum, 1) => kind != Kind::NodeKilled,
            (Self::Quorum, _) => !deletes,
            // They are gone with their node, for as long as it is.
            (Self::Transient | Self::Durable, nodes) => nodes == 1,
        }
    }

    /// The options of a transport URL.
    #[must_use]
    pub fn options(self) -> &'static str {
        match self {
            Self::Transient => "amqp_durable_queues=false",
            Self::Durable => "amqp_durable_queues=true",
            Self::Quorum => crate::cluster::QUORUM,
        }
    }
}

/// Where faults are applied.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) brokers: &'a mut Brokers,
    pub(crate) clients: &'a Side,
    pub(crate) servers: &'a Side,
    pub(crate) processes: Vec<ServerProcess>,
    pub(crate) recipe: Recipe,
    pub(crate) queues: Queues,
    pub(crate) ledger: Arc<Ledger>,
    /// How many server processes there have been.
    pub(crate) started: u32,
    /// The node of a cluster that is to be started again.
    pub(crate) killed: Option<usize>,
}

impl Bench<'_> {
    /// Starts a server of this name.
    pub(crate) fn add_server(&mut self, name: &str) -> Result<()> {
        self.started += 1;
        let ledger = self.ledger.clone();
        let server = ServerProcess::spawn(&self.recipe, name, self.started, ledger)?;
        self.processes.push(server);
        Ok(())
    }

    /// The servers that run.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |server: &ServerProcess| server.name().to_owned();
        self.processes.iter().map(name).collect()
    }

    /// Lets a fault come and go. Gives the moment from which on all could work again.
    pub(crate) async fn apply(&mut self, fault: &Planned) -> Result<Instant> {
        let began = Instant::now();
        match fault.kind {
            Kind::ClientsReset => self.clients.end(End::Reset),
            Kind::ServersReset => self.servers.end(End::Reset),
            Kind::ClientsCutMidFrame => {
                cut(self.clients, Direction::Up, fault).await;
                return Ok(Instant::now());
            }
            Kind::ServersCutMidFrame => {
                cut(self.servers, Direction::Down, fault).await;
                return Ok(Instant::now());
            }
            Kind::ClientsHalfOpen => self.clients.abandon(),
            Kind::ServersHalfOpen => self.servers.abandon(),
            Kind::ClientsBlackholed => {
                self.clients.flow_both(Flow::Hold);
                sleep(fault.lasting).await;
                self.clients.heal();
                return Ok(Instant::now());
            }
            Kind::ClientsRefused => {
                self.clients.refuse(true);
                self.clients.end(End::Reset);
                sleep(fault.lasting).await;
                self.clients.heal();
                return Ok(Instant::now());
            }
            Kind::NodeKilled => return self.kill_node(fault, began).await,
            Kind::NodePaused => {
                let struck = self.struck(fault);
                struck.pause()?;
                sleep(fault.lasting).await;
                struck.resume()?;
                return Ok(Instant::now());
            }
            Kind::ServerKilled => {
                let at = fault.detail % self.processes.len().max(1) as u64;
                let victim = self.processes.remove(usize::try_from(at)?);
                let (name, id) = (victim.name().to_owned(), victim.id());
                victim.kill().await?;
                // It runs no more at once, with what it had taken and not yet begun.
                let begun = self.ledger.unfinished(id);
                let taken = self.recipe.concurrency.saturating_sub(begun);
                self.lose("taken by a killed server", began, taken);
                self.add_server(&name)?;
                return Ok(Instant::now());
            }
            Kind::AllClosed => self.node().close_all_connections().await?,
            Kind::Alarm => {
                let struck = self.struck(fault);
                struck.memory_alarm(true).await?;
                sleep(fault.lasting).await;
                struck.memory_alarm(false).await?;
                return Ok(Instant::now());
            }
            Kind::ReplyQueueDeleted => {
                let mut queues = self.node().queues().await?;
                queues.retain(|queue| queue.starts_with("reply_"));
                queues.sort();
                let at = usize::try_from(fault.detail % queues.len().max(1) as u64)?;
                if let Some(queue) = queues.get(at) {
                    self.node().delete_queue(queue).await?;
                }
            }
            Kind::TopicQueueDeleted => {
                let held = self.node().delete_queue(&self.recipe.topic).await?;
                // What came meanwhile may not have been counted.
                let coming = self.ledger.under_way_since(began);
                self.lose("in the deleted queue", began, held + coming);
            }
            Kind::ExchangeDeleted => {
                let exchange = &self.recipe.exchange;
                self.node().delete_exchange(exchange).await?;
            }
        }
        Ok(began)
    }

    /// A node alone is started again; in a cluster, the others go on, and it comes back by `mend`.
    async fn kill_node(&mut self, fault: &Planned, began: Instant) -> Result<Instant> {
        let many = self.brokers.are_many();
        let struck = self.brokers.struck(fault.detail);
        let Some(node) = self.brokers.nodes_mut().get_mut(struck) else {
            return Err("there is no node".into());
        };
        node.kill().await?;
        if many {
            self.killed = Some(struck);
            self.ledger.replay(Replay {
                what: "a killed node takes acknowledgements along".to_owned(),
                from: began.checked_sub(UNDER_WAY).unwrap_or(began),
                to: Instant::now(),
            });
            return Ok(began);
        }
        sleep(fault.lasting).await;
        node.restart().await?;
        match self.queues {
            Queues::Transient => self.lose("queues lost with the node", began, usize::MAX),
            Queues::Durable => self.ledger.replay(Replay {
                what: "a killed node forgets the last acknowledgements".to_owned(),
                from: began.checked_sub(FORGOTTEN).unwrap_or(began),
                to: Instant::now(),
            }),
            Queues::Quorum => {}
        }
        Ok(Instant::now())
    }

    /// Brings back what a fault left for later. True if there was something.
    pub(crate) async fn mend(&mut self) -> Result<bool> {
        let Some(killed) = self.killed.take() else {
            return Ok(false);
        };
        let node = self.brokers.nodes_mut().get_mut(killed);
        node.ok_or("there is no such node")?.restart().await?;
        if let Brokers::Three(cluster) = &*self.brokers {
            cluster.await_replicas().await?;
        }
        Ok(true)
    }

    /// The node to ask.
    pub(crate) fn node(&self) -> &Node {
        self.brokers.node()
    }

    /// The node that a fault strikes.
    fn struck(&self, fault: &Planned) -> &Node {
        let struck = self.brokers.nodes().get(self.brokers.struck(fault.detail));
        struck.unwrap_or(self.brokers.node())
    }

    fn lose(&self, what: &str, from: Instant, most: usize) {
        self.ledger.loss(Loss {
            what: what.to_owned(),
            from,
            to: Instant::now(),
            most,
        });
    }
}

async fn cut(side: &Side, direction: Direction, fault: &Planned) {
    let end = match fault.detail % 2 {
        0 => End::Close,
        _ => End::Reset,
    };
    side.end_after(direction, fault.detail / 2 % 1000 + 1, end);
    sleep(fault.lasting.max(Duration::from_millis(1))).await;
    side.disarm();
}
