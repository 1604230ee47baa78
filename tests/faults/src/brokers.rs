//! The brokers of a run: one node, or a cluster of three. A side is the set of proxies, one before each node, between
//! the brokers and the clients, or between the brokers and the servers. The proxies of a side fail together.

use std::slice;
use std::sync::Arc;

use crate::Result;
use crate::cluster::Cluster;
use crate::ground::Ground;
use crate::node::Node;
use crate::proxy::{Direction, End, Flow, Proxy};

/// The largest message that the brokers take, in bytes.
pub(crate) const LARGEST_MESSAGE: usize = 2 * 1024 * 1024;

/// The nodes of a run.
#[derive(Debug)]
pub(crate) enum Brokers {
    One(Box<Node>),
    Three(Box<Cluster>),
}

impl Brokers {
    /// Starts one node, or three.
    pub(crate) async fn start(ground: &Arc<Ground>, nodes: usize) -> Result<Self> {
        let settings = format!("max_message_size = {LARGEST_MESSAGE}");
        match nodes {
            1 => {
                let node = Node::start_with(ground, "ledger", &settings).await?;
                Ok(Self::One(Box::new(node)))
            }
            3 => {
                let cluster = Cluster::start_with(ground, &settings).await?;
                Ok(Self::Three(Box::new(cluster)))
            }
            _ => Err("there can be one node, or three".into()),
        }
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        match self {
            Self::One(node) => slice::from_ref(node),
            Self::Three(cluster) => &cluster.nodes,
        }
    }

    pub(crate) fn nodes_mut(&mut self) -> &mut [Node] {
        match self {
            Self::One(node) => slice::from_mut(node),
            Self::Three(cluster) => &mut cluster.nodes,
        }
    }

    /// The node for queries and for commands that concern all nodes.
    pub(crate) fn node(&self) -> &Node {
        match self {
            Self::One(node) => node,
            Self::Three(cluster) => {
                let [first, ..] = &cluster.nodes;
                first
            }
        }
    }

    /// The index of the node that a fault affects, by a random number.
    pub(crate) fn struck(&self, detail: u64) -> usize {
        usize::try_from(detail % self.nodes().len().max(1) as u64).unwrap_or_default()
    }

    /// Whether the other nodes can continue while one is stopped.
    pub(crate) fn are_many(&self) -> bool {
        self.nodes().len() > 1
    }
}

/// Proxies with the same behaviour.
#[derive(Debug)]
pub(crate) struct Side(Vec<Proxy>);

impl Side {
    /// A proxy before each node.
    pub(crate) async fn start(brokers: &Brokers) -> Result<Self> {
        let mut proxies = Vec::new();
        for node in brokers.nodes() {
            proxies.push(Proxy::start(node.address()).await?);
        }
        Ok(Self(proxies))
    }

    /// A transport URL with all proxies and these options.
    pub(crate) fn url(&self, options: &str) -> String {
        let host = |proxy: &Proxy| format!("rpc:rpc@{}", proxy.address());
        let hosts: Vec<String> = self.0.iter().map(host).collect();
        format!("rabbit://{}/?{options}", hosts.join(","))
    }

    pub(crate) fn end(&self, end: End) {
        self.each(|proxy| proxy.end(end));
    }

    pub(crate) fn end_after(&self, direction: Direction, bytes: u64, end: End) {
        self.each(|proxy| proxy.end_after(direction, bytes, end));
    }

    pub(crate) fn disarm(&self) {
        self.each(Proxy::disarm);
    }

    pub(crate) fn flow(&self, direction: Direction, flow: Flow) {
        self.each(|proxy| proxy.flow(direction, flow));
    }

    pub(crate) fn flow_both(&self, flow: Flow) {
        self.each(|proxy| proxy.flow_both(flow));
    }

    pub(crate) fn refuse(&self, refuse: bool) {
        self.each(|proxy| proxy.refuse(refuse));
    }

    pub(crate) fn abandon(&self) {
        self.each(Proxy::abandon);
    }

    pub(crate) fn bury(&self) {
        self.each(Proxy::bury);
    }

    pub(crate) fn heal(&self) {
        self.each(Proxy::heal);
    }

    fn each(&self, order: impl Fn(&Proxy)) {
        self.0.iter().for_each(order);
    }
}
