//! Jumps of the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, sleep};

use super::Bench;
use crate::Result;
use crate::schedule::Planned;

/// An hour, in seconds.
const HOUR: i32 = 3600;

impl Bench<'_> {
    /// The clock of brokers, clients and servers goes forward by an hour, then back by two, and then to the right time.
    pub(super) async fn jump_clocks(&self, fault: &Planned) -> Result<Instant> {
        let clock = self.clock.as_ref().ok_or("there is no clock to set")?;
        let mut from = 0;
        for to in [HOUR, -HOUR, 0] {
            clock.set(from, to).await?;
            from = to;
            // Each process sees the jump within a second.
            sleep(fault.lasting).await;
            self.compare_clocks().await?;
        }
        Ok(Instant::now())
    }

    /// Fails if a broker does not have the clock of this process.
    async fn compare_clocks(&self) -> Result<()> {
        for node in self.brokers.nodes() {
            let its: u64 = node.eval("os:system_time(second)").await?.parse()?;
            let own = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
            if its.abs_diff(own) > 2 {
                return Err(format!("{} has the time {its} in place of {own}", node.name()).into());
            }
        }
        Ok(())
    }
}
