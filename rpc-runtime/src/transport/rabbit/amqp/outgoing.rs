//! Frames on their way to the socket, in order.
//!
//! Small frames are copied together into one buffer. The parts of a large body are not copied: they refer to the
//! message, and go out between the buffers by vectored writes.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

/// A buffer of this size takes no more frames, in bytes: the memory of a long burst is freed while the rest is written.
pub(super) const BURST_PIECE: usize = 1 << 20;
/// How many pieces one write has at most.
pub(super) const SLICES: usize = 64;

/// Bytes to be written, some of which may have been.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// The pieces in front of `last`.
    pieces: VecDeque<Piece>,
    last: Vec<u8>,
    /// How many bytes of the first piece were written.
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
    /// Where frames are copied to.
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

    /// What is to be written next; gives how many of the slices are filled.
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

    /// So many bytes more were written.
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

    /// Forgets everything, and frees the memory.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
impl Outgoing {
    /// All that is to be written.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut slices = vec![IoSlice::new(&[]); self.pieces.len() + 1];
        let count = self.slices(&mut slices);
        concat(&slices[..count])
    }

    /// The memory of its buffers, in bytes.
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
    fn copied_and_shared_bytes_leave_in_order_however_much_is_written_at_a_time() {
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
