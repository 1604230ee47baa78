//! The listener of one server: the handle that the server holds.
//!
//! The [task](super::listener_task) consumes the queues, takes requests, and sends them to the listener. The listener
//! must not use the connection, which the task may be replacing. The listener owns the receiving end of the arrivals,
//! and opens and closes the permits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::compression::CompressionThread;
use super::super::shared::Shared;
use super::super::topology::Queue;
use super::arrival_sender::{ArrivalSender, report_not_run};
use super::listener_task::ListenerTask;
use super::permits::Permits;
use super::session::ListenerShared;
use crate::sync::Mutex;
use crate::transport::{Arrival, ListenTerms, Listener, ListenerState};
use crate::{Error, Result};

/// The requests for one server. Dropping it stops the listener's task in the background.
pub(crate) struct RabbitListener {
    topic: String,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    permits: Arc<Permits>,
    compression_thread: Arc<CompressionThread>,
    state: watch::Receiver<ListenerState>,
    /// How many requests went back to the broker when the listener was closed.
    given_back: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl RabbitListener {
    /// Starts to listen. Returns once the queues are consumed.
    pub(crate) async fn start(
        shared: Arc<Shared>,
        topic: &str,
        queues: [Queue; 3],
        terms: &ListenTerms,
    ) -> Result<Self> {
        // Unbounded, since the permits bound the number of requests that are taken.
        let (sender, arrivals) = mpsc::unbounded_channel();
        let stop = watch::Sender::new(false);
        let permits = Permits::new(terms.concurrency);
        let (started, start) = oneshot::channel();
        let given_back = Arc::<AtomicUsize>::default();
        let since = Instant::now();
        let (showing, state) = watch::channel(ListenerState::Listening { since });
        let compression_thread = shared.compression_thread.clone();
        let arrival_sender =
            ArrivalSender::new(shared.clone(), topic, sender, terms.max_request_size);
        let task = ListenerTask {
            connections: shared.consuming.connections(),
            closing: shared.closing(),
            stop: stop.subscribe(),
            queues,
            prefetch: terms.prefetch,
            listener: Arc::new(ListenerShared {
                topic: topic.to_owned(),
                permits: permits.clone(),
                arrivals: Arc::new(arrival_sender),
                stream_place: Mutex::default(),
            }),
            shared: shared.clone(),
            has_consumed: false,
            state: showing,
            given_back: given_back.clone(),
            started: Some(started),
        };
        let task = shared.engine.spawn(task.run())?;
        let listener = Self {
            topic: topic.to_owned(),
            arrivals,
            permits,
            compression_thread,
            state,
            given_back,
            stop,
            task: Some(task),
        };
        // Dropping this future drops `listener`, which stops the task.
        start.await.unwrap_or(Err(Error::new_closed()))?;
        Ok(listener)
    }
}

#[async_trait]
impl Listener for RabbitListener {
    async fn next(&mut self) -> Option<Arrival> {
        // No request is taken before the first call of `next`.
        self.permits.listen();
        self.arrivals.recv().await
    }

    async fn close(&mut self) {
        self.permits.close();
        self.stop.send_replace(true);
        if let Some(task) = &mut self.task {
            // An error means that the task panicked: it has ended, too.
            let _ = task.await;
            self.task = None;
        }
        // Requests that were taken may still wait to be inflated.
        self.compression_thread.drained().await;
        self.arrivals.close();
    }

    fn state(&self) -> watch::Receiver<ListenerState> {
        self.state.clone()
    }

    fn given_back(&self) -> usize {
        self.given_back.load(Ordering::Relaxed)
    }

    async fn settled(&mut self) {
        self.permits.all_released().await;
    }
}

impl Drop for RabbitListener {
    fn drop(&mut self) {
        // Before the requests below are dropped: their permits would otherwise let the session take new requests.
        self.permits.give_up();
        self.arrivals.close();
        while let Ok(arrival) = self.arrivals.try_recv() {
            report_not_run(&self.topic, &arrival);
        }
    }
}
