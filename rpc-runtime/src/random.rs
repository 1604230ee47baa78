//! Random numbers for identities and jitter. They are not for secrets.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A random number. It comes from [`RandomState`], which the standard library seeds from the operating
/// system.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A random number below `limit`.
#[cfg(feature = "rabbit")]
pub(crate) fn below(limit: u32) -> u32 {
    // Multiplying 32 random bits by the limit and keeping the upper half maps them onto 0..limit without a
    // division.
    let product = (random() >> 32) * u64::from(limit);
    u32::try_from(product >> 32).unwrap_or(0)
}

#[cfg(all(test, feature = "rabbit"))]
mod tests {
    use super::*;

    #[test]
    fn below_returns_every_number_under_the_limit_and_no_other() {
        let drawn: std::collections::BTreeSet<_> = (0..1000).map(|_| below(4)).collect();
        assert_eq!(drawn, [0, 1, 2, 3].into());
        assert_eq!(below(0), 0);
        assert_eq!(below(1), 0);
    }
}
