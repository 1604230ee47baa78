//! The program that `tests/bench` starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    rpc_bench::run()
}
