//! What a server's stop came to.

/// What became of a server's requests when it stopped; see [`Server::stop`](super::Server::stop).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StopReport {
    /// Requests that were in flight when the stop began, and were finished.
    pub finished: usize,
    /// Requests that were cut off where they stood when the time was over, or had no turn before that. They were
    /// taken: no other server runs them.
    pub cut_off: usize,
    /// Requests that were prefetched and not taken. The broker has them again, for other servers.
    pub given_back: usize,
}

impl StopReport {
    /// Whether no request was cut off.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.cut_off == 0
    }
}
