//! Where a server reads on in the stream for fanouts.
//!
//! A stream keeps what was read. A server that starts begins behind all that is there, or it would run a fanout that an
//! earlier process of its name has run. Over reconnections it goes on behind the last fanout that it took.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::amqp::FieldValue;

/// The place in the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum StreamPlace {
    /// The stream was not consumed so far.
    #[default]
    End,
    /// It was consumed from this second on, and nothing was taken from it.
    Since(u64),
    /// The offset of the next fanout.
    Offset(i64),
}

impl StreamPlace {
    /// The consumer's argument `x-stream-offset`.
    pub(super) fn argument(self) -> FieldValue {
        match self {
            Self::End => FieldValue::LongString("next".into()),
            Self::Since(second) => FieldValue::Timestamp(second),
            Self::Offset(offset) => FieldValue::LongLongInt(offset),
        }
    }

    /// The stream is consumed from now on.
    pub(super) fn consumed(&mut self, now: SystemTime) {
        if *self == Self::End {
            let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            // The broker knows whole seconds. The next one, as what was sent before is for no server that starts now.
            *self = Self::Since(since.as_secs().saturating_add(1));
        }
    }

    /// The fanout with this offset was taken.
    pub(super) fn taken(&mut self, offset: i64) {
        if let Some(next) = offset.checked_add(1) {
            *self = Self::Offset(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_from_its_end_and_then_on() {
        let mut place = StreamPlace::default();
        assert_eq!(place.argument(), FieldValue::LongString("next".into()));
        let now = UNIX_EPOCH + Duration::from_millis(7001);
        place.consumed(now);
        assert_eq!(place.argument(), FieldValue::Timestamp(8));
        place.taken(40);
        place.consumed(now);
        assert_eq!(place.argument(), FieldValue::LongLongInt(41));
    }
}
