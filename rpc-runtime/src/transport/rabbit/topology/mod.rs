//! Exchanges and queues: their names, their declarations, and the routes to them.
//!
//! Names, flags and arguments must equal oslo.messaging's, since both declare the same objects. The modules hold plain
//! values, apart from the [`declarer`], which owns a channel on one connection, and the [`queue_manager`], which owns
//! files.

mod declarer;
mod names;
mod own_queue;
mod queue_manager;
mod routes;

pub(super) use declarer::Declarer;
#[cfg(test)]
pub(super) use names::Exchange;
pub(super) use names::{Queue, Route, Topology};
pub(super) use own_queue::{declare_unused, is_consumed_alone, name_anew};
pub(super) use queue_manager::process_name;
pub(super) use routes::Routes;
