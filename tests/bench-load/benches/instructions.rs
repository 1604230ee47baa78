//! Instructions that the codec takes, counted by callgrind: `cargo bench -p rpc-bench --bench instructions`.
//!
//! It runs itself under valgrind twice a step, with few rounds and with more: the difference is what the
//! rounds took, to the instruction, whatever the machine does meanwhile.

use std::error::Error;
use std::process::{Command, ExitCode};

#[path = "codec/ops.rs"]
mod ops;

use ops::{SIZES, Step, Subject};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const STEPS: [Step; 4] = [
    Step::EncodeRequest,
    Step::DecodeRequest,
    Step::EncodeReply,
    Step::DecodeReply,
];

const FEW: u32 = 2;
const MORE: u32 = 12;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["loop", whose, step, size, rounds] => repeat(whose, step, size, rounds),
        _ => table(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn table() -> Result<()> {
    println!(
        "| step | bytes | ours | serde_json twice, types known | ratio | by value | ratio |\n\
         |---|---:|---:|---:|---:|---:|---:|"
    );
    for step in STEPS {
        for size in SIZES {
            let ours = a_round("ours", step, size)?;
            let plain = a_round("plain", step, size)?;
            let by_value = a_round("by-value", step, size)?;
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let beside = |other: u64| ours as f64 / other as f64;
            println!(
                "| {step:?} | {size} | {ours} | {plain} | {:.2} | {by_value} | {:.2} |",
                beside(plain),
                beside(by_value)
            );
        }
    }
    Ok(())
}

/// Instructions of one round.
fn a_round(whose: &str, step: Step, size: usize) -> Result<u64> {
    let all = |rounds: u32| -> Result<u64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe()?)
            .args(["loop", whose, &format!("{step:?}")])
            .args([size.to_string(), rounds.to_string()])
            .output()
            .map_err(|error| format!("needs valgrind: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = said
            .lines()
            .find_map(|line| line.split_once("Collected :"))
            .ok_or_else(|| said.clone())?;
        Ok(collected.1.trim().parse()?)
    };
    Ok((all(MORE)? - all(FEW)?) / u64::from(MORE - FEW))
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
