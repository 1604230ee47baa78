//! The two ends of a contender, and the figures of their load.

use std::thread::sleep;
use std::time::Duration;

use rpc_faults::proxy::Proxy;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::contender::{Contender, Place};
use crate::load::Kind;
use crate::process::Process;
use crate::samples::Sample;
use crate::{Result, cpu};

/// How long a server may take to handle the requests of its client.
const DRAINED: Duration = Duration::from_secs(60);

/// The order to the clients.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    pub(crate) callers: usize,
    pub(crate) each: Duration,
    pub(crate) bytes: usize,
}

/// A client and its server. Within a process, they are one.
pub(crate) struct Pair {
    contender: &'static Contender,
    client: Process,
    server: Option<Process>,
}

/// A pair whose broker is behind a proxy.
pub(crate) struct Proxied {
    pub(crate) pair: Pair,
    pub(crate) proxy: Proxy,
    /// The proxy's runtime.
    _runtime: Runtime,
}

impl Proxied {
    pub(crate) fn start(contender: &'static Contender) -> Result<Self> {
        let url = std::env::var("RPC_TEST_RABBIT_URL")?;
        let (user, rest) = url.split_once('@').ok_or("a URL without a user")?;
        let (broker, host) = rest.split_once('/').ok_or("a URL without a virtual host")?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let proxy = runtime.block_on(Proxy::start(broker.parse()?))?;
        let url = format!("{user}@{}/{host}", proxy.address());
        Ok(Self {
            pair: Pair::start_at(contender, &url)?,
            proxy,
            _runtime: runtime,
        })
    }
}

/// The figures of a client. The driver gets the others from the system.
struct Load {
    requests: f64,
    seconds: f64,
    /// In microseconds.
    median: f64,
    p99: f64,
    /// The number of requests since the client began.
    all: f64,
}

impl Pair {
    pub(crate) fn start(contender: &'static Contender) -> Result<Self> {
        Self::start_at(contender, &std::env::var("RPC_TEST_RABBIT_URL")?)
    }

    /// Starts both ends with a broker at `url`.
    pub(crate) fn start_at(contender: &'static Contender, url: &str) -> Result<Self> {
        let mut address = url.to_owned();
        let server = match contender.place {
            Place::InProcess => None,
            _ => {
                let mut server = Process::spawn(contender, "server", url)?;
                let its_address = server.ready()?;
                if contender.place == Place::Tcp {
                    address = its_address;
                }
                Some(server)
            }
        };
        let mut client = Process::spawn(contender, "client", &address)?;
        client.ready()?;
        Ok(Self {
            contender,
            client,
            server,
        })
    }

    /// Restarts both ends.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.client.stop();
        if let Some(server) = &mut self.server {
            server.stop();
        }
        *self = Self::start(self.contender)?;
        Ok(())
    }

    pub(crate) fn contender(&self) -> &'static Contender {
        self.contender
    }

    /// Calls until a call succeeds. Returns how many failed before.
    pub(crate) fn again(&mut self) -> Result<f64> {
        self.begin_again()?;
        self.end_again()
    }

    /// Tells the client to call until a call succeeds; see [`Pair::end_again`].
    pub(crate) fn begin_again(&mut self) -> Result<()> {
        self.client.tell("again")
    }

    /// Waits until a call has succeeded.
    pub(crate) fn end_again(&mut self) -> Result<f64> {
        let [failures] = self.client.figures()?;
        Ok(failures)
    }

    fn begin(&mut self, order: Order) -> Result<()> {
        let Order {
            kind,
            callers,
            each,
            bytes,
        } = order;
        let milliseconds = each.as_millis();
        self.client
            .tell(&format!("{kind} {callers} {milliseconds} {bytes}"))
    }

    fn end(&mut self) -> Result<Load> {
        let [requests, seconds, median, p99, all] = self.client.figures()?;
        Ok(Load {
            requests,
            seconds,
            median,
            p99,
            all,
        })
    }

    /// The CPU seconds that client and server have used.
    fn used(&self) -> Result<[f64; 2]> {
        let server = self.server.as_ref().map_or(Ok(0.0), Process::cpu);
        Ok([self.client.cpu()?, server?])
    }
}

/// Loads one or several pairs of a contender at once, and adds their figures up. The latencies are the worst of all
/// pairs.
pub(crate) fn load(pairs: &mut [Pair], order: Order) -> Result<Sample> {
    let used = |pairs: &[Pair]| -> Result<[f64; 3]> {
        let mut used = [0.0, 0.0, broker(pairs)?];
        for pair in pairs {
            let [client, server] = pair.used()?;
            used[0] += client;
            used[1] += server;
        }
        Ok(used)
    };
    let before = used(pairs)?;
    for pair in &mut *pairs {
        pair.begin(order)?;
    }
    let loads = pairs
        .iter_mut()
        .map(Pair::end)
        .collect::<Result<Vec<_>>>()?;
    drain(pairs, loads.iter().map(|load| load.all).sum())?;
    let after = used(pairs)?;

    let requests: f64 = loads.iter().map(|load| load.requests).sum();
    let worst = |figure: fn(&Load) -> f64| loads.iter().map(figure).fold(0.0, f64::max);
    let [client, server, broker] =
        [0, 1, 2].map(|at| (after[at] - before[at]) * 10_000.0 / requests);
    Ok(Sample {
        rate: loads.iter().map(|load| load.requests / load.seconds).sum(),
        median: worst(|load| load.median),
        p99: worst(|load| load.p99),
        client,
        server,
        broker,
    })
}

/// Waits until the servers have handled all requests. Casts are sent faster than they are handled.
fn drain(pairs: &mut [Pair], all: f64) -> Result<()> {
    let mut servers: Vec<_> = pairs
        .iter_mut()
        .filter_map(|pair| pair.server.as_mut())
        .collect();
    let deadline = Instant::now() + DRAINED;
    while !servers.is_empty() {
        let mut handled = 0.0;
        for server in &mut servers {
            let [its] = server.ask("handled")?;
            handled += its;
        }
        if handled >= all {
            break;
        }
        if Instant::now() > deadline {
            return Err(format!("{handled} of {all} requests have been handled").into());
        }
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// The CPU seconds that the broker has used, if the contender needs one.
fn broker(pairs: &[Pair]) -> Result<f64> {
    let brokerless = |pair: &Pair| matches!(pair.contender.place, Place::Tcp | Place::InProcess);
    if pairs.iter().all(brokerless) {
        return Ok(0.0);
    }
    cpu::seconds(std::env::var("RPC_TEST_RABBIT_PID")?.parse()?)
}
