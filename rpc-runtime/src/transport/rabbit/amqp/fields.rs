//! Reads the fields of a frame's payload in sequence.
//!
//! Payloads come from a peer: no function may panic, and `None` means that the payload ends too early. A reader borrows
//! the payload.

use std::borrow::Cow;

/// The fields that are not read yet.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// The next `length` bytes.
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn octet(&mut self) -> Option<u8> {
        self.take::<1>().map(|[octet]| octet)
    }

    pub(super) fn short_integer(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn long_long_integer(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// A short string, which need not be text.
    pub(super) fn short_string(&mut self) -> Option<&'a [u8]> {
        let length = self.octet()?;
        self.bytes(length.into())
    }

    /// A long string, a table or an array.
    pub(super) fn long_string(&mut self) -> Option<&'a [u8]> {
        let length = self.take().map(u32::from_be_bytes)?;
        self.bytes(usize::try_from(length).ok()?)
    }

    /// A short string as text. Bytes that are not UTF-8 are replaced.
    pub(super) fn text(&mut self) -> Option<Cow<'a, str>> {
        self.short_string().map(String::from_utf8_lossy)
    }
}
