//! The running requests of a server.
//!
//! [`Running`] owns a task for each request and counts those that finish. The server's task owns the
//! [`Running`]. When it is dropped, all requests are cancelled.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::transport::{Arrival, Incoming, Listener};

use super::panics::unpanicked;
use super::request::Service;

/// Why an acknowledged request was not run.
const STOPPED: &str = "the server stopped before it started the request";

/// The running requests of one server.
pub(super) struct Running {
    service: Arc<Service>,
    tasks: JoinSet<()>,
    /// How many requests have finished.
    finished: usize,
    has_one_thread: bool,
}

impl Running {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self {
            service,
            tasks: JoinSet::new(),
            finished: 0,
            has_one_thread: Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread,
        }
    }

    /// Runs each request that arrives, until the listener ends.
    pub(super) async fn run_all(&mut self, listener: &mut dyn Listener) {
        while let Some(arrival) = listener.next().await {
            self.collect();
            match arrival {
                Arrival::Request(incoming) => self.run(incoming).await,
                Arrival::InDoubt { body, why } => self.drop_in_doubt(&body, &why),
            }
        }
    }

    /// Waits until no request is running.
    pub(super) async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {
            self.finished += 1;
        }
    }

    /// How many requests have finished so far.
    pub(super) fn finished(&mut self) -> usize {
        self.collect();
        self.finished
    }

    /// Counts requests that have finished since the last call.
    fn collect(&mut self) {
        while let Some(joined) = self.tasks.try_join_next() {
            // A cancelled request is in the number that `cut_off` returns.
            let is_cancelled = joined.is_err_and(|error| error.is_cancelled());
            self.finished += usize::from(!is_cancelled);
        }
    }

    /// Cancels the running requests, and drops requests that were acknowledged and not started. Returns the
    /// number of both.
    pub(super) async fn cut_off(&mut self, listener: &mut dyn Listener) -> usize {
        // Requests that have finished are not counted as cancelled.
        self.collect();
        let mut count = self.tasks.len();
        // The tasks are not awaited: a handler that blocks its thread would delay the stop.
        self.tasks.abort_all();
        while let Ok(Some(arrival)) = timeout(Duration::ZERO, listener.next()).await {
            match arrival {
                Arrival::Request(incoming) => {
                    self.service.drop_not_run(&incoming.body, STOPPED);
                    count += 1;
                }
                Arrival::InDoubt { body, why } => self.drop_in_doubt(&body, &why),
            }
        }
        count
    }

    /// Drops a request that another server may run.
    fn drop_in_doubt(&self, body: &[u8], why: &str) {
        let why = format!(
            "{why}: the broker may not have received the acknowledgement of the request. In that case, the broker \
             delivers the request again"
        );
        self.service.drop_not_run(body, &why);
    }

    async fn run(&mut self, incoming: Incoming) {
        let service = self.service.clone();
        let request = async move { service.serve(incoming).await };
        if !self.has_one_thread {
            self.tasks.spawn(request);
            return;
        }
        // On a current-thread runtime, a spawned task cannot start before this task yields. So the request is polled
        // here first, and needs a task only if it returns `Pending`.
        let mut request = Box::pin(request);
        let begun = poll_fn(|cx| Poll::Ready(unpanicked(|| request.as_mut().poll(cx)))).await;
        match begun {
            Ok(Poll::Pending) => {
                self.tasks.spawn(request);
            }
            Ok(Poll::Ready(())) | Err(_) => self.finished += 1,
        }
    }
}
