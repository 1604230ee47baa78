//! A long run at half of the highest rate. `tests/soak` starts it and documents its options.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use rpc_faults::program::Program;
use rpc_faults::soak::{Plan, run};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> rpc_faults::Result<ExitCode> {
    let scripts = std::env::var_os("RPC_TEST_RABBITMQ_BIN").ok_or("run it by tests/soak")?;
    let minutes = match std::env::args().nth(1) {
        None => 10,
        Some(minutes) => minutes.parse().map_err(|_| "usage: tests/soak [MINUTES]")?,
    };
    let server = std::env::current_exe()?.with_file_name("ledger-server");
    let plan = Plan {
        scripts: PathBuf::from(scripts),
        server: Program::ours(server),
        time: Duration::from_secs(60 * minutes),
        every: Duration::from_secs(10),
        callers: 1000,
    };
    let report = run(&plan, &|sample| println!("{sample}")).await?;
    println!(
        "highest rate {}/s; held for {minutes} minutes: {}/s, {} failed",
        report.highest, report.rate, report.failed
    );
    if report.is_flat() {
        println!("nothing grew");
        return Ok(ExitCode::SUCCESS);
    }
    println!("CALLS FAILED, OR SOMETHING GREW");
    Ok(ExitCode::FAILURE)
}
