//! What this process has allocated and not given back: unlike its memory as the system counts it, this grows by
//! leaks alone, and not by what the allocator keeps for later.
//!
//! Counted where a program says
//! `#[global_allocator] static ALLOCATOR: &heap::Counted = &heap::COUNTED;`.

use std::alloc::System;
use std::fmt;
use std::time::Duration;

use stats_alloc::StatsAlloc;
use tokio::time::sleep;

/// How often is looked, and how long between looks, to find when nothing goes on.
const LOOKS: (u32, Duration) = (20, Duration::from_millis(25));

/// The allocator that counts.
pub type Counted = StatsAlloc<System>;
/// The only one of it.
pub use stats_alloc::INSTRUMENTED_SYSTEM as COUNTED;

/// What is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heap {
    /// In bytes.
    pub bytes: usize,
    /// In how many pieces.
    pub blocks: usize,
}

impl Heap {
    /// What is allocated now; none if this program does not count.
    #[must_use]
    pub fn now() -> Option<Self> {
        let stats = COUNTED.stats();
        (stats.allocations > 0).then(|| Self {
            bytes: stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated),
            blocks: stats.allocations.wrapping_sub(stats.deallocations),
        })
    }

    /// What is allocated when nothing goes on: the least of some looks.
    pub async fn at_rest() -> Option<Self> {
        let mut least = Self::now()?;
        for _ in 0..LOOKS.0 {
            sleep(LOOKS.1).await;
            let now = Self::now()?;
            if now.bytes < least.bytes {
                least = now;
            }
        }
        Some(least)
    }
}

impl fmt::Display for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KiB in {} pieces", self.bytes / 1024, self.blocks)
    }
}
