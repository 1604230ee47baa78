//! Keeps queues bound. Who deletes an exchange deletes its bindings, and the broker tells nobody: servers
//! go on listening at queues that nothing reaches any more.
//!
//! A sender whose message came back binds the queue it was meant for, if there is one. What senders cannot see
//! (the queues for fanouts, and senders that leave it at that, as oslo.messaging's do) servers bind again from
//! time to time.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lapin::types::ShortString;
use tokio::time::{Instant, sleep};

use super::backoff::jittered;
use super::fault::Fault;
use super::finish::finish;
use super::link::Link;
use super::topology::{Exchange, Queue, Route};
use crate::mutex::lock;

/// How often senders try to bind a queue that may be missing altogether.
const TRIES: Duration = Duration::from_millis(200);
/// How often servers bind their queues, less a random quarter: some five small commands each time.
const REPEATED: Duration = Duration::from_secs(30);
/// How many queues' tries are remembered before the old ones are forgotten.
const REMEMBERED: usize = 1000;

/// When senders last tried to bind which queue on a link.
#[derive(Debug, Default)]
pub(super) struct Tries(Mutex<HashMap<ShortString, Instant>>);

impl Tries {
    /// Whether it is time to try, which is noted.
    fn due(&self, queue: &ShortString) -> bool {
        let mut tries = lock(&self.0);
        let now = Instant::now();
        let recent = |tried: &Instant| now.duration_since(*tried) < TRIES;
        if tries.get(queue).is_some_and(recent) {
            return false;
        }
        if tries.len() >= REMEMBERED {
            tries.retain(|_, tried| recent(tried));
        }
        tries.insert(queue.clone(), now);
        true
    }
}

impl Link {
    /// Binds the queue that a returned message was meant for, in the background. If it cannot be done, the
    /// message waits for a server to do it.
    pub(super) fn restore_binding(self: &Arc<Self>, route: &Route) {
        let Some(exchange) = route.exchange.clone() else {
            return;
        };
        if !self.binding_tries.due(&route.key) {
            return;
        }
        let (link, queue) = (self.clone(), route.key.clone());
        self.runtime().spawn(async move {
            // In the exchange for requests, each queue is bound by its own name.
            match link.bind_anew(&queue, &exchange, &queue).await {
                Ok(()) => tracing::info!(%queue, "bound the queue to its exchange"),
                Err(fault) => tracing::debug!(%queue, why = %fault.why(), "not bound"),
            }
        });
    }

    async fn bind_anew(
        &self,
        queue: &ShortString,
        exchange: &Exchange,
        key: &ShortString,
    ) -> Result<(), Fault> {
        self.declare_exchange(exchange).await?;
        self.bind(queue, exchange, key).await
    }

    /// Binds these queues from time to time, for ever.
    pub(super) async fn keep_bound(self: &Arc<Self>, queues: Vec<Queue>) -> Infallible {
        loop {
            // The broker tells nobody that an exchange was deleted.
            sleep(jittered(REPEATED)).await;
            for queue in &queues {
                let Some((exchange, key)) = queue.binding.clone() else {
                    continue;
                };
                let (link, name) = (self.clone(), queue.name.clone());
                let bound = finish(self.runtime(), async move {
                    link.bind_anew(&name, &exchange, &key).await
                });
                if let Err(fault) = bound.await {
                    tracing::debug!(queue = %queue.name, why = %fault.why(), "not bound anew");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_queue_is_tried_from_time_to_time_and_names_are_forgotten() {
        let tries = Tries::default();
        let (one, other) = (ShortString::from("one"), ShortString::from("other"));
        assert!(tries.due(&one) && tries.due(&other));
        assert!(!tries.due(&one));
        tokio::time::advance(TRIES).await;
        assert!(tries.due(&one));
        for number in 0..REMEMBERED * 2 {
            tokio::time::advance(TRIES / 100).await;
            tries.due(&ShortString::from(number.to_string()));
        }
        assert!(tries.0.lock().unwrap().len() <= REMEMBERED);
    }
}
