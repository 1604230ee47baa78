//! Work that is finished even when nobody waits for it any more.
//!
//! lapin's publishes and confirms may not be dropped half-way: each would leave something behind on its
//! channel for as long as that lives. A caller may go at any time; then a task takes the work over. The
//! work must end by itself, at the latest with its link.

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

/// To be called within the runtime that shall take over.
pub(super) fn finish<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Finish<T> {
    Finish {
        work: Some(Box::pin(work)),
        begun: false,
        runtime: Handle::current(),
    }
}

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.begun = true;
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let result = work.as_mut().poll(context);
        if result.is_ready() {
            self.work = None;
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
        let mut work = finish(async move {
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
        drop(finish(async move { done.send(()) }));
        seen.await.unwrap_err();
    }
}
