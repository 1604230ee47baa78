//! A long run at a constant rate, in which nothing may grow.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rpc_runtime::{CallOptions, Context, Transport};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use crate::Result;
use crate::ground::Ground;
use crate::ledger::{Ends, Ledger};
use crate::node::{Counts, Node};
use crate::program::Program;
use crate::queues::Queues;
use crate::servers::{Recipe, ServerProcess, memory};
use crate::work::WorkClient;

/// The time of the search for the highest rate.
const SEARCH: Duration = Duration::from_secs(10);
/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
const TOPIC: &str = "soak";
/// Two servers, so that requests take turns.
const SERVERS: usize = 2;
/// The allowed memory in the last third of the run, in per cent of the middle third. The allocator may keep some.
const SLACK: u64 = 105;

/// The plan of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The directory of RabbitMQ's scripts.
    pub scripts: PathBuf,
    /// `ledger-server`.
    pub server: Program,
    /// The length of the run.
    pub time: Duration,
    /// The interval of the samples.
    pub every: Duration,
    /// The number of calls that are in flight at any time.
    pub callers: usize,
}

/// A sample of one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The time since the beginning.
    pub at: Duration,
    /// The number of calls that were answered so far.
    pub calls: u64,
    /// Memory of the clients' process, in KiB.
    pub clients: u64,
    /// Memory of the servers, in KiB.
    pub servers: u64,
    /// Tasks in the clients' process.
    pub tasks: usize,
    /// The counts of the broker.
    pub broker: Counts,
}

/// The results of a run.
#[derive(Debug)]
pub struct Report {
    /// Calls a second that were possible.
    pub highest: u64,
    /// Calls a second in the long run.
    pub rate: u64,
    /// Calls that failed.
    pub failed: u64,
    /// The samples, in order.
    pub samples: Vec<Sample>,
}

/// Runs it.
///
/// # Errors
///
/// A failure of the laboratory.
pub async fn run(plan: &Plan, say: &(dyn Fn(&Sample) + Sync)) -> Result<Report> {
    let ground = Arc::new(Ground::prepare(&plan.scripts).await?);
    let node = Node::start(&ground, "soak").await?;
    let options = Queues::Durable.options();
    let recipe = Recipe {
        program: plan.server.clone(),
        url: format!("rabbit://rpc:rpc@{}/?{options}", node.address()),
        exchange: TOPIC.to_owned(),
        topic: TOPIC.to_owned(),
        concurrency: plan.callers,
    };
    // The servers write nothing into it.
    let ledger = Arc::new(Ledger::open(TIMEOUT, 0, Ends::OURS));
    let mut servers = Vec::new();
    for number in 0..SERVERS {
        let name = format!("server-{number}");
        let mut server = ServerProcess::spawn(&recipe, &name, 0, ledger.clone())?;
        server.ready().await?;
        servers.push(server);
    }
    let transport = Transport::new(&recipe.url)?;
    let options = CallOptions::new()
        .exchange(TOPIC)
        .topic(TOPIC)
        .timeout(TIMEOUT);
    let client = WorkClient::new(&transport).prepare(options);
    let count = Arc::new(Count::default());

    let callers = call(plan.callers, &client, 0, &count);
    let began = Instant::now();
    sleep(SEARCH).await;
    let highest = per_second(count.ok(), began.elapsed());
    drop(callers);

    // The time of a call that gives half of the highest rate, with all callers waiting at any time.
    let millis = 2000 * plan.callers as u64 / highest.max(1);
    let (before, began) = (count.ok(), Instant::now());
    let callers = call(plan.callers, &client, millis, &count);
    let mut samples = Vec::new();
    let mut ticks = interval(plan.every);
    while began.elapsed() < plan.time {
        ticks.tick().await;
        let sample = Sample {
            at: began.elapsed(),
            calls: count.ok() - before,
            clients: memory(Path::new("/proc/self")),
            servers: servers.iter().map(ServerProcess::memory).sum(),
            tasks: Handle::current().metrics().num_alive_tasks(),
            broker: node.counts().await?,
        };
        say(&sample);
        samples.push(sample);
    }
    let rate = per_second(count.ok() - before, began.elapsed());
    drop(callers);
    transport.close().await;
    for server in servers {
        timeout(TIMEOUT, server.stop()).await??;
    }
    Ok(Report {
        highest,
        rate,
        failed: count.failed.load(Ordering::Relaxed),
        samples,
    })
}

fn per_second(count: u64, time: Duration) -> u64 {
    count * 1000 / u64::try_from(time.as_millis().max(1)).unwrap_or(u64::MAX)
}

#[derive(Debug, Default)]
struct Count {
    ok: AtomicU64,
    failed: AtomicU64,
}

impl Count {
    fn ok(&self) -> u64 {
        self.ok.load(Ordering::Relaxed)
    }
}

/// `callers` tasks, each of which makes one call after the other, until dropped.
fn call(callers: usize, client: &WorkClient, millis: u64, count: &Arc<Count>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (client, count) = (client.clone(), count.clone());
        tasks.spawn(async move {
            let ctxt = Context::new();
            let padding = "x".repeat(250);
            loop {
                let counter = match client.wait(&ctxt, millis, padding.clone()).await {
                    Ok(()) => &count.ok,
                    Err(_) => &count.failed,
                };
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tasks
}

impl Report {
    /// Whether all calls were answered and nothing grew. It compares the last third with the middle one, since the
    /// servers' memory of requests is full only then.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        let third = self.samples.len() / 3;
        let most = |from: usize, what: fn(&Sample) -> u64| {
            let samples = self.samples.iter().skip(from).take(third);
            samples.map(what).max().unwrap_or_default()
        };
        let flat = |what| most(2 * third, what) * 100 <= most(third, what) * SLACK;
        third > 0
            && self.failed == 0
            && flat(|sample| sample.clients)
            && flat(|sample| sample.servers)
            && flat(|sample| sample.tasks as u64)
            && flat(|sample| sample.broker.channels as u64)
            && flat(|sample| sample.broker.queues as u64)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:5} s  {:9} calls  clients {:6} KiB  servers {:6} KiB  {} tasks  {} connections  \
             {} channels  {} queues",
            self.at.as_secs(),
            self.calls,
            self.clients,
            self.servers,
            self.tasks,
            self.broker.connections,
            self.broker.channels,
            self.broker.queues
        )
    }
}
