//! Queues that only one process may consume: makes sure that their names are unique.
//!
//! A random name is unique. A name from the queue manager may be in use by a process in another container, and the two
//! would take each other's messages. The broker knows how many consumers a queue has, so a name is checked when it is
//! first used. A process whose name is in use takes the next one.
//!
//! A name must not be checked again after a reconnection: the broker may not know yet that this process's last consumer
//! has ended. The callers own the queues' state.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::amqp::Fault;
use super::super::blocking::on_a_thread;
use super::declarer::Declarer;
use super::names::{Queue, Topology};
use crate::random::below;

/// The longest wait before a process checks whether it is the only consumer. The wait is a random part of this. If two
/// processes start at the same time, the one that checks first sees two consumers and takes the next name. The other
/// usually checks later, sees only itself, and keeps the name.
const CHECK_SPREAD: Duration = Duration::from_millis(50);

/// Gives a queue the next name. The queue manager's file I/O runs on a thread of its own.
pub(crate) async fn name_anew(topology: &Arc<Topology>, queue: &mut Queue) -> Result<(), Fault> {
    let named = if topology.has_managed_names() {
        let topology = topology.clone();
        let mut named = queue.clone();
        let naming = on_a_thread(move || topology.name_anew(&mut named).map(|()| named));
        let named = naming
            .await
            .map_err(|error| Fault::lost(format!("cannot name a queue on a thread: {error}")))?;
        named.map(|named| *queue = named)
    } else {
        topology.name_anew(queue)
    };
    named.map_err(|error| Fault::Refused(error.to_string().into()))
}

/// Declares a queue for the first time. If another process consumes it, the queue gets the next name.
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

/// Whether this process, which has just started to consume the queue for the first time, is its only consumer. If
/// not, the queue gets the next name, and the caller must end its consumer.
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
