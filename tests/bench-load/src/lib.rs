//! This library, lapin by hand, oslo.messaging and tarpc under the same load, in one run.
//!
//! The driver starts each contender's client and server as processes of their own. A contender that works within a
//! process is one process. The contenders run in turn, cell by cell, for several rounds, so that other load on the
//! machine affects them equally. All Rust programs use one tokio thread, so that processes can be compared.

#![allow(
    clippy::cast_precision_loss,
    reason = "figures are for people: a few digits of them"
)]

mod by_hand;
mod calls;
mod chart;
mod codec;
mod compile_time;
mod contender;
mod cpu;
mod driver;
mod first_call;
mod goals;
mod growth;
mod lines;
mod load;
mod markdown;
mod options;
mod ours;
mod pair;
mod part;
mod peer;
mod point;
mod process;
mod recovery;
mod report;
mod samples;
mod spans;
mod tarpc_echo;

use std::error::Error;
use std::process::ExitCode;

use by_hand::Guarantee;

/// A failure ends the part of the run, since a figure from a load with failures is meaningless.
type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Runs the program with these arguments.
#[must_use]
pub fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["peer", role, name, address] => peer(role, name, address),
        ["point", what, count, url] => point(what, count, url),
        options => options::Options::parse(options).and_then(|options| driver::run(&options)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rpc-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One end of a contender.
#[tokio::main(flavor = "current_thread")]
async fn peer(role: &str, name: &str, address: &str) -> Result<()> {
    match (role, name) {
        ("client", "ours") => ours::client(address, ours::TOPIC).await,
        ("server", "ours") => ours::server(address, ours::TOPIC).await,
        ("client", "ours-spans") => {
            spans::subscribe();
            ours::client(address, ours::TOPIC_WITH_SPANS).await
        }
        ("server", "ours-spans") => {
            spans::subscribe();
            ours::server(address, ours::TOPIC_WITH_SPANS).await
        }
        ("client", "memory") => ours::in_process().await,
        ("client", "tarpc") => tarpc_echo::in_process().await,
        ("client", "tarpc-json") => tarpc_echo::in_process_json().await,
        ("client", "tarpc-tcp") => tarpc_echo::client(address).await,
        ("server", "tarpc-tcp") => tarpc_echo::server().await,
        ("first", "ours") => first_call::make(async { ours::caller(address) }).await,
        (role, name) => {
            let guarantee = Guarantee::named(name).ok_or("no such contender")?;
            match role {
                "first" => first_call::make(by_hand::client::connect(address, guarantee)).await,
                "client" => by_hand::client::run(address, guarantee).await,
                _ => by_hand::server::run(address, guarantee).await,
            }
        }
    }
}

/// One point of a curve.
#[tokio::main(flavor = "current_thread")]
async fn point(what: &str, count: &str, url: &str) -> Result<()> {
    point::measure(what, count.parse()?, url).await
}
