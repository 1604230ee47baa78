//! The check that calls, casts and servers run on a tokio runtime with timers.
//!
//! Without such a runtime, tokio's timers panic. The check returns an error that says what to enable.

use std::panic::catch_unwind;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::{Error, Result};

/// Returns an error unless the current thread has a tokio runtime with timers. I/O is not needed: the rabbit
/// driver has its own runtime.
pub(crate) fn check() -> Result<()> {
    // tokio has no function that says whether timers are enabled. If they are, creating a `Sleep` without
    // polling it takes no lock and registers no timer.
    let sleep = catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO)));
    sleep.map_err(|_| Error::Config(advice().into()))
}

fn advice() -> &'static str {
    if Handle::try_current().is_ok() {
        "this tokio runtime has no timers: build it with `enable_time()`, or with `enable_all()`"
    } else {
        "there is no tokio runtime here: await calls, casts and the start of servers on one, such as that of \
         `#[tokio::main]`, or within `Handle::enter`"
    }
}
