//! What lapin uses in place of a socket, and its runtime.
//!
//! lapin reads and writes on a thread of its own. What it writes goes to the write queue, and it reads from the
//! [pipe](super::lapin_pipe); the [I/O task](super::io_task) owns the socket.
//!
//! lapin logs at ERROR in normal operation: refused logins, orderly closes. This library reports all of it, with what
//! to do, so nothing that runs lapin's code has a subscriber ([`silent`]). What remains is the span `io_loop`, which has
//! no fields: lapin's thread opens it first of all.

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
    /// There is always room: lapin writes no messages, and little else.
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

/// Tokio, but for the stream, and for sleeps that end with the connection: else lapin's heartbeat would
/// outlive it by half a minute.
#[derive(Debug, Clone)]
pub(super) struct Kit {
    tokio: Tokio,
    io: Arc<Io>,
}

impl Kit {
    /// To be made within the runtime that shall drive the connection.
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
        // It fails on a thread that is ending: nothing is logged there any more.
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

    /// For lapin, whose waits end with the connection.
    fn sleep(&self, time: Duration) -> Self::Sleep {
        let sleep = self.tokio.sleep(time);
        let mut down = self.io.watch_down();
        let moment = self.tokio.clone();
        Box::pin(async move {
            let ended = async {
                // Without the sender, nothing will ever abort it.
                if down.wait_for(Option::is_some).await.is_err() {
                    std::future::pending::<()>().await;
                }
                // lapin may not know yet, and sleep again at once.
                moment.sleep(Duration::from_millis(5).min(time)).await;
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

/// Streams come from the connector alone.
fn unused() -> io::Error {
    io::ErrorKind::Unsupported.into()
}
