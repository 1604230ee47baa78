//! A thread for compressing and inflating: neither must block the thread that reads the socket, or a runtime's thread.
//!
//! The thread does its work in order, one piece at a time, so only one body at a time takes memory for inflating. The
//! thread starts with the first piece of work and ends when its owner is dropped.
//!
//! If the thread cannot be started, or too much work waits for it, the caller does the work itself. That slows down the
//! reading from a peer that sends more than can be inflated. Work is then done out of order, and several bodies take
//! memory at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Compression, Packed};
use crate::sync::Mutex;

/// The thread's name, as operators see it.
const NAME: &str = "rpc-compression";
/// If more bytes than this wait for the thread, callers do further work themselves.
const WAITING: usize = 64 << 20;
/// A body of up to this size, in bytes, is always compressed by the caller. That takes about a millisecond.
const AT_ONCE: usize = 32 * 1024;

type Work = Box<dyn FnOnce() + Send>;

/// The handle to the thread.
#[derive(Debug, Default)]
pub(crate) struct CompressionThread {
    work: Mutex<Option<mpsc::Sender<Work>>>,
    /// The bytes of all work that waits or is in progress.
    waiting: Arc<AtomicUsize>,
}

/// Bytes that are counted as waiting until this is dropped, also by a panic or with the thread.
struct Counted {
    bytes: usize,
    waiting: Arc<AtomicUsize>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl CompressionThread {
    /// Does work on a body of `bytes` bytes, on the thread if possible.
    pub(crate) fn run(&self, bytes: usize, work: impl FnOnce() + Send + 'static) {
        if self.waiting.load(Ordering::Relaxed) > WAITING {
            return work();
        }
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
        let counted = Counted {
            bytes,
            waiting: self.waiting.clone(),
        };
        let work: Work = Box::new(move || {
            let _counted = counted;
            work();
        });
        if let Err(work) = self.send(work) {
            work();
        }
    }

    /// Sends work to the thread, and starts the thread if need be. Returns the work if there is no thread for it.
    fn send(&self, work: Work) -> Result<(), Work> {
        let mut sender = self.work.lock();
        let work = match &*sender {
            Some(known) => match known.send(work) {
                Ok(()) => return Ok(()),
                // The thread has ended by a panic: start a new one.
                Err(mpsc::SendError(work)) => work,
            },
            None => work,
        };
        let (new, received) = mpsc::channel::<Work>();
        let started = thread::Builder::new().name(NAME.into()).spawn(move || {
            for work in received {
                work();
            }
        });
        if started.is_err() {
            return Err(work);
        }
        sender
            .insert(new)
            .send(work)
            .map_err(|mpsc::SendError(work)| work)
    }

    /// Waits until the thread has done all work that was sent to it before this call.
    pub(crate) async fn drained(&self) {
        if self.work.lock().is_none() {
            return;
        }
        let (sender, done) = oneshot::channel();
        // Not by `run`, which does the work here if too much waits.
        let sent = self.send(Box::new(move || {
            // Fails only if the caller's future was dropped.
            let _ = sender.send(());
        }));
        if sent.is_ok() {
            // Fails if the thread has panicked; then there is nothing to wait for.
            let _ = done.await;
        }
    }

    /// Compresses a body, if that makes it smaller.
    pub(crate) async fn pack(&self, compression: Compression, body: Bytes) -> Packed {
        if body.len() <= AT_ONCE {
            return compression.pack(body);
        }
        let (sender, packed) = oneshot::channel();
        let shared = body.clone();
        self.run(body.len(), move || {
            // Fails only if the caller's future was dropped.
            let _ = sender.send(compression.pack(shared));
        });
        packed.await.unwrap_or_else(|_| body.into())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn work_is_done_in_order_and_the_thread_ends_with_its_owner() {
        let thread = CompressionThread::default();
        thread.drained().await;
        let (sender, done) = mpsc::channel();
        for number in 0..10 {
            let sender = sender.clone();
            thread.run(100, move || {
                let thread = std::thread::current();
                sender.send((number, thread.name() == Some(NAME))).unwrap();
            });
        }
        thread.drained().await;
        let order: Vec<_> = done.try_iter().collect();
        assert_eq!(
            order,
            (0..10).map(|number| (number, true)).collect::<Vec<_>>()
        );
        assert_eq!(thread.waiting.load(Ordering::Relaxed), 0);
        // The thread drops its thread-locals when it ends.
        let held = Arc::new(());
        let (kept, (ended, end)) = (held.clone(), oneshot::channel::<()>());
        thread.run(0, move || {
            thread_local! {
                static LAST: std::cell::RefCell<Option<oneshot::Sender<()>>> = const { std::cell::RefCell::new(None) };
            }
            LAST.set(Some(ended));
            drop(kept);
        });
        drop(thread);
        end.await.unwrap_err();
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[tokio::test]
    async fn work_that_panics_no_longer_counts_and_later_work_is_done() {
        let thread = CompressionThread::default();
        thread.run(100, || panic!("as a waker may"));
        // Ends once the panic has ended the thread, or once a new thread has been there.
        thread.drained().await;
        let (sender, done) = mpsc::channel();
        thread.run(1, move || sender.send(()).unwrap());
        done.recv().unwrap();
        thread.drained().await;
        assert_eq!(thread.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn if_too_much_work_waits_the_caller_does_it() {
        let thread = CompressionThread::default();
        let (go, gone) = mpsc::channel::<()>();
        thread.run(WAITING + 1, move || assert!(gone.recv().is_err()));
        let here = std::thread::current().id();
        let (sender, ran) = mpsc::channel();
        thread.run(1, move || sender.send(std::thread::current().id()).unwrap());
        assert_eq!(ran.try_recv().unwrap(), here);
        let mut drained = Box::pin(thread.drained());
        let polled = poll_fn(|context| Poll::Ready(drained.as_mut().poll(context))).await;
        assert!(polled.is_pending(), "the thread is not drained yet");
        drop(go);
        drained.await;
        assert_eq!(thread.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_large_body_is_compressed_by_the_thread() {
        let thread = CompressionThread::default();
        for bytes in [AT_ONCE, AT_ONCE + 1] {
            let packed = thread
                .pack(Compression::Zlib, vec![b'x'; bytes].into())
                .await;
            assert!(packed.compression.is_some() && packed.body.len() < 1000);
            assert_eq!(thread.work.lock().is_some(), bytes > AT_ONCE);
        }
    }
}
