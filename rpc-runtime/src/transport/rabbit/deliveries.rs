//! Messages as the broker delivers them, taken off the stream before lapin sees them.
//!
//! lapin would copy each body three times, and wake one thread that wakes another. Here a message goes from the
//! thread that reads the socket straight to whoever waits for it. What else happens to a consumer, its end above
//! all, is still lapin's to tell.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use lapin::types::ShortString;

use super::fault::Fault;
use super::properties::Properties;
use crate::mutex::lock;

/// A message, delivered.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) consumer: ShortString,
    pub(super) tag: u64,
    pub(super) properties: Properties,
    pub(super) body: Bytes,
}

/// Where the messages of one channel go. It is called on the thread that reads the socket, and must not block.
pub(super) trait Sink: Send + Sync {
    fn deliver(&self, delivered: Delivered);

    /// The broker has answered a question of the channel.
    fn answered(&self) {}

    /// The broker has closed the channel: nothing may be written on it any more.
    fn closed(&self, _: &Fault) {}

    /// No more has been read so far, behind messages and answers.
    fn pause(&self) {}
}

/// The sinks of a connection, by channel; clones share them.
#[derive(Clone, Default)]
pub(super) struct Sinks(Arc<Mutex<HashMap<u16, Arc<dyn Sink>>>>);

impl Sinks {
    /// Sends what is delivered on the channel to the sink, until the tap is dropped. To be done before the
    /// channel consumes.
    pub(super) fn tap(&self, channel: u16, sink: Arc<dyn Sink>) -> Tap {
        self.lock().insert(channel, sink.clone());
        Tap {
            sinks: self.clone(),
            channel,
            sink,
        }
    }

    pub(super) fn get(&self, channel: u16) -> Option<Arc<dyn Sink>> {
        self.lock().get(&channel).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u16, Arc<dyn Sink>>> {
        lock(&self.0)
    }
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().keys()).finish()
    }
}

/// Keeps a sink in its place.
#[must_use = "dropping it takes the sink away"]
pub(super) struct Tap {
    sinks: Sinks,
    channel: u16,
    sink: Arc<dyn Sink>,
}

impl Drop for Tap {
    fn drop(&mut self) {
        let mut sinks = self.sinks.lock();
        // The number may mean another channel by now.
        if sinks
            .get(&self.channel)
            .is_some_and(|sink| Arc::ptr_eq(sink, &self.sink))
        {
            sinks.remove(&self.channel);
        }
    }
}
