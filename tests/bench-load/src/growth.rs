//! Curves: what a call costs as something grows.

use std::fmt::Write;
use std::process::{Command, Stdio};

use crate::Result;
use crate::contender::{ALL, Contender};
use crate::driver::Pair;
use crate::load::{BYTES, Kind};
use crate::options::Options;

/// What is measured in one process: a name for [`mod@crate::point`], a title, the transport, and where.
struct Curve {
    what: &'static str,
    title: &'static str,
    broker: bool,
    at: &'static [usize],
}

const CURVES: &[Curve] = &[
    Curve {
        what: "in-flight",
        title: "calls under way, memory://",
        broker: false,
        at: &[1, 10, 100, 1_000, 10_000, 100_000],
    },
    Curve {
        what: "in-flight",
        title: "calls under way, rabbit://",
        broker: true,
        at: &[1, 10, 100, 1_000, 10_000],
    },
    Curve {
        what: "methods",
        title: "methods of the endpoint, memory://",
        broker: false,
        at: &[1, 10, 100, 1_000],
    },
    Curve {
        what: "endpoints",
        title: "endpoints of the server, memory://",
        broker: false,
        at: &[1, 10, 100, 1_000],
    },
    Curve {
        what: "clones",
        title: "clones of the client, memory://",
        broker: false,
        at: &[1, 10, 100, 1_000],
    },
    Curve {
        what: "prepared",
        title: "prepared clients, memory://",
        broker: false,
        at: &[1, 10, 100, 1_000],
    },
];

/// Bytes of argument, there and back.
const PAYLOADS: &[usize] = &[
    64,
    1024,
    16 * 1024,
    256 * 1024,
    1024 * 1024,
    16 * 1024 * 1024,
];
const PAYLOAD_CALLERS: usize = 4;
const PROCESSES: &[usize] = &[1, 2, 4];
const PROCESS_CALLERS: usize = 16;

/// Measures all curves; gives their tables.
pub(crate) fn measure(options: &Options) -> Result<String> {
    let mut tables = String::new();
    points(options, &mut tables)?;
    payloads(options, &mut tables)?;
    processes(options, &mut tables)?;
    Ok(tables)
}

fn points(options: &Options, tables: &mut String) -> Result<()> {
    let url = std::env::var("RPC_TEST_RABBIT_URL")?;
    writeln!(
        tables,
        "\n| | | CPU µs for a call, both ends | bytes for a call under way |"
    )?;
    writeln!(tables, "|---|---:|---:|---:|")?;
    for curve in CURVES {
        let most = if options.short { 10 } else { usize::MAX };
        for &count in curve.at.iter().filter(|count| **count <= most) {
            eprintln!("-- {}: {count}", curve.title);
            let url = if curve.broker { &url } else { "memory://" };
            let output = Command::new(std::env::current_exe()?)
                .args(["point", curve.what, &count.to_string(), url])
                .stderr(Stdio::inherit())
                .output()?;
            let text = String::from_utf8(output.stdout)?;
            let Some((micros, bytes)) = text.trim().split_once(' ') else {
                return Err(format!("{}, {count}: no figures", curve.title).into());
            };
            let (micros, bytes): (f64, f64) = (micros.parse()?, bytes.parse()?);
            // What a process has in hand hides what few calls take.
            let bytes = if bytes > 0.0 && count >= 1_000 {
                format!("{bytes:.0}")
            } else {
                String::new()
            };
            writeln!(
                tables,
                "| {} | {count} | {micros:.1} | {bytes} |",
                curve.title
            )?;
        }
    }
    Ok(())
}

fn payloads(options: &Options, tables: &mut String) -> Result<()> {
    let mut pairs = [
        Pair::start(contender("ours")?)?,
        Pair::start(contender("lapin-b")?)?,
    ];
    writeln!(
        tables,
        "\n| bytes of argument, there and back | ours, MB a second | lapin by hand, B | ratio |\n|---:|---:|---:|---:|"
    )?;
    let most = if options.short { 1024 } else { usize::MAX };
    for &bytes in PAYLOADS.iter().filter(|bytes| **bytes <= most) {
        eprintln!("-- payload of {bytes} bytes");
        let mut rates = [0.0; 2];
        for (pair, rate) in pairs.iter_mut().zip(&mut rates) {
            let seen = pair.load(Kind::Call, PAYLOAD_CALLERS, options.each, bytes)?;
            *rate = seen.requests / seen.seconds * bytes as f64 / 1e6;
        }
        let [ours, theirs] = rates;
        writeln!(
            tables,
            "| {bytes} | {ours:.2} | {theirs:.2} | {:.2} |",
            ours / theirs
        )?;
    }
    Ok(())
}

fn processes(options: &Options, tables: &mut String) -> Result<()> {
    writeln!(
        tables,
        "\n| client processes, {PROCESS_CALLERS} callers each | calls a second, all together |\n|---:|---:|"
    )?;
    let most = if options.short { 1 } else { usize::MAX };
    for &count in PROCESSES.iter().filter(|count| **count <= most) {
        eprintln!("-- {count} client processes");
        // Each with a server: two of them could take turns with the same callers.
        let mut pairs = (0..count)
            .map(|_| Pair::start(contender("ours")?))
            .collect::<Result<Vec<_>>>()?;
        for pair in &mut pairs {
            pair.begin(Kind::Call, PROCESS_CALLERS, options.each, BYTES)?;
        }
        let mut rate = 0.0;
        for pair in &mut pairs {
            let seen = pair.end()?;
            rate += seen.requests / seen.seconds;
        }
        writeln!(tables, "| {count} | {rate:.0} |")?;
    }
    Ok(())
}

fn contender(name: &str) -> Result<&'static Contender> {
    let found = ALL.iter().find(|contender| contender.name == name);
    Ok(found.ok_or("no such contender")?)
}
