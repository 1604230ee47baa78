//! Runs blocking work on a thread of its own.
//!
//! tokio's `spawn_blocking` must not be used here: it panics if the process cannot start a thread. Each call owns its
//! thread.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Runs `work` on a new thread and returns its result. Fails if no thread can be started or if the work panics. If the
/// future is dropped, the work continues.
pub(super) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (sender, result) = oneshot::channel();
    thread::Builder::new()
        .name("rpc-blocking".into())
        .spawn(move || sender.send(work()))?;
    result
        .await
        .map_err(|_| io::Error::other("the work panicked"))
}
