//! Converts panics of handlers to errors.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::thread;

use super::invocation::Outcome;
use crate::RemoteError;
use crate::future::BoxFuture;

/// Runs a handler and converts a panic to an error.
pub(super) async fn caught(mut handler: BoxFuture<'_, Outcome>) -> Outcome {
    poll_fn(|cx| {
        unpanicked(|| handler.as_mut().poll(cx)).unwrap_or_else(|panic| {
            let message = format!("the handler panicked: {}", panic_message(&*panic));
            Poll::Ready(Err(
                RemoteError::new("RuntimeError", message).module("builtins")
            ))
        })
    })
    .await
}

/// Catches a panic in `poll`. The caller must not poll the same future again after a panic.
pub(super) fn unpanicked<T>(poll: impl FnOnce() -> T) -> thread::Result<T> {
    catch_unwind(AssertUnwindSafe(poll))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
