//! How many there are of what must not grow: before a block of faults, and after it.

use std::fs;

use tokio::runtime::Handle;

use crate::Result;
use crate::node::{Counts, Node};

/// The publishing channels that a connection may keep, and those it declares and consumes on.
const CHANNELS: usize = 20;
/// The driver's thread of each connection, as it names it.
const THREAD: &str = "lapin-io-loop";

/// What there is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Census {
    broker: Counts,
    /// Tasks of the clients' runtime.
    tasks: usize,
    /// Threads of connections, in this process.
    threads: usize,
}

impl Census {
    pub(crate) async fn take(node: &Node, clients: &Handle) -> Result<Self> {
        let tasks = fs::read_dir("/proc/self/task")?.flatten();
        let threads = tasks
            .filter_map(|task| fs::read_to_string(task.path().join("comm")).ok())
            .filter(|name| name.trim_end() == THREAD)
            .count();
        Ok(Self {
            broker: node.counts().await?,
            tasks: clients.metrics().num_alive_tasks(),
            threads,
        })
    }

    /// What is more now than before, or less. Channels are opened as they are needed, up to a number
    /// that goes with the connections.
    pub(crate) fn differs(&self, before: &Self) -> Option<String> {
        let mut differences = Vec::new();
        for (what, was, is) in [
            (
                "connections",
                before.broker.connections,
                self.broker.connections,
            ),
            ("queues", before.broker.queues, self.broker.queues),
            ("tasks", before.tasks, self.tasks),
            ("threads", before.threads, self.threads),
        ] {
            if was != is {
                differences.push(format!("{what} {was} before, {is} after"));
            }
        }
        let most = before.broker.connections * CHANNELS;
        if self.broker.channels > most {
            differences.push(format!("channels {}, at most {most}", self.broker.channels));
        }
        (!differences.is_empty()).then(|| differences.join(", "))
    }
}
