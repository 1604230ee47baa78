//! The same program with an allocator that counts. Counting takes time, so this program measures memory only.

use std::process::ExitCode;

use rpc_faults::heap;

#[global_allocator]
static ALLOCATOR: &heap::Counted = &heap::COUNTED;

fn main() -> ExitCode {
    rpc_bench::run()
}
