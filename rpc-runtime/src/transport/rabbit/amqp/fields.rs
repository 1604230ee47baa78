//! The fields of a frame's payload, one after the other. None is a payload that ends too early.

use std::borrow::Cow;

/// What is left of them.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// So many bytes as they are.
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn octet(&mut self) -> Option<u8> {
        self.take::<1>().map(|[octet]| octet)
    }

    pub(super) fn short_number(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn long_long(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// A short string, which need not be text.
    pub(super) fn short(&mut self) -> Option<&'a [u8]> {
        let length = self.octet()?;
        self.bytes(length.into())
    }

    /// A long string, a table or an array.
    pub(super) fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.take().map(u32::from_be_bytes)?;
        self.bytes(usize::try_from(length).ok()?)
    }

    /// A short string that a person is to read.
    pub(super) fn text(&mut self) -> Option<Cow<'a, str>> {
        self.short().map(String::from_utf8_lossy)
    }
}
