//! The time for which the threads of the tested clients could not run because the machine gave them no processor. No
//! library can be in time while that happens.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Builder;

/// The unit of `/proc/stat`.
const CLOCK_TICK: Duration = Duration::from_millis(10);
/// The field of `/proc/stat` with the time that the host of a virtual machine gave to others.
const STEAL: usize = 8;

/// The statistics of the scheduler of each thread of a runtime.
#[derive(Debug, Clone, Default)]
pub struct Starvation {
    threads: Arc<Mutex<Vec<File>>>,
}

impl Starvation {
    /// Observes the threads that the runtime of this builder starts from now on.
    #[must_use]
    pub fn of(runtime: &mut Builder) -> Self {
        let observed = Self::default();
        let threads = observed.threads.clone();
        runtime.on_thread_start(move || {
            // An open file continues to describe the thread that opened it.
            match File::open("/proc/thread-self/schedstat") {
                Ok(file) => threads
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(file),
                Err(error) => eprintln!("the waits of a thread are not counted: {error}"),
            }
        });
        observed
    }

    /// The sum of the time that these threads were ready to run and had no processor, and of the time for which the host
    /// of a virtual machine stopped its processors.
    #[must_use]
    pub fn total(&self) -> Duration {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.iter().map(queued).sum::<Duration>() + stolen()
    }
}

/// The time that the thread of this file was ready and had no processor: the second number, in nanoseconds.
fn queued(thread: &File) -> Duration {
    let mut text = [0; 64];
    // The thread may have ended.
    let length = thread.read_at(&mut text, 0).unwrap_or(0);
    let text = text
        .get(..length)
        .and_then(|text| str::from_utf8(text).ok());
    let waited = text.and_then(|text| text.split_whitespace().nth(1)?.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

fn stolen() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let all = stat.lines().next().unwrap_or_default();
    let ticks = all.split_whitespace().nth(STEAL);
    CLOCK_TICK * ticks.and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn threads_that_share_a_processor_wait_for_it() {
        let busy = std::thread::available_parallelism().map_or(1, usize::from) * 2;
        let mut builder = Builder::new_multi_thread();
        let starvation = Starvation::of(builder.worker_threads(busy));
        let runtime = builder.build().unwrap();
        let before = starvation.total();
        let until = Instant::now() + Duration::from_millis(200);
        let spinning: Vec<_> = (0..busy)
            .map(|_| runtime.spawn(async move { while Instant::now() < until {} }))
            .collect();
        runtime.block_on(async {
            for spinning in spinning {
                spinning.await.unwrap();
            }
        });
        let waited = starvation.total().saturating_sub(before);
        // Twice as many threads as processors: half of them wait at any time.
        assert!(waited > Duration::from_millis(100), "{waited:?}");
    }
}
