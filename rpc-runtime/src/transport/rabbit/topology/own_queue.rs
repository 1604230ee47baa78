//! The queues that one process alone should consume, under names that no other process uses.
//!
//! Names are unique by chance, unless the queue manager makes them: then a process in another container can have the
//! same one, and the two would take each other's messages. The broker knows how many consumers a queue has, so a name
//! is checked when it is used first, and a process that finds it in use takes the next one. The name is not checked
//! again after a reconnection: the broker may not know yet that this process's own last consumer is gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::amqp::Fault;
use super::super::blocking::on_a_thread;
use super::declarer::Declarer;
use super::names::{Queue, Topology};
use crate::random::below;

/// The longest time before a process checks whether it consumes alone. It waits for a random part of this: of two
/// processes that begin at once, the first to check leaves, and the second finds itself alone.
const CHECK_SPREAD: Duration = Duration::from_millis(50);

/// Gives a queue the next name. The queue manager's file I/O does not block the caller's thread.
pub(crate) async fn name_anew(topology: &Arc<Topology>, queue: &mut Queue) -> Result<(), Fault> {
    let named = if topology.has_managed_names() {
        let topology = topology.clone();
        let mut named = queue.clone();
        let naming = on_a_thread(move || topology.name_anew(&mut named).map(|()| named));
        let named = naming
            .await
            .map_err(|error| Fault::lost(format!("no thread to name a queue on: {error}")))?;
        named.map(|named| *queue = named)
    } else {
        topology.name_anew(queue)
    };
    named.map_err(|error| Fault::Refused(error.to_string().into()))
}

/// Declares a queue for the first time, under a name that nobody else consumes from.
pub(crate) async fn declare_unused(
    topology: &Arc<Topology>,
    declarer: &Declarer,
    queue: &mut Queue,
) -> Result<(), Fault> {
    while declarer.declare_queue(queue).await? > 0 && is_managed(topology, queue) {
        take_next_name(topology, queue).await?;
    }
    Ok(())
}

/// Checks a queue that is being consumed for the first time. If another process began to consume it at the same time,
/// the queue gets the next name, and the answer is false: the consumer must be given up.
pub(crate) async fn is_consumed_alone(
    topology: &Arc<Topology>,
    declarer: &Declarer,
    queue: &mut Queue,
) -> Result<bool, Fault> {
    if !is_managed(topology, queue) {
        return Ok(true);
    }
    sleep(CHECK_SPREAD / 1000 * (below(1000))).await;
    if declarer.declare_queue(queue).await? <= 1 {
        return Ok(true);
    }
    take_next_name(topology, queue).await?;
    Ok(false)
}

fn is_managed(topology: &Topology, queue: &Queue) -> bool {
    queue.prefix.is_some() && topology.has_managed_names()
}

async fn take_next_name(topology: &Arc<Topology>, queue: &mut Queue) -> Result<(), Fault> {
    let taken = queue.name.clone();
    name_anew(topology, queue).await?;
    tracing::warn!(queue = %taken, instead = %queue.name,
        "another process consumes from the queue of this name: give each process a `hostname` and `processname` of its \
         own");
    Ok(())
}
