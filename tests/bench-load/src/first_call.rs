//! The first call of a process: it connects, declares what it needs, and calls a running server.
//!
//! The driver measures the time from the start of the process to the first reply. The process measures the time from
//! the creation of its transport. The difference is the start of the program; in Python, most of it is imports.

use std::fmt::Write;

use tokio::time::Instant;

use crate::contender::{Contender, Place};
use crate::goals::{Aim, Goal};
use crate::load::{self, Client};
use crate::options::Options;
use crate::part::Section;
use crate::process::Process;
use crate::samples::Samples;
use crate::{Result, cpu};

/// The number of processes for each round of the other parts. A process takes little time.
const PROCESSES: usize = 3;

/// The times of one process, in milliseconds.
struct First {
    wall: f64,
    within: f64,
    cpu: f64,
}

type Figure = fn(&First) -> f64;

const FIGURES: [(&str, Figure); 3] = [
    ("from the start of the process", |one| one.wall),
    ("from its transport to the reply", |one| one.within),
    ("CPU", |one| one.cpu),
];

pub(crate) fn measure(options: &Options) -> Result<Section> {
    let url = std::env::var("RPC_TEST_RABBIT_URL")?;
    let mut servers = Vec::new();
    for contender in options
        .contenders()
        .filter(|contender| takes_part(contender))
    {
        let mut server = Process::spawn(contender, "server", &url)?;
        server.ready()?;
        servers.push((contender, server));
    }
    let processes = if options.short {
        1
    } else {
        PROCESSES * options.rounds
    };
    let mut samples = Samples::new();
    for round in 1..=processes {
        eprintln!("-- process {round} of {processes}");
        for (contender, _) in &servers {
            samples.add(contender.name, one(contender, &url)?);
        }
        servers.reverse();
    }
    let mut text =
        format!("\nMedians of {processes} processes each, started in turn.\n\n| first call, ms |");
    for (what, _) in FIGURES {
        write!(text, " {what} |")?;
    }
    text.push_str("\n|---|---:|---:|---:|\n");
    for contender in options.contenders() {
        let median = |(_, figure)| samples.median(&contender.name, figure);
        let [Some(wall), Some(within), Some(cpu)] = FIGURES.map(median) else {
            continue;
        };
        writeln!(
            text,
            "| {} | {wall:.1} | {within:.1} | {cpu:.1} |",
            contender.title
        )?;
    }
    let mut goals = Vec::new();
    for theirs in ["oslo", "lapin-b"] {
        for (what, figure) in FIGURES {
            let ratio = samples.ratio(&"ours", &theirs, figure);
            goals.extend(ratio.map(|ratio| Goal {
                what: format!("first call, {what}: ours / {theirs}"),
                figure: ratio,
                aim: Aim::None,
            }));
        }
    }
    Ok(Section {
        text,
        goals,
        ..Section::default()
    })
}

/// Of the contenders by hand, one is enough.
fn takes_part(contender: &Contender) -> bool {
    matches!(contender.place, Place::Broker | Place::Python)
        && !matches!(
            contender.name,
            "lapin-a" | "lapin-c" | "lapin-d" | "ours-spans"
        )
}

fn one(contender: &Contender, url: &str) -> Result<First> {
    let began = Instant::now();
    let mut process = Process::spawn(contender, "first", url)?;
    let [within, cpu] = process.figures()?;
    Ok(First {
        wall: began.elapsed().as_secs_f64() * 1e3,
        within: within * 1e3,
        cpu: cpu * 1e3,
    })
}

/// Makes the first call of this process. Prints the seconds that it took, and the CPU seconds since the process began.
pub(crate) async fn make<C: Client>(client: impl Future<Output = Result<C>>) -> Result<()> {
    let began = Instant::now();
    let client = client.await?;
    let argument = load::argument(load::BYTES);
    if client.call(&argument).await? != argument.len() {
        return Err("the reply is not the argument".into());
    }
    let within = began.elapsed().as_secs_f64();
    println!("{within} {}", cpu::own()?);
    Ok(())
}
