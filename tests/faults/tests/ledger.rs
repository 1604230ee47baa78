//! The short form of the ledger test: each kind of fault once, over queues of all types. `tests/ledger` is
//! the long one.

use std::path::PathBuf;

use rpc_faults::fault::Kind;
use rpc_faults::run::{Plan, run};

/// Three blocks, so that each type of queue has one.
const BLOCKS: usize = 3;

#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn the_ledger_balances() {
    let scripts = std::env::var_os("RPC_TEST_RABBITMQ_BIN")
        .expect("needs RabbitMQ: tests/run (RPC_TEST_RABBITMQ_BIN is not set)");
    let server = PathBuf::from(env!("CARGO_BIN_EXE_ledger-server"));
    let mut plan = Plan::new(scripts.into(), server, 1, Kind::ALL.len());
    plan.block = plan.faults.div_ceil(BLOCKS);
    let report = run(&plan, &|line| println!("{line}")).expect("the laboratory works");
    println!("{report}");
    assert!(report.is_good(), "the ledger does not balance");
    assert_eq!(report.faults, Kind::ALL.len());
    let ok: u64 = report.balance.ok.iter().sum();
    assert!(ok > 1000, "there was a load: {ok}");
}
