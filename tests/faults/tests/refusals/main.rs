//! A message that the broker refuses: its sender learns the reason at once, no other message fails, and the connection
//! stays open.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

mod bench;
mod findings;
mod one_victim;
mod queues;
mod size;
