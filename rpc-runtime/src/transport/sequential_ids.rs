//! Tables by identities that were made in this process, and count up.
//!
//! They need no hashing that holds against chosen keys: peers may ask for keys, but enter none.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table by such identities.
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
        // Multiplied by an odd number, what differs does so in the highest bits, too, and collides in no others.
        self.0 = (self.0.rotate_left(32) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    #[expect(clippy::cast_possible_truncation, reason = "each half for itself")]
    fn write_u128(&mut self, number: u128) {
        let [low, high] = [number, number >> 64].map(|half| half as u64);
        self.write_u64(high ^ low);
    }
}
