//! The functions of `recorded` for builds without the feature `metrics`. They do nothing.

#![expect(
    clippy::inline_always,
    clippy::unused_self,
    reason = "the signatures match those of `recorded`, and calls compile to nothing"
)]

use super::{Arrived, Dropped, Lost, SentMessage, Unpublished};
use crate::future::BoxFuture;
use crate::interface::Method;
use crate::{RemoteError, Result};

#[inline(always)]
pub(crate) fn describe() {}

#[inline(always)]
pub(crate) fn sent<'f, T: Arrived>(
    _: SentMessage<'_>,
    result: BoxFuture<'f, Result<T>>,
) -> BoxFuture<'f, Result<T>> {
    result
}

#[inline(always)]
pub(crate) fn replies_dropped(_: usize, _: Lost) {}

#[inline(always)]
pub(crate) fn request_dropped(_: &str, _: Dropped) {}

#[inline(always)]
pub(crate) fn received(_: &str, _: usize) {}

#[inline(always)]
pub(crate) fn replied(_: &str, _: usize) {}

#[inline(always)]
pub(crate) fn publish_failed(_: Unpublished) {}

#[cfg(feature = "rabbit")]
#[inline(always)]
pub(crate) fn connected(_: &'static str, _: bool) {}

#[cfg(feature = "rabbit")]
#[inline(always)]
pub(crate) fn connection_failed(_: &'static str) {}

#[cfg(feature = "rabbit")]
#[inline(always)]
pub(crate) fn connection_lost(_: &'static str) {}

/// A request that is being handled.
#[derive(Debug)]
pub(crate) struct Handling;

impl Handling {
    #[inline(always)]
    pub(crate) fn begin(
        _: &str,
        _: Option<&str>,
        _: impl FnOnce() -> Option<&'static Method>,
    ) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn done<T>(self, _: &Result<T, RemoteError>) {}
}

/// A request that waits for a permit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting;

impl Waiting {
    #[inline(always)]
    pub(crate) fn begin() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn permitted(self, _: &str) {}
}
