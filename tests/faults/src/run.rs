//! A run of the ledger test: blocks of faults (`block.rs`) on one node or cluster.

use std::iter;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::time::Instant;

use crate::Result;
use crate::block::Block;
use crate::brokers::Brokers;
use crate::clock::Clock;
use crate::fault::Kind;
use crate::ground::Ground;
use crate::heap::Heap;
use crate::ledger::Ends;
use crate::program::Program;
use crate::queues::Queues;
use crate::report::Report;
use crate::schedule::Schedule;
use crate::starvation::Starvation;

/// The plan of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The directory of RabbitMQ's scripts.
    pub scripts: PathBuf,
    /// The server's program: `ledger-server`, or one with the same protocol.
    pub server: Program,
    /// The clients' program. Without one, the clients are this library's, in this process.
    pub client: Option<Program>,
    /// The seed of the random schedule.
    pub seed: u64,
    /// The number of faults.
    pub faults: usize,
    /// The number of faults in a block, which share clients, servers and queues.
    pub block: usize,
    /// The kinds of fault.
    pub kinds: Vec<Kind>,
    /// The number of nodes: one, or three.
    pub nodes: usize,
    /// The queues of the blocks, in turn.
    pub queues: Vec<Queues>,
    /// The number of clients.
    pub clients: usize,
    /// The number of servers.
    pub servers: usize,
    /// The number of requests that each server may run at once.
    pub concurrency: usize,
    /// The number of calls and casts a second, together.
    pub rate: u32,
    /// The timeout of calls.
    pub timeout: Duration,
    /// Seconds of silence after which a connection counts as dead.
    pub heartbeat: u16,
    /// The clock of all processes, if it can be set.
    pub clock: Option<Clock>,
}

impl Plan {
    /// The default plan: a hundred requests a second from two clients to three servers, on queues of all types.
    #[must_use]
    pub fn new(scripts: PathBuf, server: PathBuf, seed: u64, faults: usize) -> Self {
        Self {
            scripts,
            server: Program::ours(server),
            client: None,
            seed,
            faults,
            block: 50,
            kinds: Kind::ALL.to_vec(),
            nodes: 1,
            queues: Queues::ALL.to_vec(),
            clients: 2,
            servers: 3,
            concurrency: 8,
            rate: 100,
            timeout: Duration::from_secs(10),
            heartbeat: 2,
            clock: Clock::of_this_process(),
        }
    }

    /// Whether this kind can be applied with these queues.
    #[must_use]
    pub fn is_possible(&self, queues: Queues, kind: Kind) -> bool {
        let has_ends = self.ends() == Ends::OURS || !kind.takes_ours();
        let has_clock = self.clock.is_some() || kind != Kind::ClocksJump;
        has_ends && has_clock && queues.survive(kind, self.nodes)
    }

    /// Which ends are this library's.
    #[must_use]
    pub fn ends(&self) -> Ends {
        Ends {
            clients: self.client.is_none(),
            servers: self.server.is_ours(),
        }
    }
}

/// Runs the plan. Each line of progress is passed to `say`. The run ends after the first block that does not balance.
///
/// # Errors
///
/// A failure of the laboratory. If the ledger does not balance, that is no error; the report says so.
pub fn run(plan: &Plan, say: &(dyn Fn(&str) + Sync)) -> Result<Report> {
    let runtime = |name: &str| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name(name).enable_all();
        builder
    };
    // The tested clients share no thread with the laboratory.
    let (laboratory, mut clients) = (runtime("laboratory").build()?, runtime("clients"));
    let starvation = Starvation::of(&mut clients);
    let clients = clients.build()?;
    let report = laboratory.block_on(blocks(plan, clients.handle(), &starvation, say));
    clients.shutdown_background();
    report
}

async fn blocks(
    plan: &Plan,
    clients: &Handle,
    starvation: &Starvation,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Report> {
    let began = Instant::now();
    let mut report = Report {
        seed: plan.seed,
        ours: plan.ends() == Ends::OURS,
        ..Report::default()
    };
    let ground = Arc::new(Ground::prepare(&plan.scripts).await?);
    let mut brokers = Brokers::start(&ground, plan.nodes).await?;
    let mut schedule = Schedule::new(plan.seed, &plan.kinds);
    let mut block = 0;
    while report.faults < plan.faults {
        let faults = plan.block.min(plan.faults - report.faults);
        let queues = plan.queues.get(block % plan.queues.len().max(1));
        let queues = *queues.ok_or("the plan names no type of queue")?;
        if !plan
            .kinds
            .iter()
            .any(|kind| plan.is_possible(queues, *kind))
        {
            let (queues, nodes) = (queues.name(), plan.nodes);
            return Err(format!(
                "none of these faults is possible with {queues} queues on {nodes} node(s)"
            )
            .into());
        }
        say(&format!(
            "block {block}: {faults} faults, {} queues",
            queues.name()
        ));
        let context = Block {
            plan,
            clients,
            starvation,
            say,
            number: block,
            queues,
            began,
        };
        let possible = iter::from_fn(|| schedule.draw(|kind| plan.is_possible(queues, kind)));
        context
            .run(&mut brokers, possible.take(faults), &mut report)
            .await?;
        if let Some(heap) = Heap::at_rest().await {
            report.note_heap(heap);
        }
        block += 1;
        report.took = began.elapsed();
        if !report.is_good() {
            break;
        }
    }
    for node in brokers.nodes_mut() {
        node.stop().await?;
    }
    Ok(report)
}
