//! The handle to one channel. Its owner may drop it at any time, even while the channel is being opened: that closes
//! the channel in the background.
//!
//! The handle has no state of its own. The [`ChannelState`] has it, and outlives the handle until the broker has
//! confirmed the close.

use std::sync::Arc;

use lapin::protocol::{AMQPClass, channel as protocol};
use tokio::sync::oneshot;

use super::channel_state::{ChannelState, Role};
use super::fault::Fault;
use super::io::Io;
use super::outgoing::Outgoing;

/// A channel. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Channel {
    state: Arc<ChannelState>,
    io: Arc<Io>,
}

impl Channel {
    /// Opens a channel, without waiting for the broker's answer: that saves a round trip. Frames may be written at
    /// once, since they follow the open. A broker that refuses to open a channel closes the connection.
    pub(super) fn open(io: &Arc<Io>, role: Role) -> Result<Self, Fault> {
        let channel = Self {
            state: io.channels.add(role)?,
            io: io.clone(),
        };
        let open = protocol::AMQPMethod::Open(protocol::Open {});
        let (sender, _) = oneshot::channel();
        let open = AMQPClass::Channel(open);
        channel.state.request(&io.write_queue, &open, sender)?;
        Ok(channel)
    }

    /// The handle to a channel that is already open.
    #[cfg(test)]
    pub(super) fn adopt(io: &Arc<Io>, state: &Arc<ChannelState>) -> Self {
        Self {
            state: state.clone(),
            io: io.clone(),
        }
    }

    pub(super) fn state(&self) -> &Arc<ChannelState> {
        &self.state
    }

    pub(super) fn io(&self) -> &Arc<Io> {
        &self.io
    }

    /// Writes frames on the channel, if it is open. An error means that nothing was written. See [`WriteQueue::send`]
    /// for `now`.
    ///
    /// [`WriteQueue::send`]: super::write_queue::WriteQueue::send
    pub(super) fn send(&self, now: bool, write: impl FnOnce(&mut Outgoing)) -> Result<(), Fault> {
        self.state.send(&self.io.write_queue, now, write)
    }

    /// Sends a request and waits for the broker's reply. If the reply is overdue, the connection is aborted
    /// ([`Io::give_up_overdue`]). Dropping the future does not cancel the request.
    pub(super) async fn request(&self, request: AMQPClass) -> Result<AMQPClass, Fault> {
        let (sender, reply) = oneshot::channel();
        self.state.request(&self.io.write_queue, &request, sender)?;
        reply.await.unwrap_or_else(|_| Err(self.state.end_reason()))
    }

    /// Closes the channel, and waits until the broker has processed everything that was written before the close.
    pub(super) async fn close(&self) {
        let (sender, closed) = oneshot::channel();
        self.state.close(&self.io.write_queue, Some(sender));
        // The channel has ended, whatever the result is.
        let _ = closed.await;
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.state.close(&self.io.write_queue, None);
    }
}
