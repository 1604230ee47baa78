//! A cluster of three private nodes, for queues that survive the loss of a node.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::Result;
use crate::ground::Ground;
use crate::node::Node;

/// The options of a transport URL that make all queues quorum queues.
pub const QUORUM: &str = "rabbit_quorum_queue=true&rabbit_transient_quorum_queue=true";

/// How long a node that returns may take for its replicas.
const REPLICAS: Duration = Duration::from_secs(60);
/// How long a node may take to join.
const JOIN: Duration = Duration::from_secs(60);
/// The interval of the checks.
const POLL: Duration = Duration::from_millis(100);

/// A cluster of three.
#[derive(Debug)]
pub struct Cluster {
    /// Its nodes.
    pub nodes: [Node; 3],
}

impl Cluster {
    /// Starts three nodes and joins them.
    pub async fn start(ground: &Arc<Ground>) -> Result<Self> {
        Self::start_with(ground, "").await
    }

    /// Starts a cluster with these lines at the end of each `rabbitmq.conf`.
    pub async fn start_with(ground: &Arc<Ground>, settings: &str) -> Result<Self> {
        let mut nodes = [
            Node::new(ground, "one", settings)?,
            Node::new(ground, "two", settings)?,
            Node::new(ground, "three", settings)?,
        ];
        for node in &mut nodes {
            node.launch()?;
        }
        for node in &mut nodes {
            node.await_start().await?;
        }
        let [first, others @ ..] = &nodes;
        for node in others {
            join(node, first.name()).await?;
        }
        Ok(Self { nodes })
    }

    /// A transport URL with all nodes, user and password, and these options.
    #[must_use]
    pub fn url(&self, options: &str) -> String {
        let hosts: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("rpc:rpc@{}", node.address()))
            .collect();
        format!("rabbit://{}/?{options}", hosts.join(","))
    }

    /// Waits until all replicas of all queues are available.
    pub async fn await_replicas(&self) -> Result<()> {
        let [first, ..] = &self.nodes;
        let mut missing = String::new();
        let all = async {
            loop {
                missing = first
                    .eval(
                        "[{element(4, amqqueue:get_name(Q)), I} || Q <- rabbit_amqqueue:list(), \
                         I <- [rabbit_amqqueue:info(Q, [online, members])], \
                         length(proplists:get_value(online, I)) \
                         < length(proplists:get_value(members, I))]",
                    )
                    .await?;
                if missing == "[]" {
                    return Ok(());
                }
                sleep(POLL).await;
            }
        };
        match timeout(REPLICAS, all).await {
            Ok(done) => done,
            Err(_) => Err(format!("replicas do not come back: {missing}").into()),
        }
    }

    /// The index of the node that leads a quorum queue of the virtual host `/`, as the node `asked` sees it.
    pub async fn leader(&self, asked: usize, queue: &str) -> Result<usize> {
        let node = self.nodes.get(asked).ok_or("there are three nodes")?;
        let leader = node
            .eval(&format!(
                "{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"/\">>, queue, <<\"{queue}\">>)), \
                 {{_, Leader}} = amqqueue:get_pid(Q), Leader"
            ))
            .await?;
        let leader = leader.trim_matches('\'');
        self.nodes
            .iter()
            .position(|node| node.name() == leader)
            .ok_or_else(|| format!("the leader {leader} is none of the nodes").into())
    }
}

/// Joins a node to the cluster of another.
async fn join(node: &Node, other: &str) -> Result<()> {
    // From 4.0 on, a node that joins drops its connections to other nodes, the laboratory's included. So a process in
    // the node joins, and stores the result there. 3.10 has no `rabbit_db_cluster`.
    node.eval(&format!(
        "spawn(fun() -> group_leader(whereis(user), self()), Joined = (catch begin \
         ok = rabbit:stop(), \
         ok = case code:which(rabbit_db_cluster) of \
         non_existing -> rabbit_mnesia:join_cluster('{other}', disc); \
         _ -> rabbit_db_cluster:join('{other}', disc) end, \
         rabbit:start() end), \
         persistent_term:put(joined, Joined) end)"
    ))
    .await?;
    let mut last = String::new();
    let joined = async {
        loop {
            match node.eval("persistent_term:get(joined, not_yet)").await {
                Ok(joined) if joined == "ok" => return Ok(()),
                Ok(joined) if joined != "not_yet" => return Err(joined),
                Ok(_) => {}
                Err(error) => last = error.to_string(),
            }
            sleep(POLL).await;
        }
    };
    let joined = timeout(JOIN, joined).await.unwrap_or(Err(last));
    joined.map_err(|why| {
        let (name, said) = (node.name(), node.said());
        format!("{name} does not join {other}: {why}\n{said}").into()
    })
}
