//! The long form of the ledger test. `tests/ledger` starts it and documents its options.

use std::path::PathBuf;
use std::process::ExitCode;

use rpc_faults::fault::Kind;
use rpc_faults::heap;
use rpc_faults::program::Program;
use rpc_faults::queues::Queues;
use rpc_faults::report::Report;
use rpc_faults::run::{Plan, run};
use tracing_subscriber::filter::LevelFilter;

#[global_allocator]
static ALLOCATOR: &heap::Counted = &heap::COUNTED;

const USAGE: &str = "usage: tests/ledger [--faults N] [--seed N] [--block N] [--json FILE] \
    [--queues transient|durable|quorum|streams|all] [--kinds KIND,KIND...] [--clients rpc|oslo] \
    [--servers rpc|oslo] [--nodes 1|3] [--table N]";

/// Writes the log of the clients, as `ledger-server` does for a server.
fn keep_log() {
    let level = std::env::var("RPC_LOG").ok();
    if let Some(level) = level.and_then(|level| level.parse::<LevelFilter>().ok()) {
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(std::io::stderr)
            .init();
    }
}

fn main() -> rpc_faults::Result<ExitCode> {
    keep_log();
    let scripts = std::env::var_os("RPC_TEST_RABBITMQ_BIN").ok_or("run it by tests/ledger")?;
    let server = std::env::current_exe()?.with_file_name("ledger-server");
    let seed = u64::from(std::process::id());
    let mut plan = Plan::new(PathBuf::from(scripts), server, seed, 1000);
    let mut json = None;
    let mut each = None;
    let mut queues = None;
    let python = || -> rpc_faults::Result<PathBuf> {
        let python = std::env::var_os("RPC_TEST_PYTHON").ok_or("run it by tests/ledger")?;
        Ok(python.into())
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match option.as_str() {
            "--faults" => plan.faults = value.parse()?,
            "--seed" => plan.seed = value.parse()?,
            "--block" => plan.block = value.parse::<usize>()?.max(1),
            "--json" => json = Some(PathBuf::from(value)),
            "--table" => each = Some(value.parse()?),
            "--clients" if value == "rpc" => plan.client = None,
            "--clients" if value == "oslo" => {
                plan.client = Some(Program::oslo(python()?, "load.py"));
            }
            "--servers" if value == "rpc" => {}
            "--servers" if value == "oslo" => plan.server = Program::oslo(python()?, "server.py"),
            "--nodes" => plan.nodes = value.parse()?,
            "--queues" if value == "all" => queues = Some(Queues::ALL.to_vec()),
            "--queues" => {
                let named = Queues::ALL.into_iter().find(|one| one.name() == value);
                queues = Some(vec![named.ok_or(USAGE)?]);
            }
            "--kinds" => {
                let kinds = value.split(',').map(Kind::named);
                plan.kinds = kinds.collect::<Option<_>>().ok_or(USAGE)?;
            }
            _ => return Err(USAGE.into()),
        }
    }
    match queues {
        Some(queues) => plan.queues = queues,
        // Only quorum queues survive the loss of a node.
        None if plan.nodes > 1 => plan.queues = vec![Queues::Quorum],
        None => {}
    }
    let outlive_nodes = |queues: &Queues| matches!(queues, Queues::Quorum | Queues::Streams);
    if plan.nodes > 1 && !plan.queues.iter().all(outlive_nodes) {
        let why =
            "with several nodes, --queues is quorum or streams: others are lost with their node";
        return Err(why.into());
    }
    if let Some(faults) = each {
        if json.is_some() {
            return Err("--json is for a run without --table".into());
        }
        return table(&plan, faults);
    }
    println!("{} faults, --seed {}", plan.faults, plan.seed);
    let report = run(&plan, &|line| println!("{line}"))?;
    println!("{report}");
    if let Some(file) = json {
        std::fs::write(file, format!("{:#}\n", report.json()))?;
    }
    Ok(if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints a line for each kind of fault, which comes by itself.
fn table(plan: &Plan, faults: usize) -> rpc_faults::Result<ExitCode> {
    println!("{}", Report::HEAD);
    let mut good = true;
    for kind in &plan.kinds {
        if !plan
            .queues
            .iter()
            .any(|queues| plan.is_possible(*queues, *kind))
        {
            eprintln!("{kind} cannot be applied here");
            continue;
        }
        let alone = Plan {
            kinds: vec![*kind],
            faults,
            block: faults,
            ..plan.clone()
        };
        let report = run(&alone, &|line| eprintln!("{line}"))?;
        eprintln!("{report}");
        println!("{}", report.line(*kind));
        good &= report.is_good();
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
