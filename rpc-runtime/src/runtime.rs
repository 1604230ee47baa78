//! What is needed of the runtime that calls, casts and servers are run on: a tokio runtime, with timers.
//!
//! tokio panics where there is none. A program that is set up wrongly gets an error that says what to enable.

use std::panic::catch_unwind;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::{Error, Result};

/// An error if this is no tokio runtime with timers. I/O is not needed: the rabbit driver has its own.
pub(crate) fn check() -> Result<()> {
    // There is no other way to ask for timers. Where they are, this takes no lock and registers nothing.
    let sleep = catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO)));
    sleep.map_err(|_| Error::Config(what_is_missing().into()))
}

fn what_is_missing() -> &'static str {
    if Handle::try_current().is_ok() {
        "this tokio runtime has no timers: build it with `enable_time()`, or with `enable_all()`"
    } else {
        "there is no tokio runtime here: await calls, casts and the start of servers on one, such as that of \
         `#[tokio::main]`, or within `Handle::enter`"
    }
}
