//! The requests of a server, each a task.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::transport::{Arrival, Incoming, Listener};

use super::request::{Service, unpanicked};

/// Why a request is left that was taken.
const STOPPED: &str = "the server was stopped before its turn";

/// The requests of one server that run.
pub(super) struct Running {
    service: Arc<Service>,
    tasks: JoinSet<()>,
    /// How many have ended by themselves.
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

    /// Lets all run that arrives.
    pub(super) async fn run_all(&mut self, listener: &mut dyn Listener) {
        while let Some(arrival) = listener.next().await {
            self.collect();
            match arrival {
                Arrival::Request(incoming) => self.run(incoming).await,
                Arrival::InDoubt { body, why } => self.leave_in_doubt(&body, &why),
            }
        }
    }

    /// Waits until none runs.
    pub(super) async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {
            self.finished += 1;
        }
    }

    /// How many have ended by themselves so far.
    pub(super) fn finished(&mut self) -> usize {
        self.collect();
        self.finished
    }

    /// Counts those that have ended.
    fn collect(&mut self) {
        while self.tasks.try_join_next().is_some() {
            self.finished += 1;
        }
    }

    /// Ends what runs where it stands, and leaves what has been taken and not begun; how many.
    pub(super) async fn cut_off(&mut self, listener: &mut dyn Listener) -> usize {
        // Those that have finished are not cut off.
        self.collect();
        let mut count = self.tasks.len();
        // Not waited for: a handler that blocks its thread would hold the stop up.
        self.tasks.abort_all();
        while let Ok(Some(arrival)) = timeout(Duration::ZERO, listener.next()).await {
            match arrival {
                Arrival::Request(incoming) => {
                    self.service.leave(&incoming.body, STOPPED);
                    count += 1;
                }
                Arrival::InDoubt { body, why } => self.leave_in_doubt(&body, &why),
            }
        }
        count
    }

    /// Leaves a request that might run elsewhere.
    fn leave_in_doubt(&self, body: &[u8], why: &str) {
        let why = format!(
            "{why}: the broker has or has not its acknowledgement; if it has not, it hands the request out again"
        );
        self.service.leave(body, &why);
    }

    async fn run(&mut self, incoming: Incoming) {
        let service = self.service.clone();
        let request = async move { service.serve(incoming).await };
        if !self.has_one_thread {
            self.tasks.spawn(request);
            return;
        }
        // Nothing else would run meanwhile: it takes a task only where it waits for something.
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
