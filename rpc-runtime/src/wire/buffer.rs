//! The buffer that a message is encoded into.
//!
//! JSON is written in many pieces of a few bytes. So the buffer is allocated and filled with zeros in
//! advance, and a piece is copied into place. If the piece's length is known at compile time, the copy is one
//! or two instructions without a call. The functions on this path are `#[inline(always)]`, because the
//! compiler's own decision changes with the surrounding code.
//!
//! Each thread owns one scratch buffer, which messages use until their size is known.

#![expect(
    clippy::inline_always,
    reason = "pieces are short, and a call costs more than the copy"
)]

use std::cell::Cell;
use std::io;

/// A zero-filled vector, and the number of bytes that have been written to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffer {
    room: Vec<u8>,
    written: usize,
}

thread_local! {
    /// The buffer for messages whose size is not known yet.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The initial size of the scratch buffer.
const LEAST: usize = 1024;

/// The largest scratch buffer that a thread keeps. It has room for arguments of one megabyte, escaped.
const KEPT: usize = 2 * 1024 * 1024;

impl Buffer {
    /// Takes the thread's scratch buffer, which is large enough for most messages.
    pub(super) fn scratch() -> Self {
        let mut room = SCRATCH.try_with(Cell::take).unwrap_or_default();
        if room.len() < LEAST {
            room.resize(LEAST, 0);
        }
        Self { room, written: 0 }
    }

    /// Moves the message to an allocation of its own, with room for `more` bytes, and returns the scratch
    /// buffer to the thread. If the buffer has grown too large to be kept, the message stays in it.
    pub(super) fn settle(&mut self, more: usize) {
        if self.room.len() > KEPT {
            return;
        }
        let mut own = Vec::with_capacity(self.written + more);
        own.extend_from_slice(self.written());
        own.resize(self.written + more, 0);
        let scratch = std::mem::replace(&mut self.room, own);
        // Fails while the thread ends. Then the buffer is freed.
        let _ = SCRATCH.try_with(|kept| kept.set(scratch));
    }

    /// Discards everything after the first `length` bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.written = self.written.min(length);
    }

    pub(super) fn written(&self) -> &[u8] {
        &self.room[..self.written]
    }

    /// Writes a piece.
    #[inline(always)]
    pub(super) fn put(&mut self, piece: &[u8]) {
        // `written` never exceeds the buffer's length. `min` tells the compiler so, and costs less than a
        // bounds check.
        let from = self.written.min(self.room.len());
        match self.room[from..].get_mut(..piece.len()) {
            Some(place) => {
                copy(piece, place);
                self.written = from + piece.len();
            }
            None => self.put_in_more_room(piece),
        }
    }

    #[cold]
    #[inline(never)]
    fn put_in_more_room(&mut self, piece: &[u8]) {
        let end = self.written + piece.len();
        // Filling touches memory, so a large buffer grows by a fixed amount instead of doubling.
        let more = self.room.len().min(KEPT);
        self.room.resize(end.max(self.room.len() + more), 0);
        self.room[self.written..end].copy_from_slice(piece);
        self.written = end;
    }

    pub(super) fn into_written(mut self) -> Vec<u8> {
        self.room.truncate(self.written);
        self.room
    }
}

/// Copies a piece. A short piece is copied as two chunks of fixed size, its beginning and its end, which may
/// overlap. That compiles without a call.
#[inline(always)]
fn copy(piece: &[u8], place: &mut [u8]) {
    match piece.len() {
        33.. => place.copy_from_slice(piece),
        16.. => copy_ends::<16>(piece, place),
        8.. => copy_ends::<8>(piece, place),
        4.. => copy_ends::<4>(piece, place),
        2.. => copy_ends::<2>(piece, place),
        _ => copy_ends::<1>(piece, place),
    }
}

#[inline(always)]
fn copy_ends<const N: usize>(piece: &[u8], place: &mut [u8]) {
    if let (Some(from), Some(to)) = (piece.first_chunk::<N>(), place.first_chunk_mut()) {
        *to = *from;
    }
    if let (Some(from), Some(to)) = (piece.last_chunk::<N>(), place.last_chunk_mut()) {
        *to = *from;
    }
}

impl io::Write for Buffer {
    #[inline]
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.put(piece);
        Ok(piece.len())
    }

    #[inline(always)]
    fn write_all(&mut self, piece: &[u8]) -> io::Result<()> {
        self.put(piece);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_any_length_is_written_whole() {
        let piece: Vec<u8> = (0..70).collect();
        let mut buffer = Buffer::scratch();
        for length in 0..piece.len() {
            let from = buffer.written().len();
            buffer.put(&piece[..length]);
            assert_eq!(buffer.written()[from..], piece[..length]);
        }
    }

    #[test]
    fn a_message_of_any_size_is_written_whole_without_bytes_of_the_one_before() {
        for size in [0, 10, LEAST, LEAST + 1, 3 * KEPT] {
            let mut buffer = Buffer::scratch();
            assert_eq!(buffer.written(), b"");
            let mut want = Vec::new();
            while want.len() < size {
                buffer.put(b"abc");
                want.extend_from_slice(b"abc");
            }
            buffer.settle(5);
            for piece in [&b"de"[..], b"", b"fghij"] {
                buffer.put(piece);
                want.extend_from_slice(piece);
            }
            assert_eq!(buffer.written(), want);
            assert_eq!(buffer.into_written(), want);
        }
        assert!(
            Buffer::scratch().room.len() <= KEPT,
            "nothing large is kept"
        );
    }
}
