//! The open channels of one connection, by number.
//!
//! A number is in use from `channel.open` until both sides have closed the channel. It must not be reused before.
//! Numbers are used in round-robin order, so a freed number is reused last. The connection's [`Io`](super::io::Io)
//! owns the table.

use std::sync::Arc;

use super::channel_state::{ChannelState, Role};
use super::fault::{Fault, Reason};
use crate::sync::Mutex;
use crate::transport::sequential_ids::SequentialIdMap;

/// The most channels of a connection that this client asks for. RabbitMQ's default limit is the same.
pub(super) const CHANNEL_MAX: u16 = 2047;

/// The channels of one connection.
#[derive(Debug, Default)]
pub(super) struct Channels(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    open: SequentialIdMap<u16, Arc<ChannelState>>,
    /// The highest number, as negotiated with the broker.
    highest: u16,
    /// The number that was used last.
    last: u16,
    /// Why the connection has ended: no more channels are opened.
    ended: Option<Reason>,
}

impl Channels {
    /// Sets the number of channels, as negotiated with the broker. 0 means no limit.
    pub(super) fn set_limit(&self, channel_max: u16) {
        self.0.lock().highest = match channel_max {
            0 => u16::MAX,
            limit => limit,
        };
    }

    /// Takes a free number for a channel that is about to be opened.
    pub(super) fn add(&self, role: Role) -> Result<Arc<ChannelState>, Fault> {
        let mut table = self.0.lock();
        if let Some(why) = &table.ended {
            return Err(Fault::lost(why.clone()));
        }
        let highest = table.highest;
        if table.open.len() >= usize::from(highest) {
            let advice = if highest < CHANNEL_MAX {
                ": raise the broker's `channel_max`"
            } else {
                ""
            };
            return Err(Fault::lost(format!(
                "all {highest} channels of the connection are in use{advice}"
            )));
        }
        let mut number = table.last;
        loop {
            number = if number >= highest { 1 } else { number + 1 };
            if !table.open.contains_key(&number) {
                break;
            }
        }
        table.last = number;
        let channel = Arc::new(ChannelState::new(number, role));
        table.open.insert(number, channel.clone());
        Ok(channel)
    }

    /// Adds a channel with this number, which the broker has opened.
    #[cfg(test)]
    pub(super) fn insert(&self, number: u16, role: Role) -> Arc<ChannelState> {
        let channel = Arc::new(ChannelState::new(number, role));
        channel.set_opened();
        self.0.lock().open.insert(number, channel.clone());
        channel
    }

    /// The channel with this number, if it is in use.
    pub(super) fn get(&self, number: u16) -> Option<Arc<ChannelState>> {
        self.0.lock().open.get(&number).cloned()
    }

    /// Frees a number. Both sides must have closed its channel.
    pub(super) fn remove(&self, number: u16) {
        self.0.lock().open.remove(&number);
    }

    /// Ends all channels, since the connection has ended.
    pub(super) fn lost(&self, why: &Reason) {
        let open = {
            let mut table = self.0.lock();
            table.ended.get_or_insert_with(|| why.clone());
            std::mem::take(&mut table.open)
        };
        for channel in open.into_values() {
            channel.lost(why);
        }
    }

    /// The channels in use.
    pub(super) fn all(&self) -> Vec<Arc<ChannelState>> {
        self.0.lock().open.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_limited_and_reused_last() {
        let channels = Channels::default();
        channels.set_limit(3);
        let add = || channels.add(Role::Declare).map(|channel| channel.number());
        assert_eq!([add(), add()].map(Result::unwrap), [1, 2]);
        channels.remove(1);
        assert_eq!([add(), add()].map(Result::unwrap), [3, 1]);
        let full = add().unwrap_err();
        assert!(full.why().contains("channel_max"), "{}", full.why());
        channels.remove(2);
        assert_eq!(add().unwrap(), 2);
    }

    #[test]
    fn no_channel_is_opened_after_the_end_of_the_connection() {
        let channels = Channels::default();
        channels.set_limit(0);
        let channel = channels.add(Role::Declare).unwrap();
        channels.lost(&"cut".into());
        assert!(channels.get(channel.number()).is_none());
        assert_eq!(&**channels.add(Role::Declare).unwrap_err().why(), "cut");
    }
}
