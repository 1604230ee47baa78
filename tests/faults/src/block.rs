//! One block of faults, with clients, servers and queues of its own: runs its faults, and checks what remains afterwards.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::Result;
use crate::bench::Bench;
use crate::brokers::{Brokers, Side};
use crate::census::Census;
use crate::clients::Clients;
use crate::ledger::Ledger;
use crate::load::Load;
use crate::peer::{Duty, PeerLoad};
use crate::queues::Queues;
use crate::report::Report;
use crate::run::Plan;
use crate::schedule::Planned;
use crate::servers::{Recipe, ServerProcess, memory};
use crate::starvation::Starvation;

/// The time after a fault within which all clients must reach all servers.
const RECOVERY: Duration = Duration::from_secs(30);
/// The time within which all requests must end at the end of a block.
const QUIET: Duration = Duration::from_secs(45);
/// The time within which counts must return to their first values.
const SETTLED: Duration = Duration::from_secs(20);
/// Seconds after which the queues of a killed server expire. It is less than [`SETTLED`], so they are gone when the counts
/// are compared.
const EXPIRY: u32 = 10;
/// The interval of the checks.
const POLL: Duration = Duration::from_millis(100);
/// The interval of the samples of the time without a processor.
const SAMPLE: Duration = Duration::from_millis(10);

/// One block.
pub(crate) struct Block<'a> {
    pub(crate) plan: &'a Plan,
    /// The clients' runtime.
    pub(crate) clients: &'a Handle,
    /// The time for which that runtime has had no processor.
    pub(crate) starvation: &'a Starvation,
    pub(crate) say: &'a (dyn Fn(&str) + Sync),
    pub(crate) number: usize,
    pub(crate) queues: Queues,
    /// When the run began.
    pub(crate) began: Instant,
}

