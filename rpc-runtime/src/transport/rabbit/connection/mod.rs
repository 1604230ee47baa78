//! Keeps a connection to the brokers alive: hosts, back-off, and the thread that does it.
//!
//! This room knows nothing of queues. Its users declare what they need anew on each connection.

mod attempts;
mod dial;
mod engine;
mod nudge;
mod progress;
mod supervisor;

pub(super) use attempts::Attempts;
pub(super) use engine::Engine;
pub(super) use nudge::{Nudge, Nudged};
pub(super) use progress::Progress;
pub(super) use supervisor::{Connections, Supervisor};
