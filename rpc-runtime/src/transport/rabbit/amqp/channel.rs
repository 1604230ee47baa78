//! The owner's handle to one channel: dropping it closes the channel in the background, at any point, even while it is
//! being opened.

use std::sync::Arc;

use lapin::protocol::{AMQPClass, channel as protocol};
use tokio::sync::oneshot;

use super::channel_state::{ChannelState, Role};
use super::fault::Fault;
use super::io::Io;
use super::outgoing::Outgoing;

/// A channel; dropping it closes it.
#[derive(Debug)]
pub(super) struct Channel {
    state: Arc<ChannelState>,
    io: Arc<Io>,
}

impl Channel {
    /// Opens a channel. The broker's answer is not waited for, which would take a round trip: what is written here
    /// follows the open, and a broker that refuses to open a channel closes the connection.
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

    /// The handle to a channel that is open already.
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

    /// Writes frames on the channel, while it is open. An error means that nothing was written.
    pub(super) fn send(&self, now: bool, write: impl FnOnce(&mut Outgoing)) -> Result<(), Fault> {
        self.state.send(&self.io.write_queue, now, write)
    }

    /// Sends a request and waits for the broker's reply. The connection is broken off if the reply is late
    /// ([`Io::give_up_overdue`]). Dropping the future does not cancel the request.
    pub(super) async fn request(&self, request: AMQPClass) -> Result<AMQPClass, Fault> {
        let (sender, reply) = oneshot::channel();
        self.state.request(&self.io.write_queue, &request, sender)?;
        reply.await.unwrap_or_else(|_| Err(self.state.end_reason()))
    }

    /// Closes the channel in good order: what was written before it has been processed when this is done.
    pub(super) async fn close(&self) {
        let (sender, closed) = oneshot::channel();
        self.state.close(&self.io.write_queue, Some(sender));
        // The answer is the end, whatever ended it.
        let _ = closed.await;
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.state.close(&self.io.write_queue, None);
    }
}
