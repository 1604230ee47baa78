//! A laboratory for faults: private RabbitMQ nodes, and a proxy between them and their clients, both of
//! which fail when told to.

pub mod cluster;
mod erlang;
pub mod fault;
pub mod ground;
pub mod node;
pub mod process;
pub mod proxy;
pub mod random;
pub mod schedule;

/// What the laboratory itself failed at: never a finding about what is tested in it.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of what only the laboratory can fail at.
pub type Result<T, E = Error> = std::result::Result<T, E>;
