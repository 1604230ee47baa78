//! Random numbers that are the same for the same seed, in every version of this program: splitmix64.

use std::time::Duration;

/// A sequence of numbers that its seed determines.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if `bound` is 0. Slightly uneven for huge bounds, which are not used here.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or(0)
    }

    /// A time of `from` or more, and less than `to`, in whole milliseconds.
    pub fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = to.saturating_sub(from).as_millis();
        from + Duration::from_millis(self.below(u64::try_from(span).unwrap_or(u64::MAX)))
    }

    /// A random element, or none if there are none.
    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.below(from.len() as u64);
        from.get(usize::try_from(at).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_sequence_for_ever() {
        let mut random = Random::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.number()).collect();
        // The published test vector of splitmix64.
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn bounds_are_kept() {
        let mut random = Random::new(7);
        let (from, to) = (Duration::from_millis(10), Duration::from_millis(12));
        for _ in 0..1000 {
            let time = random.between(from, to);
            assert!(from <= time && time < to, "{time:?}");
            assert!([1, 2, 3].contains(random.choose(&[1, 2, 3]).unwrap()));
        }
        assert_eq!(random.below(0), 0);
        assert_eq!(random.between(to, from), to);
    }
}
