//! Text, eight bytes at a time.

/// How many bytes are looked at in one go.
pub(super) const WORD: usize = 8;

/// The place of the first quote, backslash or control character.
#[inline]
pub(super) fn special(word: [u8; WORD]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(word);
    // Each leaves the high bit of the first byte that is below the limit; of those after it, perhaps more.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    // With its second bit turned the quote is next to the control characters, which stay among themselves.
    let quote_or_control = below(word ^ (ONES * 2), 0x21);
    let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
    let found = quote_or_control | backslash;
    (found != 0).then(|| (found.trailing_zeros() / 8) as usize)
}

/// The bytes from there; after the last come zeros, which are special.
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
