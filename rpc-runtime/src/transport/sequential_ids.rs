//! Hash maps whose keys are sequential ids that this process made.
//!
//! They use a fast hash that does not resist chosen keys. That is safe only because no peer can insert a key: a peer's
//! message can only look one up. Never use these maps with keys from the wire.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map from ids that this process made, in sequence.
pub(super) type SequentialIdMap<K, V> = HashMap<K, V, BuildHasherDefault<SequentialIdHasher>>;

#[derive(Debug, Default)]
pub(super) struct SequentialIdHasher(u64);

impl Hasher for SequentialIdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The map uses the highest and the lowest bits of a hash. Multiplication by a large odd number spreads the
        // differences of sequential numbers to the highest bits, and keeps the lowest bits distinct.
        self.0 = (self.0.rotate_left(32) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves are cast one by one"
    )]
    fn write_u128(&mut self, number: u128) {
        let [low, high] = [number, number >> 64].map(|half| half as u64);
        self.write_u64(high ^ low);
    }
}
