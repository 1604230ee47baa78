//! Hexadecimal digits.

/// The digits, indexed by their values.
pub(super) const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The two digits of a byte.
pub(super) fn pair(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 0xF].map(|digit| DIGITS[usize::from(digit)])
}
