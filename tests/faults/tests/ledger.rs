//! The short form of the ledger test, over queues of all types: each kind of fault that one node with the machine's own
//! clock can have, once; and some kinds with oslo.messaging at either end. `tests/ledger` is the long form.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rpc_faults::fault::Kind;
use rpc_faults::heap;
use rpc_faults::program::Program;
use rpc_faults::queues::Queues;
use rpc_faults::report::Report;
use rpc_faults::run::{Plan, run};
use rpc_faults::testing::variable;

#[global_allocator]
static ALLOCATOR: &heap::Counted = &heap::COUNTED;

/// Each type of queue has a block.
const BLOCKS: usize = Queues::ALL.len();

fn plan(faults: usize) -> Plan {
    let server = PathBuf::from(env!("CARGO_BIN_EXE_ledger-server"));
    Plan::new(variable("RPC_TEST_RABBITMQ_BIN"), server, 1, faults)
}

/// Runs take turns, since each counts the threads of its process.
static ALONE: Mutex<()> = Mutex::new(());

fn balances(plan: &Plan) -> Report {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let report = run(plan, &|line| println!("{line}")).expect("the laboratory works");
    println!("{report}");
    assert!(report.is_good(), "the ledger does not balance");
    assert_eq!(report.faults, plan.faults);
    let ok: u64 = report.balance.ok.iter().sum();
    assert!(ok > 300, "there was a load: {ok}");
    report
}

#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn the_ledger_balances() {
    let mut plan = plan(0);
    let is_possible = |kind: &Kind| {
        Queues::ALL
            .iter()
            .any(|queues| plan.is_possible(*queues, *kind))
    };
    plan.kinds = Kind::ALL.into_iter().filter(is_possible).collect();
    plan.faults = plan.kinds.len();
    plan.block = plan.faults.div_ceil(BLOCKS);
    let report = balances(&plan);
    assert_eq!(report.recoveries.len(), plan.kinds.len());
}

/// The faults from which both libraries must recover soon.
const COMMON: [Kind; 6] = [
    Kind::ClientsReset,
    Kind::ServersReset,
    Kind::ClientsCutMidFrame,
    Kind::AllClosed,
    Kind::ReplyQueueDeleted,
    Kind::TopicQueueDeleted,
];

#[test]
#[ignore = "needs RabbitMQ and Python: tests/run"]
fn our_promises_hold_with_oslo_messaging_at_the_other_end() {
    let python = variable("RPC_TEST_PYTHON");
    let common = Plan {
        kinds: COMMON.to_vec(),
        queues: vec![Queues::Durable],
        ..plan(COMMON.len())
    };
    balances(&Plan {
        server: Program::oslo(python.clone(), "server.py"),
        ..common.clone()
    });
    balances(&Plan {
        client: Some(Program::oslo(python, "load.py")),
        ..common
    });
}
