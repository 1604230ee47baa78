//! A laboratory for faults: private RabbitMQ nodes, and a proxy between them and their clients. Both fail on demand.
//! The ledger test runs clients and servers there under a random schedule of faults, and compares the requests that
//! were sent with those that ran.

pub mod balance;
mod bench;
mod block;
mod brokers;
pub mod caller;
mod census;
mod clients;
pub mod clock;
pub mod cluster;
pub mod echo;
mod erlang;
pub mod fault;
pub mod ground;
pub mod heap;
pub mod ledger;
pub mod load;
pub mod long_line;
pub mod node;
pub mod orders;
mod peer;
pub mod process;
pub mod program;
pub mod proxy;
pub mod queues;
pub mod random;
pub mod report;
pub mod run;
pub mod schedule;
pub mod servers;
pub mod soak;
pub mod starvation;
pub mod testing;
pub mod work;

/// A failure of the laboratory itself, and not a finding about the tested library.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of an operation of the laboratory.
pub type Result<T, E = Error> = std::result::Result<T, E>;
