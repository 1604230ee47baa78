//! Work that is finished even when nobody waits for it any more.
//!
//! What lapin was asked for may not be dropped half-way: a channel that is being opened would be nobody's. A
//! caller may go at any time; then a task takes the work over, on the driver's runtime, since the caller's may be
//! ending. The work must end by itself, at the latest with its link.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Polled by its caller, and from then on by a task if the caller goes.
pub(super) struct Finish<T: Send + 'static> {
    work: Option<Work<T>>,
    begun: bool,
    runtime: Handle,
}

/// Work that `runtime` shall take over.
pub(super) fn finish<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> Finish<T> {
    Finish {
        work: Some(Box::pin(work)),
        begun: false,
        runtime: runtime.clone(),
    }
}

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        this.begun = true;
        let Some(work) = &mut this.work else {
            return Poll::Pending;
        };
        // Timers are bound to the runtime that they are made in: they must outlive the caller's.
        let within = this.runtime.enter();
        let result = work.as_mut().poll(context);
        drop(within);
        if result.is_ready() {
            this.work = None;
        }
        result
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take()
            && self.begun
        {
            // A runtime that has ended drops it: then the connection has ended, too.
            self.runtime.spawn(async move { drop(work.await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_that_was_begun_is_finished() {
        let (go, gone) = oneshot::channel::<()>();
        let (done, seen) = oneshot::channel();
        let mut work = finish(&Handle::current(), async move {
            gone.await.unwrap();
            done.send(()).unwrap();
        });
        poll_fn(|context| {
            assert!(Pin::new(&mut work).poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(work);
        go.send(()).unwrap();
        seen.await.unwrap();
    }

    #[tokio::test]
    async fn work_that_was_not_begun_is_not_done() {
        let (done, seen) = oneshot::channel();
        drop(finish(&Handle::current(), async move { done.send(()) }));
        seen.await.unwrap_err();
    }

    #[test]
    fn work_outlives_the_runtime_of_its_caller() {
        let ours = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let (done, seen) = oneshot::channel();
        let mut work = finish(ours.handle(), async move {
            // A timer, which must be one of the runtime that takes the work over.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            done.send(()).unwrap();
        });
        // It has no timers of its own.
        let callers = tokio::runtime::Builder::new_current_thread().build();
        callers.unwrap().block_on(async {
            poll_fn(|context| {
                assert!(Pin::new(&mut work).poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
        });
        drop(work);
        ours.block_on(seen).unwrap();
    }
}
