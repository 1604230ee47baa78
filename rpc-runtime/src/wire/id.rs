//! [`MessageId`]: the ids of messages, 32 hexadecimal digits that are unique across processes.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::hex;
use crate::from_text::try_from_text;
use crate::random::random;

const DIGITS: usize = 32;

/// The id of one message, written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId(u128);

impl MessageId {
    /// A new id: 64 random bits that identify this process, and a 64-bit counter that starts at a random
    /// number. After the first, it costs one atomic addition and no system call.
    #[must_use]
    pub fn unique() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static COUNTER: OnceLock<AtomicU64> = OnceLock::new();
        let process = *PROCESS.get_or_init(random);
        let count = COUNTER
            .get_or_init(|| AtomicU64::new(random()))
            .fetch_add(1, Ordering::Relaxed);
        Self(u128::from(process) << 64 | u128::from(count))
    }

    /// The id as a number.
    pub(crate) fn as_u128(self) -> u128 {
        self.0
    }
}

impl MessageId {
    /// The 32 digits, in ASCII.
    pub(super) fn digits(self) -> [u8; DIGITS] {
        let mut digits = [0; DIGITS];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0.to_be_bytes()) {
            pair.copy_from_slice(&hex::pair(byte));
        }
        digits
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MessageId {
    type Err = ParseMessageIdError;

    /// Parses exactly 32 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, ParseMessageIdError> {
        let digits = text.as_bytes().try_into();
        let digits: &[u8; DIGITS] = digits.map_err(|_| ParseMessageIdError)?;
        let (high, low) = digits.split_at(DIGITS / 2);
        // The loop has no branch: `all` collects the bits of all values, and only a non-digit has the high
        // bits.
        let mut all = 0;
        let mut half = |digits: &[u8]| {
            digits.iter().fold(0_u64, |number, digit| {
                let value = VALUES[usize::from(*digit)];
                all |= value;
                number << 4 | u64::from(value & 0xF)
            })
        };
        let number = u128::from(half(high)) << 64 | u128::from(half(low));
        if all == NO_DIGIT {
            return Err(ParseMessageIdError);
        }
        Ok(Self(number))
    }
}

try_from_text!(MessageId);

/// The error for text that is not a message id. It does not quote the text, which may come from a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a message id: a message id is 32 hexadecimal digits")]
pub struct ParseMessageIdError;

const NO_DIGIT: u8 = 0xFF;

/// The value of each byte as a digit, or `NO_DIGIT`.
static VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let digit = hex::DIGITS[value as usize];
        values[digit as usize] = value;
        values[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_distinct_and_read_back() {
        let ids: HashSet<_> = (0..1000).map(|_| MessageId::unique()).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in [
            "",
            "1",
            "+0000000000000000000000000000000",
            "g0000000000000000000000000000000",
        ] {
            assert!(text.parse::<MessageId>().is_err(), "{text}");
        }
    }
}
