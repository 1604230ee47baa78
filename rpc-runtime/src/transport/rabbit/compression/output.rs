//! The output of inflating a body, bounded by a limit.
//!
//! Plain state: it must never hold more memory than its limit, or than a small multiple of [`KEPT_END`].

use bytes::Bytes;

/// A body is given up once it inflates to more than this many times the larger of its limit and [`KEPT_END`]. A smaller
/// body is read to its end.
const GIVE_UP_FACTOR: usize = 8;
/// How many bytes are kept of the end of a body that is too large. The end of a message holds the address for replies.
pub(crate) const KEPT_END: usize = 64 * 1024;

/// An inflated body.
#[derive(Debug)]
pub(crate) enum Inflated {
    Whole(Bytes),
    /// The body exceeds the limit.
    End {
        /// The last bytes of the body.
        end: Bytes,
        /// The size of the whole body, in bytes.
        size: usize,
    },
}

/// Collects inflated bytes. It keeps at most `limit` bytes, or twice [`KEPT_END`] if that is more.
pub(super) struct Output {
    limit: usize,
    /// All bytes so far. If there are more than the limit, only the last ones.
    kept: Vec<u8>,
    size: usize,
}

impl Output {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            kept: Vec::new(),
            size: 0,
        }
    }

    /// Adds the next bytes. Fails if the body goes far beyond the limit.
    pub(super) fn add(&mut self, piece: &[u8]) -> Result<(), String> {
        let before = self.size;
        self.size = self.size.saturating_add(piece.len());
        if self.size <= self.limit {
            self.make_room(piece.len());
            self.kept.extend_from_slice(piece);
            return Ok(());
        }
        let most = self.limit.max(KEPT_END).saturating_mul(GIVE_UP_FACTOR);
        if self.size > most {
            return Err(format!("it inflates to more than {most} bytes"));
        }
        if before <= self.limit {
            let begin = self.kept.len().saturating_sub(KEPT_END);
            self.kept = self.kept[begin..].to_vec();
        } else if self.kept.len() + piece.len() > 2 * KEPT_END {
            self.kept.drain(..self.kept.len() - KEPT_END);
        }
        self.kept.extend_from_slice(piece);
        Ok(())
    }

    /// Grows the buffer by at least half, but not beyond the limit. A vector that grows by itself would exceed the
    /// limit.
    fn make_room(&mut self, bytes: usize) {
        let needed = self.kept.len() + bytes;
        if needed > self.kept.capacity() {
            let wanted = (self.kept.capacity() * 3 / 2).clamp(needed, self.limit.max(needed));
            self.kept.reserve_exact(wanted - self.kept.len());
        }
    }

    /// Ends the body.
    pub(super) fn finish(self) -> Inflated {
        if self.size <= self.limit {
            return Inflated::Whole(self.kept.into());
        }
        let size = self.size;
        Inflated::End {
            end: self.into_bytes(),
            size,
        }
    }

    /// The bytes that are kept.
    pub(super) fn into_bytes(mut self) -> Bytes {
        if self.size > self.limit {
            let begin = self.kept.len().saturating_sub(KEPT_END);
            self.kept.drain(..begin);
        }
        self.kept.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_within_the_limit() {
        for (limit, most) in [
            (0, 3 * KEPT_END),
            (10, 3 * KEPT_END),
            (3_000_000, 3_000_000),
        ] {
            let mut output = Output::new(limit);
            let mut capacity = 0;
            while output.add(&[7; 10_000]).is_ok() {
                capacity = capacity.max(output.kept.capacity());
            }
            assert!(capacity <= most, "{capacity} bytes for a limit of {limit}");
        }
    }

    #[test]
    fn the_end_is_complete_for_any_limit() {
        for limit in [0, 1, 99, 100, 101, 70_000, 199_999] {
            let mut output = Output::new(limit);
            let body: Vec<u8> = (0..=250).cycle().take(200_000).collect();
            for piece in body.chunks(100) {
                output.add(piece).unwrap();
            }
            let Inflated::End { end, size } = output.finish() else {
                panic!("{limit} is below its size");
            };
            assert_eq!(size, body.len());
            assert_eq!(end, body[body.len() - KEPT_END..]);
        }
    }
}
