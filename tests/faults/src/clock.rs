//! The wall clock of all processes of the laboratory. It can be set.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, timeout};

use crate::Result;

/// The variable that names the file with the clock's offset. `tests/ledger` sets it. It also preloads libfaketime, which
/// reads the file, into this process and with it into brokers and servers.
const FILE: &str = "RPC_TEST_CLOCK";

/// The time within which all processes see a new offset: libfaketime reads the file once a second.
const SEEN: Duration = Duration::from_secs(10);

/// The interval of the checks.
const POLL: Duration = Duration::from_millis(20);

/// The clock. Monotonic clocks are not affected, as when an operator sets the time of a machine.
#[derive(Debug, Clone)]
pub struct Clock {
    file: PathBuf,
}

impl Clock {
    /// The clock of this process, or none if it is the machine's own.
    #[must_use]
    pub fn of_this_process() -> Option<Self> {
        let file = std::env::var_os(FILE)?.into();
        Some(Self { file })
    }

    /// Moves the clock: it differed by `from` seconds from the machine's, and now differs by `to`. Returns when this
    /// process sees it.
    pub(crate) async fn set(&self, from: i32, to: i32) -> Result<()> {
        let (wall, steady) = (SystemTime::now(), Instant::now());
        let new = self.file.with_extension("new");
        tokio::fs::write(&new, format!("{to:+}\n")).await?;
        tokio::fs::rename(&new, &self.file).await?;
        let jump = f64::from(to) - f64::from(from);
        let seen = async {
            while (jumped(wall, steady) - jump).abs() > 1.0 {
                sleep(POLL).await;
            }
        };
        let seen = timeout(SEEN, seen).await;
        seen.map_err(|_| "the clock does not jump: is libfaketime preloaded?".into())
    }
}

/// By how many seconds the wall clock has moved beyond the time that has passed.
fn jumped(wall: SystemTime, steady: Instant) -> f64 {
    let now = SystemTime::now();
    let moved = match now.duration_since(wall) {
        Ok(forward) => forward.as_secs_f64(),
        Err(backward) => -backward.duration().as_secs_f64(),
    };
    moved - steady.elapsed().as_secs_f64()
}
