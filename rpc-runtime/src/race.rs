//! Two futures, of which the first to end counts.
//!
//! What a biased `tokio::select!` does with two: tokio's macros are one more crate to build for each API crate, and
//! come with the feature `rabbit` alone.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// What the one that ends first comes to; where both have ended, `first` counts.
pub(crate) fn race<T>(
    mut first: Pin<&mut impl Future<Output = T>>,
    mut second: Pin<&mut impl Future<Output = T>>,
) -> impl Future<Output = T> {
    poll_fn(move |cx| match first.as_mut().poll(cx) {
        Poll::Pending => second.as_mut().poll(cx),
        ready @ Poll::Ready(_) => ready,
    })
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn the_first_to_end_counts_and_of_two_the_first() {
        assert_eq!(race(pin!(ready(1)), pin!(ready(2))).await, 1);
        assert_eq!(race(pin!(ready(1)), pin!(pending())).await, 1);
        assert_eq!(race(pin!(pending()), pin!(ready(2))).await, 2);
    }
}
