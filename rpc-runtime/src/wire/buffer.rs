//! Where a message is written.
//!
//! JSON is written in many pieces of a few bytes. So the room is made and filled beforehand, and a piece is copied
//! into its place: where its length is known, that is an instruction or two, and no call. What does it is put in
//! line always: whether the compiler would by itself changes with what is around.

#![expect(clippy::inline_always, reason = "pieces are short: a call costs more")]

use std::cell::Cell;
use std::io;

/// Room for bytes, and how many have been written.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffer {
    room: Vec<u8>,
    written: usize,
}

thread_local! {
    /// Where messages are written until their size is known.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The room that is made for a message at first.
const LEAST: usize = 1024;

/// The largest that a thread keeps for its next message: room for arguments of a megabyte, escaped.
const KEPT: usize = 2 * 1024 * 1024;

impl Buffer {
    /// The thread's scratch, which has room for most messages.
    pub(super) fn scratch() -> Self {
        let mut room = SCRATCH.try_with(Cell::take).unwrap_or_default();
        if room.len() < LEAST {
            room.resize(LEAST, 0);
        }
        Self { room, written: 0 }
    }

    /// Leaves the scratch for a buffer of its own, with room for so many bytes more; a message that is too large for
    /// the next one's scratch stays where it is.
    pub(super) fn settle(&mut self, more: usize) {
        if self.room.len() > KEPT {
            return;
        }
        let mut own = Vec::with_capacity(self.written + more);
        own.extend_from_slice(self.written());
        own.resize(self.written + more, 0);
        let scratch = std::mem::replace(&mut self.room, own);
        // A thread that ends keeps none.
        let _ = SCRATCH.try_with(|kept| kept.set(scratch));
    }

    /// Forgets what was written beyond so many bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.written = self.written.min(length);
    }

    pub(super) fn written(&self) -> &[u8] {
        &self.room[..self.written]
    }

    /// Writes a piece.
    #[inline(always)]
    pub(super) fn put(&mut self, piece: &[u8]) {
        // `written` is never more than the room; to say so costs less than a check.
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
        // What is filled is touched: of a large message, not much more than is written.
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

/// Copies a piece; a short one as its two ends, which may overlap: that takes no call.
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
    fn what_is_written_is_there_however_large_and_nothing_of_the_message_before() {
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
