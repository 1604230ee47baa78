//! Searches text for special characters, eight bytes at a time.

/// The number of bytes that are examined at once.
pub(super) const WORD: usize = 8;

/// The index of the first quote, backslash or control character in a word.
#[inline]
pub(super) fn special(word: [u8; WORD]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(word);
    // Sets the high bit of the first byte that is below `limit`, and of no byte before it. Bytes after it may
    // be wrong, because the subtraction borrows from them, but only the first one counts.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    // Flipping bit 1 maps the quote (0x22) to 0x20, next to the control characters (0x00 to 0x1F), which stay in
    // their range. One comparison then finds both.
    let quote_or_control = below(word ^ (ONES * 2), 0x21);
    let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
    let found = quote_or_control | backslash;
    (found != 0).then(|| (found.trailing_zeros() / 8) as usize)
}

/// Eight bytes from position `from`. Zeros follow the last byte; they are special, so a search ends there.
#[inline]
pub(super) fn word(bytes: &[u8], from: usize) -> [u8; WORD] {
    match bytes.get(from..from + WORD).map(TryInto::try_into) {
        Some(Ok(word)) => word,
        _ => last(bytes, from),
    }
}

#[cold]
fn last(bytes: &[u8], from: usize) -> [u8; WORD] {
    let bytes = bytes.get(from..).unwrap_or_default();
    let mut word = [0; WORD];
    word[..bytes.len()].copy_from_slice(bytes);
    word
}
