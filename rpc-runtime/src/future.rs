//! Futures behind a pointer.

use std::pin::Pin;

/// A future on the heap, that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
