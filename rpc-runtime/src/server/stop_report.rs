//! [`StopReport`]: the result of stopping a server.

/// The outcome of a server's requests when it stopped; see [`Server::stop`](super::Server::stop).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StopReport {
    /// Requests that were in flight when the stop began, and have finished.
    pub finished: usize,
    /// Requests that were cancelled at the time limit while they ran, or that had not started. They were
    /// acknowledged, so no other server runs them.
    pub cut_off: usize,
    /// Requests that were prefetched and not acknowledged. The broker requeues them for other servers. Always 0
    /// over `memory://`, which does not count them.
    pub given_back: usize,
}

impl StopReport {
    /// Whether no request was [cut off](Self::cut_off).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.cut_off == 0
    }
}
