//! The same with each allocation counted, which has its cost: for figures of memory alone.

use std::process::ExitCode;

use rpc_faults::heap;

#[global_allocator]
static ALLOCATOR: &heap::Counted = &heap::COUNTED;

fn main() -> ExitCode {
    rpc_bench::run()
}
