//! The place from which a server reads the stream for fanouts.
//!
//! A stream keeps messages that were read. So a server that starts must begin at the end of the stream, or it would
//! run a fanout that an earlier process of the same name has run. After a reconnection it continues after the last
//! fanout that it took. Plain values; the listener owns its place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::amqp::FieldValue;

/// A place in the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum StreamPlace {
    /// The end of the stream. The stream was not consumed yet.
    #[default]
    End,
    /// The Unix time, in seconds, from which the stream was consumed. Nothing was taken from it yet.
    Since(u64),
    /// The offset of the next fanout.
    Offset(i64),
}

impl StreamPlace {
    /// The value of the consumer's argument `x-stream-offset`.
    pub(super) fn argument(self) -> FieldValue {
        match self {
            Self::End => FieldValue::LongString("next".into()),
            Self::Since(second) => FieldValue::Timestamp(second),
            Self::Offset(offset) => FieldValue::LongLongInt(offset),
        }
    }

    /// Notes that the stream is consumed from `now` on.
    pub(super) fn consumed(&mut self, now: SystemTime) {
        if *self == Self::End {
            let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            // The broker takes whole seconds. The time is rounded up, since fanouts from before the start are not for
            // this server.
            *self = Self::Since(since.as_secs().saturating_add(1));
        }
    }

    /// Notes that the fanout with this offset was taken.
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
    fn a_stream_is_read_from_its_end_and_then_from_the_last_offset() {
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
