//! The stream and the runtime that lapin gets in place of a socket and of tokio.
//!
//! lapin reads and writes on a thread of its own. It reads from the [pipe](super::lapin_pipe), and its writes go to the
//! write queue. The [I/O task](super::io_task) owns the socket.
//!
//! lapin logs at ERROR in normal operation, such as refused logins and regular closes. This library reports these
//! events itself, with advice. So lapin's code must always run without a subscriber ([`silent`]). One span,
//! `io_loop`, still appears: lapin's thread opens it before it calls this library. It has no fields.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_rs::Tokio;
use async_rs::traits::{Executor, Reactor, RuntimeKit};
use async_rs::util::Task;
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use tracing::Dispatch;
use tracing::dispatcher::{DefaultGuard, set_default};
use tracing::instrument::{WithDispatch, WithSubscriber};

use super::io::Io;

/// lapin's end of a connection.
#[derive(Debug)]
pub(super) struct LapinStream(Arc<Io>);

impl LapinStream {
    pub(super) fn new(io: Arc<Io>) -> Self {
        Self(io)
    }
}

impl AsyncRead for LapinStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lapin_pipe.poll_read(context, buffer)
    }
}

impl AsyncWrite for LapinStream {
    /// Never waits: lapin writes few bytes, since it publishes no messages.
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.write_queue.lapin(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.write_queue.finish();
        Poll::Ready(Ok(()))
    }
}

impl Drop for LapinStream {
    fn drop(&mut self) {
        self.0.write_queue.finish();
    }
}

/// Runs lapin's code without a subscriber.
pub(super) fn silent<F: Future>(future: F) -> WithDispatch<F> {
    future.with_subscriber(Dispatch::none())
}

/// tokio as lapin's runtime, except for the stream and for sleeps. A sleep ends with the connection: otherwise lapin's
/// heartbeat task would outlive the connection by half a minute.
#[derive(Debug, Clone)]
pub(super) struct Kit {
    tokio: Tokio,
    io: Arc<Io>,
}

impl Kit {
    /// Call it within the runtime that will drive the connection.
    pub(super) fn current(io: Arc<Io>) -> Self {
        Self {
            tokio: Tokio::current(),
            io,
        }
    }
}

impl RuntimeKit for Kit {}
impl Executor for Kit {
    type Task<T: Send + 'static> = <Tokio as Executor>::Task<T>;

    /// lapin calls this on its own thread before anything else, and on no other.
    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        thread_local! {
            static SILENT: DefaultGuard = set_default(&Dispatch::none());
        }
        // Fails only while the thread ends; nothing is logged there any more.
        let _ = SILENT.try_with(|_| {});
        self.tokio.block_on(future)
    }

    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        future: F,
    ) -> Task<Self::Task<T>> {
        self.tokio.spawn(silent(future))
    }

    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        &self,
        work: F,
    ) -> Task<Self::Task<T>> {
        self.tokio.spawn_blocking(work)
    }
}

impl Reactor for Kit {
    type TcpStream = LapinStream;
    type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn register<H: io::Read + io::Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<LapinStream, _>(unused())
    }

    /// Sleeps for `time`, or until the connection has ended.
    fn sleep(&self, time: Duration) -> Self::Sleep {
        let sleep = self.tokio.sleep(time);
        let mut down = self.io.watch_down();
        let tokio = self.tokio.clone();
        Box::pin(async move {
            let ended = async {
                // The sender is dropped only with the connection's state: the connection can no longer end.
                if down.wait_for(Option::is_some).await.is_err() {
                    std::future::pending::<()>().await;
                }
                // Without this pause, lapin would call `sleep` in a busy loop until it notices the end.
                tokio.sleep(Duration::from_millis(5).min(time)).await;
            };
            tokio::select! {
                () = sleep => {}
                () = ended => {}
            }
        })
    }

    fn interval(&self, time: Duration) -> impl Stream<Item = std::time::Instant> + Send + 'static {
        self.tokio.interval(time)
    }

    fn tcp_connect_addr(
        &self,
        _: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        std::future::ready(Err(unused()))
    }
}

/// The error of functions that lapin must not call: only the connector makes streams.
fn unused() -> io::Error {
    io::ErrorKind::Unsupported.into()
}
