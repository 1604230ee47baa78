//! Starts the contenders and has them work in turn.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;

use crate::contender::{ALL, Contender, Place};
use crate::load::{BYTES, Kind};
use crate::options::Options;
use crate::samples::{Cell, Sample, Samples};
use crate::{Result, cpu, goals, growth, report, table};

/// How long a server may take for what its client has sent.
const DRAINED: Duration = Duration::from_secs(60);

/// Measures what is asked for, and prints or writes it.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.growth {
        print!("{}", growth::measure(options)?);
        return Ok(());
    }
    let samples = contend(options)?;
    print!(
        "{}{}",
        table::markdown(&samples)?,
        goals::markdown(&samples)?
    );
    if options.report || options.short {
        let growth = growth::measure(options)?;
        if options.report {
            report::write(Path::new("."), options, &samples, &growth)?;
        } else {
            print!("{growth}");
        }
    }
    Ok(())
}

fn contend(options: &Options) -> Result<Samples> {
    let wanted = |contender: &&Contender| {
        let only = &options.only;
        only.is_empty() || only.iter().any(|name| contender.name.starts_with(name))
    };
    let mut pairs = Vec::new();
    for contender in ALL.iter().filter(wanted) {
        eprintln!("-- starting {}", contender.title);
        pairs.push(Pair::start(contender)?);
    }
    let broker = std::env::var("RPC_TEST_RABBIT_PID")?.parse()?;
    let mut samples = Samples::default();
    for round in 1..=options.rounds {
        eprintln!("-- round {round} of {}", options.rounds);
        for kind in [Kind::Call, Kind::Cast] {
            let callers = kind.callers().iter().copied();
            for callers in callers.filter(|callers| *callers <= options.callers) {
                for pair in pairs.iter_mut().filter(|pair| pair.contender.does(kind)) {
                    let cell = Cell {
                        contender: pair.contender.name,
                        kind,
                        callers,
                    };
                    let sample = pair
                        .measure(kind, callers, options.each, broker)
                        .map_err(|error| format!("{cell:?}: {error}"))?;
                    samples.add(cell, sample);
                }
            }
        }
    }
    Ok(samples)
}

/// The two ends of a contender.
pub(crate) struct Pair {
    contender: &'static Contender,
    client: Peer,
    server: Option<Peer>,
}

/// What a client's load came to.
pub(crate) struct Load {
    pub(crate) requests: f64,
    pub(crate) seconds: f64,
    /// In microseconds.
    median: f64,
    p99: f64,
    /// Requests since the client began.
    all: f64,
}

impl Pair {
    pub(crate) fn start(contender: &'static Contender) -> Result<Self> {
        let url = std::env::var("RPC_TEST_RABBIT_URL")?;
        let server = match contender.place {
            Place::InProcess => None,
            _ => Some(Peer::start(contender, "server", &url)?),
        };
        let address = match (contender.place, &server) {
            (Place::Tcp, Some(server)) => &server.address,
            _ => &url,
        };
        let client = Peer::start(contender, "client", address)?;
        Ok(Self {
            contender,
            client,
            server,
        })
    }

    fn measure(
        &mut self,
        kind: Kind,
        callers: usize,
        each: Duration,
        broker: u32,
    ) -> Result<Sample> {
        let before = self.used(broker)?;
        let load = self.load(kind, callers, each, BYTES)?;
        self.drain(load.all)?;
        let after = self.used(broker)?;
        let [client, server, broker] =
            [0, 1, 2].map(|at| (after[at] - before[at]) * 10_000.0 / load.requests);
        Ok(Sample {
            rate: load.requests / load.seconds,
            median: load.median,
            p99: load.p99,
            client,
            server,
            broker,
        })
    }

    /// Loads the server for a while.
    pub(crate) fn load(
        &mut self,
        kind: Kind,
        callers: usize,
        each: Duration,
        bytes: usize,
    ) -> Result<Load> {
        self.begin(kind, callers, each, bytes)?;
        self.end()
    }

    /// Tells the client to load the server; see [`Pair::end`].
    pub(crate) fn begin(
        &mut self,
        kind: Kind,
        callers: usize,
        each: Duration,
        bytes: usize,
    ) -> Result<()> {
        let milliseconds = each.as_millis();
        self.client
            .tell(&format!("{kind} {callers} {milliseconds} {bytes}"))
    }

    /// Waits for the end of a load.
    pub(crate) fn end(&mut self) -> Result<Load> {
        let answer = self.client.line()?;
        let figures: Vec<f64> = answer
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let &[requests, seconds, median, p99, all] = figures.as_slice() else {
            return Err(format!("an answer of another kind: {answer}").into());
        };
        Ok(Load {
            requests,
            seconds,
            median,
            p99,
            all,
        })
    }

    /// Waits until the server has handled all requests: casts are ahead of it.
    fn drain(&mut self, all: f64) -> Result<()> {
        let Some(server) = &mut self.server else {
            return Ok(());
        };
        let deadline = Instant::now() + DRAINED;
        while server.ask("handled")?.parse::<f64>()? < all {
            if Instant::now() > deadline {
                return Err("the server has not had all requests".into());
            }
            sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// CPU seconds so far: client, server, broker.
    fn used(&self, broker: u32) -> Result<[f64; 3]> {
        let server = self.server.as_ref().map(|server| server.child.id());
        let broker = match self.contender.place {
            Place::Broker | Place::Python => cpu::seconds(broker)?,
            Place::Tcp | Place::InProcess => 0.0,
        };
        Ok([
            cpu::seconds(self.client.child.id())?,
            server.map_or(Ok(0.0), cpu::seconds)?,
            broker,
        ])
    }
}

/// A process that speaks the peers' lines.
struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Peer {
    fn start(contender: &Contender, role: &str, address: &str) -> Result<Self> {
        let mut command = if contender.place == Place::Python {
            let mut command = Command::new(std::env::var("RPC_TEST_PYTHON")?);
            command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/oslo_peer.py"));
            command
        } else {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("peer");
            command
        };
        command.arg(role).arg(contender.name).arg(address);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("a peer without an output")?;
        let mut peer = Self {
            child,
            input,
            output: BufReader::new(output),
            address: String::new(),
        };
        let ready = peer.line()?;
        let address = ready.strip_prefix("ready ").ok_or("a peer is not ready")?;
        address.clone_into(&mut peer.address);
        Ok(peer)
    }

    fn ask(&mut self, line: &str) -> Result<String> {
        self.tell(line)?;
        self.line()
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().ok_or("a peer without an input")?;
        Ok(writeln!(input, "{line}")?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("a peer has ended".into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Peer {
    /// A peer ends with its input; one that does not is ended.
    fn drop(&mut self) {
        self.input = None;
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            sleep(Duration::from_millis(20));
        }
    }
}
