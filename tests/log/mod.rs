//! Records the log of a thread for a test.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The recorded lines.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Records what this thread logs, at all levels, until the guard is dropped.
    #[must_use]
    pub(crate) fn install(&self) -> impl Sized + use<> {
        self.install_at(LevelFilter::TRACE)
    }

    /// The same from this level on.
    #[must_use]
    pub(crate) fn install_at(&self, level: LevelFilter) -> impl Sized + use<> {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish();
        subscriber.set_default()
    }

    /// The same without spans, so that each line has only its own fields.
    #[must_use]
    pub(crate) fn install_without_spans(&self) -> impl Sized + use<> {
        let events = filter_fn(|metadata| !metadata.is_span());
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(self.clone())
            .with_filter(events);
        tracing_subscriber::registry().with(lines).set_default()
    }

    /// The lines that contain `text`.
    pub(crate) fn lines(&self, text: &str) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let log = String::from_utf8_lossy(&bytes);
        let lines = log.lines().filter(|line| line.contains(text));
        lines.map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
