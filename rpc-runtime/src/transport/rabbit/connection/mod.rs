//! Keeps a connection to a broker alive: tries the hosts, backs off, and reconnects, on a thread of its own.
//!
//! It must not know about queues: its users declare what they need on each new connection. A [`Supervisor`] owns one
//! connection; an [`Engine`] owns the thread.

mod attempts;
mod dial;
mod engine;
mod failure_log;
mod nudge;
mod progress;
mod supervisor;

pub(super) use attempts::Attempts;
pub(super) use engine::Engine;
pub(super) use failure_log::FailureLog;
pub(super) use nudge::{Nudge, Nudged};
pub(super) use progress::Progress;
pub(super) use supervisor::{Connections, Supervisor};
