//! The environment of one block of faults: the brokers, the proxies before them, and the servers. It applies each fault and
//! reverts it.

mod clocks;
mod denials;
mod network;
mod nodes;
mod servers;

use std::sync::Arc;

use tokio::time::Instant;

use crate::Result;
use crate::brokers::{Brokers, LARGEST_MESSAGE, Side};
use crate::clients::Clients;
use crate::clock::Clock;
use crate::fault::Kind;
use crate::ledger::{Ledger, Loss};
use crate::node::Node;
use crate::queues::Queues;
use crate::schedule::Planned;
use crate::servers::{Recipe, ServerProcess};

/// The processes on which faults are applied.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) brokers: &'a mut Brokers,
    pub(crate) clients: &'a Side,
    pub(crate) servers: &'a Side,
    pub(crate) processes: Vec<ServerProcess>,
    pub(crate) recipe: Recipe,
    pub(crate) queues: Queues,
    pub(crate) ledger: Arc<Ledger>,
    /// The clock of all processes, if it can be set.
    pub(crate) clock: Option<Clock>,
    /// The number of server processes so far.
    pub(crate) started: u32,
    /// The killed node of a cluster, which must be started again.
    pub(crate) killed: Option<usize>,
    /// What was wrong with the results of requests that the ledger does not count.
    pub(crate) complaints: Vec<String>,
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

    /// The names of the running servers.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |server: &ServerProcess| server.name().to_owned();
        self.processes.iter().map(name).collect()
    }

    /// Applies a fault and reverts it. Returns the moment from which on everything could work again.
    pub(crate) async fn apply(&mut self, fault: &Planned, clients: &Clients) -> Result<Instant> {
        match fault.kind {
            Kind::ClientsReset
            | Kind::ServersReset
            | Kind::ClientsHalfOpen
            | Kind::ServersHalfOpen
            | Kind::ClientsCutMidFrame
            | Kind::ServersCutMidFrame
            | Kind::ClientsBlackholed
            | Kind::ClientsRefused
            | Kind::ClientsLongLine
            | Kind::ServersLongLine
            | Kind::ClientsUnread => Ok(self.disturb_network(fault).await),
            Kind::NodeKilled => self.kill_node(fault).await,
            Kind::NodePaused => self.pause_node(fault).await,
            Kind::Alarm => self.raise_alarm(fault).await,
            Kind::RollingRestart => self.restart_nodes().await,
            Kind::ServerKilled => self.kill_server(fault).await,
            Kind::ServersResetAgain => self.reset_servers_again(fault, clients.ours()?).await,
            Kind::ConsumerTimeout => self.end_consumers(fault, clients.ours()?).await,
            Kind::AllClosed => self.close_all().await,
            Kind::ReplyQueueDeleted => self.delete_reply_queue(fault).await,
            Kind::TopicQueueDeleted => self.delete_topic_queue().await,
            Kind::ExchangeDeleted => self.delete_exchange().await,
            Kind::VirtualHostDeleted => self.recreate_virtual_host(fault).await,
            Kind::QueueFull => self.fill_queue(fault).await,
            Kind::PermissionsWithdrawn => self.withdraw_permissions(fault).await,
            Kind::PasswordChanged => self.change_password(fault).await,
            Kind::ClocksJump => self.jump_clocks(fault).await,
            Kind::RequestTooLarge => {
                let complaints = clients.ours()?.send_too_large(LARGEST_MESSAGE + 1).await;
                self.complaints.extend(complaints);
                Ok(Instant::now())
            }
            Kind::ReplyTooLarge => {
                let complaints = clients.ours()?.ask_for_too_large(LARGEST_MESSAGE + 1).await;
                self.complaints.extend(complaints);
                Ok(Instant::now())
            }
        }
    }

    /// The node for queries.
    pub(crate) fn node(&self) -> &Node {
        self.brokers.node()
    }

    /// Records a loss of accepted requests, from `from` until now.
    fn lose(&self, what: &str, from: Instant, most: usize) {
        self.ledger.loss(Loss {
            what: what.to_owned(),
            from,
            to: Instant::now(),
            most,
        });
    }
}