impl Block<'_> {
    pub(crate) async fn run(
        &self,
        brokers: &mut Brokers,
        faults: impl Iterator<Item = Planned>,
        report: &mut Report,
    ) -> Result<()> {
        let plan = self.plan;
        let (to_clients, to_servers) = (Side::start(brokers).await?, Side::start(brokers).await?);
        let (options, heartbeat) = (self.queues.options(), plan.heartbeat);
        let options = format!(
            "{options}&heartbeat_timeout_threshold={heartbeat}&rabbit_transient_queues_ttl={EXPIRY}"
        );
        let url = |side: &Side| side.url(&options);
        let name = format!("ledger-{}", self.number);
        let first = self.number as u64 * 1_000_000;
        let ledger = Arc::new(Ledger::open(plan.timeout, first, plan.ends()));
        let sampling = self.sample_starvation(ledger.clone());
        let idle = Census::take(brokers.node(), self.clients).await?;
        let recipe = Recipe {
            program: plan.server.clone(),
            url: url(&to_servers),
            exchange: name.clone(),
            topic: name.clone(),
            concurrency: plan.concurrency,
        };
        let duty = Duty {
            url: &url(&to_clients),
            exchange: &name,
            topic: &name,
            clients: plan.clients,
            rate: plan.rate,
            timeout: plan.timeout,
            first,
        };
        let mut clients = match &plan.client {
            None => Clients::Ours(Load::new(self.clients, &duty, ledger.clone())?),
            Some(program) => Clients::Oslo(PeerLoad::spawn(program, &duty, ledger.clone())?),
        };
        let mut bench = Bench {
            brokers,
            clients: &to_clients,
            servers: &to_servers,
            processes: Vec::new(),
            recipe,
            queues: self.queues,
            ledger: ledger.clone(),
            clock: plan.clock.clone(),
            started: 0,
            killed: None,
            complaints: Vec::new(),
        };
        for number in 1..=plan.servers {
            bench.add_server(&format!("server-{number}"))?;
        }
        for server in &mut bench.processes {
            server.ready().await?;
        }
        clients.warm_up().await?;
        clients
            .probe(&bench.names(), RECOVERY)
            .await?
            .ok_or("nothing works before the first fault")?;
        let before = self.steady(&bench).await?;
        if plan.client.is_none() && before.threads() < plan.clients {
            return Err("the threads of connections have another name: see census.rs".into());
        }
        let memory_before = memories(&bench);
        clients.start().await?;
        for fault in faults {
            if !self.one(&fault, &mut bench, &mut clients, report).await? {
                break;
            }
        }
        clients.stop().await?;
        self.quiet(&ledger).await;
        self.say_what_is_left(&ledger, &bench).await?;
        if let Some(difference) = self.settle(&before, &bench).await? {
            report.leaks.push(format!(
                "block {}, all still there: {difference}",
                self.number
            ));
        }
        let memory_after = memories(&bench);
        report.server_memory.push((memory_before.0, memory_after.0));
        report.own_memory.push((memory_before.1, memory_after.1));
        clients.close().await?;
        for server in std::mem::take(&mut bench.processes) {
            if !server.stop().await? {
                report
                    .stuck
                    .push(format!("block {}: a server did not stop", self.number));
            }
        }
        for queue in bench.node().queues().await? {
            bench.node().delete_queue(&queue).await?;
        }
        if let Some(difference) = self.settle(&idle, &bench).await? {
            report
                .leaks
                .push(format!("block {}, all closed: {difference}", self.number));
        }
        sampling.abort();
        report.balance.add(ledger.balance());
        Ok(())
    }

    /// Samples the time for which the clients could not run: they had no processor, or all of their threads waited for a
    /// lock whose owner had none. The latter shows as a late timer. A wait for a processor may count as both.
    fn sample_starvation(&self, ledger: Arc<Ledger>) -> JoinHandle<()> {
        let starvation = self.starvation.clone();
        self.clients.spawn(async move {
            let mut stalled = Duration::ZERO;
            loop {
                ledger.starved(starvation.total() + stalled);
                let began = Instant::now();
                sleep(SAMPLE).await;
                let late = began.elapsed().saturating_sub(SAMPLE);
                if late > SAMPLE {
                    stalled += late;
                }
            }
        })
    }

    /// Applies one fault and reverts it. Returns false if nothing works any more.
    async fn one(
        &self,
        fault: &Planned,
        bench: &mut Bench<'_>,
        clients: &mut Clients,
        report: &mut Report,
    ) -> Result<bool> {
        let kind = fault.kind;
        bench
            .ledger
            .event(format!("{kind} begins, to last {:?}", fault.lasting));
        let cleared = bench.apply(fault, clients).await?;
        bench.ledger.event(format!("{kind} cleared"));
        report.faults += 1;
        for complaint in bench.complaints.drain(..) {
            let fault = report.faults;
            report
                .stuck
                .push(format!("fault {fault} ({kind}): {complaint}"));
        }
        let works = clients.probe(&bench.names(), RECOVERY).await?;
        let recovery = works.map(|works| works.saturating_duration_since(cleared));
        if bench.mend().await? {
            bench.ledger.event("the node is back");
            if clients.probe(&bench.names(), RECOVERY).await?.is_none() {
                let stuck = format!("fault {}: not all works with the node back", report.faults);
                report.stuck.push(stuck);
            }
        }
        bench.clients.bury();
        bench.servers.bury();
        let at = self.began.elapsed().as_secs();
        if let Some(recovery) = recovery {
            bench.ledger.event(format!("recovered from {kind}"));
            report.recoveries.entry(kind).or_default().push(recovery);
            (self.say)(&format!(
                "{at:5} s  fault {:4}  {kind:24} recovered in {recovery:.3?}",
                report.faults
            ));
        } else {
            (self.say)(&format!(
                "{at:5} s  fault {:4}  {kind:24} NOT RECOVERED",
                report.faults
            ));
            let stuck = format!(
                "fault {} ({kind}): not all worked again within {RECOVERY:?}",
                report.faults
            );
            report.stuck.push(stuck);
            // New connections may let the rest of the schedule run.
            bench
                .ledger
                .event("all connections closed, since nothing else helped");
            bench.node().close_all_connections().await?;
            if clients.probe(&bench.names(), RECOVERY).await?.is_none() {
                (self.say)(&bench.node().log(40));
                report.stuck.push("nothing works any more".to_owned());
                return Ok(false);
            }
        }
        sleep(fault.rest).await;
        Ok(true)
    }

    /// Says how many messages are left in the topic's queue if accepted casts have not begun. A cast that is still there
    /// was not lost: its queue does not deliver it.
    async fn say_what_is_left(&self, ledger: &Ledger, bench: &Bench<'_>) -> Result<()> {
        if ledger.open_items().1 > 0 {
            let (node, topic) = (bench.node(), &bench.recipe.topic);
            let ready = node.ready_messages(topic).await?;
            let unacknowledged = node.unacknowledged(topic).await?;
            (self.say)(&format!(
                "block {}, quiet: {ready} ready and {unacknowledged} unacknowledged in the topic's queue",
                self.number
            ));
        }
        Ok(())
    }

    /// Waits until all requests have ended, and all accepted casts have begun or are lost.
    async fn quiet(&self, ledger: &Ledger) {
        let still = async {
            let mut seen = (ledger.open_items(), Instant::now());
            loop {
                sleep(POLL).await;
                let now = ledger.open_items();
                if now != seen.0 {
                    seen = (now, Instant::now());
                }
                // If the number of waiting casts no longer changes, they are lost.
                if now.0 == 0 && (now.1 == 0 || seen.1.elapsed() > Duration::from_secs(5)) {
                    // A call that timed out may still be in flight to its server.
                    sleep(Duration::from_secs(1)).await;
                    return;
                }
            }
        };
        if timeout(QUIET, still).await.is_err() {
            (self.say)("not quiet in time: some requests do not end");
        }
    }

    /// The census after the dropped probes have ended, too.
    async fn steady(&self, bench: &Bench<'_>) -> Result<Census> {
        let limit = Instant::now() + SETTLED;
        let mut seen = Census::take(bench.node(), self.clients).await?;
        loop {
            sleep(POLL).await;
            let now = Census::take(bench.node(), self.clients).await?;
            if now == seen || Instant::now() > limit {
                return Ok(now);
            }
            seen = now;
        }
    }

    async fn settle(&self, before: &Census, bench: &Bench<'_>) -> Result<Option<String>> {
        let limit = Instant::now() + SETTLED;
        loop {
            let difference = Census::take(bench.node(), self.clients)
                .await?
                .differs(before);
            if difference.is_none() || Instant::now() > limit {
                return Ok(difference);
            }
            sleep(POLL).await;
        }
    }
}

/// The memory of the servers, and of this process, in KiB.
fn memories(bench: &Bench<'_>) -> (u64, u64) {
    let servers = bench.processes.iter().map(ServerProcess::memory).sum();
    (servers, memory(Path::new("/proc/self")))
}
