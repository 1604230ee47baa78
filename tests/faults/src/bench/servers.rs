//! Faults of the servers: they are killed, or cut off while they have no free permit.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Bench;
use crate::Result;
use crate::load::Load;
use crate::proxy::End;
use crate::schedule::Planned;

/// How often connections are reset: more often than RabbitMQ 4 redelivers a message of a quorum queue by default.
const RESETS: u32 = 25;
/// The time in which a consumer must acknowledge, and the interval of the broker's checks, for the fault.
const IMPATIENCE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(200));
/// RabbitMQ's defaults for both.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(30 * 60), Duration::from_secs(60));

impl Bench<'_> {
    pub(super) async fn kill_server(&mut self, fault: &Planned) -> Result<Instant> {
        let began = Instant::now();
        let at = fault.detail % self.processes.len().max(1) as u64;
        let victim = self.processes.remove(usize::try_from(at)?);
        let (name, id) = (victim.name().to_owned(), victim.id());
        victim.kill().await?;
        self.ledger
            .server_killed(id, self.recipe.concurrency, began);
        self.add_server(&name)?;
        Ok(Instant::now())
    }

    pub(super) async fn reset_servers_again(
        &self,
        fault: &Planned,
        load: &Load,
    ) -> Result<Instant> {
        self.take_permits(load, fault.lasting);
        for _ in 0..RESETS {
            self.servers.end(End::Reset);
            sleep(fault.lasting / RESETS).await;
        }
        Ok(Instant::now())
    }

    /// A channel keeps the timeout with which it was opened, so the servers' connections are reset before and after.
    pub(super) async fn end_consumers(&self, fault: &Planned, load: &Load) -> Result<Instant> {
        let (timeout, interval) = IMPATIENCE;
        self.node().set_consumer_timeout(timeout, interval).await?;
        self.servers.end(End::Reset);
        self.take_permits(load, fault.lasting);
        sleep(fault.lasting).await;
        let (timeout, interval) = PATIENCE;
        self.node().set_consumer_timeout(timeout, interval).await?;
        self.servers.end(End::Reset);
        Ok(Instant::now())
    }

    /// Occupies all permits of the servers for a time. It sends twice as many requests, since others come meanwhile.
    fn take_permits(&self, load: &Load, lasting: Duration) {
        load.occupy(2 * self.processes.len() * self.recipe.concurrency, lasting);
    }
}
