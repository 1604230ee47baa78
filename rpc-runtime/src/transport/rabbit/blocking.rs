//! Work that blocks, on a thread of its own. tokio's pool for such work panics where the process may start no threads.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// What `work` gives. An error if no thread can be started. A dropped future leaves the work going.
pub(super) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (sender, result) = oneshot::channel();
    thread::Builder::new()
        .name("rpc-blocking".into())
        .spawn(move || sender.send(work()))?;
    result
        .await
        .map_err(|_| io::Error::other("the work has panicked"))
}
