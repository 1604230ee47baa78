//! A channel to publish on, with confirms.
//!
//! Publishing never waits: it writes the frames, and the [confirm](super::confirms) comes later. Callers decide which
//! messages may share a channel.

use std::sync::Arc;

use super::channel::Channel;
use super::channel_state::Role;
use super::confirm::Confirm;
use super::confirms::{ConfirmCallback, Confirms, Health};
use super::declare_channel::ExchangeDeclaration;
use super::fault::Fault;
use super::frames::{self, Publish};
use super::io::Io;
use super::methods;

/// A channel in confirm mode. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct PublishChannel {
    channel: Channel,
    confirms: Arc<Confirms>,
    frame_max: usize,
}

impl PublishChannel {
    /// Opens a channel. Its frames have at most `frame_max` bytes.
    pub(super) fn open(io: &Arc<Io>, frame_max: usize) -> Result<Self, Fault> {
        let confirms = Arc::new(Confirms::new(io.monitor.clone()));
        let channel = Channel::open(io, Role::Publish(confirms.clone()))?;
        let number = channel.state().number();
        channel.send(false, |out| frames::confirm_select(out.frames(), number))?;
        Ok(Self {
            channel,
            confirms,
            frame_max,
        })
    }

    /// The health of the channel.
    pub(crate) fn health(&self) -> Health {
        self.confirms.health()
    }

    /// Whether messages can be published.
    pub(crate) fn is_open(&self) -> bool {
        self.health() != Health::Closed
    }

    /// Declares an exchange for the messages that follow, without waiting for an answer. If the broker refuses, it
    /// closes the channel: it has not taken these messages, and they fail with its reason.
    pub(crate) fn declare_exchange(&self, declaration: ExchangeDeclaration) -> Result<(), Fault> {
        let number = self.channel.state().number();
        let declare = declaration.request(true);
        self.channel
            .send(false, |out| methods::write(out.frames(), number, &declare))
    }

    /// Publishes a message, after all earlier ones. See [`Confirms::publish`] for `quiet`.
    pub(crate) fn publish(&self, message: Publish<'_>, quiet: bool) -> Confirm {
        let send = |number, alone| self.send(message, number, alone);
        self.confirms.publish(quiet, message.body.len(), send)
    }

    /// Publishes a message. `callback` receives the answer; see [`ConfirmCallback`].
    pub(crate) fn publish_with_callback(&self, message: Publish<'_>, callback: ConfirmCallback) {
        let send = |number, alone| self.send(message, number, alone);
        self.confirms
            .publish_with_callback(callback, message.body.len(), send);
    }

    fn send(&self, message: Publish<'_>, number: u64, alone: bool) -> Result<(), Fault> {
        let channel = self.channel.state().number();
        // A message is written at once only if no other one waits for its confirm. Others are written together.
        self.channel.send(alone, |out| {
            // The number is the message id, by which returns are matched. oslo.messaging sets no id, and ignores it.
            frames::publish(out, channel, &message, number, self.frame_max);
        })
    }
}
