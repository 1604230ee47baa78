//! The instructions of the codec and of calls within one process, counted by callgrind: `cargo bench -p rpc-bench
//! --bench instructions`.
//!
//! For each figure, the program runs itself under valgrind twice, with few rounds and with more. The difference is
//! exactly the instructions of the additional rounds. The load of the machine does not change it.

#![allow(dead_code, reason = "the load program does more with these")]

use std::process::{Command, ExitCode};

use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};

#[path = "../src/load.rs"]
mod load;
#[path = "codec/ops.rs"]
mod ops;
#[path = "../src/ours.rs"]
mod ours;
#[path = "../src/peer.rs"]
mod peer;
#[path = "../src/spans.rs"]
mod spans;
#[path = "../src/tarpc_echo.rs"]
mod tarpc_echo;

use load::Client;
use ops::{SIZES, Step, Subject};

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

const STEPS: [Step; 4] = [
    Step::EncodeRequest,
    Step::DecodeRequest,
    Step::EncodeReply,
    Step::DecodeReply,
];
const CALLERS: [usize; 2] = [1, 64];

/// The rounds of a step, or the calls of each caller.
#[derive(Clone, Copy)]
struct Rounds {
    few: usize,
    more: usize,
}

const STEP_ROUNDS: Rounds = Rounds { few: 2, more: 12 };
const CALL_ROUNDS: Rounds = Rounds { few: 50, more: 150 };

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["codec", whose, step, size, rounds] => repeat(whose, step, size, rounds),
        ["calls", whose, callers, rounds] => call(whose, callers, rounds),
        _ => codec_table().and_then(|()| calls_table()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn codec_table() -> Result<()> {
    println!(
        "| step | bytes | ours | serde_json twice, types known | ratio | by value | ratio |\n\
         |---|---:|---:|---:|---:|---:|---:|"
    );
    for step in STEPS {
        for size in SIZES {
            let of = |whose: &str| {
                let words = ["codec", whose, &format!("{step:?}"), &size.to_string()];
                a_round(&words, STEP_ROUNDS)
            };
            let (ours, plain, by_value) = (of("ours")?, of("plain")?, of("by-value")?);
            println!(
                "| {step:?} | {size} | {ours} | {plain} | {:.2} | {by_value} | {:.2} |",
                beside(ours, plain),
                beside(ours, by_value)
            );
        }
    }
    Ok(())
}

fn calls_table() -> Result<()> {
    println!(
        "\n| a call within one process, callers | ours | tarpc | ratio | ours, spans on | on / off |\n\
         |---:|---:|---:|---:|---:|---:|"
    );
    for callers in CALLERS {
        let of = |whose: &str| -> Result<u64> {
            let round = a_round(&["calls", whose, &callers.to_string()], CALL_ROUNDS)?;
            Ok(round / callers as u64)
        };
        let (ours, tarpc, spans) = (of("ours")?, of("tarpc")?, of("ours-spans")?);
        println!(
            "| {callers} | {ours} | {tarpc} | {:.2} | {spans} | {:.2} |",
            beside(ours, tarpc),
            beside(spans, ours)
        );
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn beside(ours: u64, other: u64) -> f64 {
    ours as f64 / other as f64
}

/// The instructions of one round of this program, run with these arguments and a number of rounds.
fn a_round(words: &[&str], Rounds { few, more }: Rounds) -> Result<u64> {
    let all = |rounds: usize| -> Result<u64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe()?)
            .args(words)
            .arg(rounds.to_string())
            .output()
            .map_err(|error| format!("needs valgrind: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = said
            .lines()
            .find_map(|line| line.split_once("Collected :"))
            .ok_or_else(|| said.clone())?;
        Ok(collected.1.trim().parse()?)
    };
    Ok((all(more)? - all(few)?) / (more - few) as u64)
}

fn repeat(whose: &str, step: &str, size: &str, rounds: &str) -> Result<()> {
    let step = STEPS
        .into_iter()
        .find(|each| format!("{each:?}") == step)
        .ok_or("no such step")?;
    let subject = Subject::new(size.parse()?)?;
    for _ in 0..rounds.parse()? {
        match whose {
            "ours" => subject.ours(step)?,
            "by-value" => subject.by_value(step)?,
            _ => subject.plain(step)?,
        }
    }
    Ok(())
}

fn call(whose: &str, callers: &str, rounds: &str) -> Result<()> {
    let (callers, rounds) = (callers.parse()?, rounds.parse()?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    if whose == "ours-spans" {
        spans::subscribe();
    }
    if whose.starts_with("ours") {
        let (server, client) = runtime.block_on(ours::pair())?;
        call_with(&runtime, &client, callers, rounds)?;
        runtime.block_on(server.stop());
        Ok(())
    } else {
        let client = runtime.block_on(async { tarpc_echo::pair() });
        call_with(&runtime, &client, callers, rounds)
    }
}

/// In each round, each caller makes a call, and all calls are in flight at once.
fn call_with(runtime: &Runtime, client: &impl Client, callers: usize, rounds: usize) -> Result<()> {
    let text = load::argument(load::BYTES);
    for _ in 0..rounds {
        let calls = (0..callers).map(|_| client.call(&text));
        let lengths: Result<Vec<_>> = runtime.block_on(join_all(calls)).into_iter().collect();
        if lengths?.iter().any(|length| *length != text.len()) {
            return Err("the reply is not the argument".into());
        }
    }
    Ok(())
}
