//! The memory that this process has allocated and not freed. Only leaks make it grow. The memory that the system counts
//! also includes freed memory that the allocator keeps.
//!
//! To count, a program needs the line `#[global_allocator] static ALLOCATOR: &heap::Counted = &heap::COUNTED;`.

use std::alloc::System;
use std::fmt;
use std::time::Duration;

use stats_alloc::StatsAlloc;
use tokio::time::sleep;

/// The number of samples, and the time between them, to find an idle moment.
const LOOKS: (u32, Duration) = (20, Duration::from_millis(25));

/// The allocator that counts.
pub type Counted = StatsAlloc<System>;
/// The only allocator that counts.
pub use stats_alloc::INSTRUMENTED_SYSTEM as COUNTED;

/// Allocated memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heap {
    /// The number of bytes.
    pub bytes: usize,
    /// The number of blocks.
    pub blocks: usize,
}

impl Heap {
    /// The memory that is allocated now, or none if this program does not count.
    #[must_use]
    pub fn now() -> Option<Self> {
        let stats = COUNTED.stats();
        (stats.allocations > 0).then(|| Self {
            bytes: stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated),
            blocks: stats.allocations.wrapping_sub(stats.deallocations),
        })
    }

    /// The memory that is allocated at an idle moment: the least of some samples.
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
