//! Counts of resources that must not grow, before and after a block of faults.

use std::fs;

use tokio::runtime::Handle;

use crate::Result;
use crate::node::{Counts, Node};

/// The channels that a connection may keep: for publishing, declaring and consuming.
const CHANNELS: usize = 20;
/// The name of the thread that the driver has for each connection.
const THREAD: &str = "lapin-io-loop";

/// The counts at one moment.
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

    /// The number of threads of connections, in this process.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// The counts that differ from before. The number of channels may grow up to a number that depends on the
    /// connections, since they are opened as needed.
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
