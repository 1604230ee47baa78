//! A queue of bytes to write to the socket, in order.
//!
//! Small frames are copied into one buffer. The parts of a large body are not copied: they refer to the message, and
//! vectored writes send them between the buffers. Plain state without I/O; its memory must be freed after a burst.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

/// The size, in bytes, from which a buffer takes no more frames. So the memory of a long burst is freed piece by
/// piece while the rest is written.
pub(super) const BURST_PIECE: usize = 1 << 20;
/// The most pieces in one write.
pub(super) const SLICES: usize = 64;

/// Bytes to write. The first piece may be written in part.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// The pieces before `last`.
    pieces: VecDeque<Piece>,
    /// The buffer that takes frames.
    last: Vec<u8>,
    /// How many bytes of the first piece are written.
    written: usize,
}

#[derive(Debug)]
enum Piece {
    Copied(Vec<u8>),
    Shared(Bytes),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl Outgoing {
    /// The buffer to append frames to.
    pub(super) fn frames(&mut self) -> &mut Vec<u8> {
        if self.last.len() >= BURST_PIECE {
            self.close_last();
        }
        &mut self.last
    }

    /// Adds bytes without copying them.
    pub(super) fn share(&mut self, bytes: Bytes) {
        self.close_last();
        self.pieces.push_back(Piece::Shared(bytes));
    }

    fn close_last(&mut self) {
        if !self.last.is_empty() {
            let full = std::mem::take(&mut self.last);
            self.pieces.push_back(Piece::Copied(full));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.last.is_empty()
    }

    /// Fills `slices` with the next bytes to write. Returns how many slices are filled.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pieces = self.pieces.iter().map(Piece::bytes);
        let all = pieces.chain((!self.last.is_empty()).then_some(&*self.last));
        let mut count = 0;
        for (slice, bytes) in slices.iter_mut().zip(all) {
            let written = if count == 0 { self.written } else { 0 };
            *slice = IoSlice::new(&bytes[written..]);
            count += 1;
        }
        count
    }

    /// Removes `bytes` bytes that were written.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.pieces.front() {
            let length = first.bytes().len();
            if self.written < length {
                return;
            }
            self.written -= length;
            self.pieces.pop_front();
        }
        if self.written == self.last.len() {
            self.written = 0;
            self.last.clear();
        }
    }

    /// Removes all bytes, and frees the memory.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
impl Outgoing {
    /// All bytes to write.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut slices = vec![IoSlice::new(&[]); self.pieces.len() + 1];
        let count = self.slices(&mut slices);
        concat(&slices[..count])
    }

    /// The capacity of the buffers, in bytes.
    pub(super) fn capacity(&self) -> usize {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Copied(bytes) => bytes.capacity(),
            Piece::Shared(_) => 0,
        });
        pieces.sum::<usize>() + self.last.capacity()
    }
}

#[cfg(test)]
fn concat(slices: &[IoSlice<'_>]) -> Vec<u8> {
    slices
        .iter()
        .flat_map(|slice| slice.iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_and_shared_bytes_are_written_in_order_for_any_size_of_writes() {
        for step in [1, 2, 3, 7, 50] {
            let mut outgoing = Outgoing::default();
            let mut want = Vec::new();
            for number in 0..10_u8 {
                outgoing.frames().push(number);
                want.push(number);
                if number % 3 == 0 {
                    let body = vec![100 + number; usize::from(number)];
                    outgoing.share(body.clone().into());
                    want.extend(body);
                }
                assert_eq!(outgoing.to_vec(), want);
            }
            let mut sent = Vec::new();
            while !outgoing.is_empty() {
                let mut slices = [IoSlice::new(&[]); 2];
                let count = outgoing.slices(&mut slices);
                let mut bytes = concat(&slices[..count]);
                bytes.truncate(step);
                outgoing.advance(bytes.len());
                sent.extend(bytes);
                if sent.len() == step {
                    outgoing.frames().push(99);
                    want.push(99);
                }
            }
            assert_eq!(sent, want, "{step} bytes at a time");
        }
    }
}
