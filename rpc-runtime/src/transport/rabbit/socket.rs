//! The transport that lapin is given: a socket of ours that can be ended from outside.
//!
//! lapin's own transport cannot be: a host that accepts and stays silent would cost a thread and two
//! descriptors each time. lapin reads and writes from a thread of its own; tokio drives the socket.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_rs::Tokio;
use async_rs::traits::{Executor, Reactor, RuntimeKit};
use async_rs::util::Task;
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::inbound::InboundFilter;
use super::login::LoginWriter;
use super::pulse::Pulse;

/// A connection to a broker's port.
#[derive(Debug)]
pub(super) enum Socket {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<super::tls::TlsStream>),
}

/// Ends a connection from outside: whatever lapin waits for on it fails at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Abort(Arc<Aborted>);

#[derive(Debug, Default)]
struct Aborted {
    flag: watch::Sender<bool>,
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

impl Abort {
    pub(super) fn now(&self) {
        self.0.flag.send_replace(true);
        for waiting in [&self.0.reader, &self.0.writer] {
            let waker = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Fails once aborted; until then, notes whom to wake. The note comes first: an abort in between
    /// is either seen here or wakes the noted one.
    fn check(&self, waiting: &Mutex<Option<Waker>>, context: &Context<'_>) -> io::Result<()> {
        let mut waker = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *waker {
            Some(known) if known.will_wake(context.waker()) => {}
            other => *other = Some(context.waker().clone()),
        }
        drop(waker);
        if *self.0.flag.borrow() {
            Err(io::ErrorKind::ConnectionAborted.into())
        } else {
            Ok(())
        }
    }
}

/// Aborts, unless disarmed.
pub(super) struct AbortOnDrop(Option<Abort>);

impl AbortOnDrop {
    pub(super) fn new(abort: Abort) -> Self {
        Self(Some(abort))
    }

    pub(super) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(abort) = &self.0 {
            abort.now();
        }
    }
}

/// The stream that lapin reads and writes. lapin does so from a thread of its own. The password goes in
/// here, and what the broker says of published messages is taken out.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    abort: Abort,
    pulse: Pulse,
    login: LoginWriter,
    inbound: InboundFilter,
}

impl Wire {
    pub(super) fn new(
        socket: Socket,
        abort: Abort,
        pulse: Pulse,
        login: LoginWriter,
        inbound: InboundFilter,
    ) -> Self {
        Self {
            socket,
            abort,
            pulse,
            login,
            inbound,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.abort.check(&self.abort.0.reader, context)?;
        let Self {
            socket,
            pulse,
            inbound,
            ..
        } = &mut *self;
        inbound.poll_read(buffer, |buffer| {
            let mut buffer = ReadBuf::new(buffer);
            let read = match socket {
                Socket::Plain(tcp) => {
                    tokio::io::AsyncRead::poll_read(Pin::new(tcp), context, &mut buffer)
                }
                #[cfg(feature = "tls")]
                Socket::Tls(tls) => {
                    tokio::io::AsyncRead::poll_read(Pin::new(tls), context, &mut buffer)
                }
            };
            read.map_ok(|()| {
                pulse.beat();
                buffer.filled().len()
            })
        })
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.abort.check(&self.abort.0.writer, context)?;
        let Self { socket, login, .. } = &mut *self;
        login.poll_write(bytes, |bytes| match socket {
            Socket::Plain(tcp) => tokio::io::AsyncWrite::poll_write(Pin::new(tcp), context, bytes),
            #[cfg(feature = "tls")]
            Socket::Tls(tls) => tokio::io::AsyncWrite::poll_write(Pin::new(tls), context, bytes),
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.abort.check(&self.abort.0.writer, context)?;
        match &mut self.socket {
            Socket::Plain(tcp) => tokio::io::AsyncWrite::poll_flush(Pin::new(tcp), context),
            #[cfg(feature = "tls")]
            Socket::Tls(tls) => tokio::io::AsyncWrite::poll_flush(Pin::new(tls), context),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.abort.check(&self.abort.0.writer, context)?;
        match &mut self.socket {
            Socket::Plain(tcp) => tokio::io::AsyncWrite::poll_shutdown(Pin::new(tcp), context),
            #[cfg(feature = "tls")]
            Socket::Tls(tls) => tokio::io::AsyncWrite::poll_shutdown(Pin::new(tls), context),
        }
    }
}

/// Tokio, but for the stream, and for sleeps that end with the connection: else lapin's heartbeat would
/// outlive it by half a minute.
#[derive(Debug, Clone)]
pub(super) struct Kit {
    tokio: Tokio,
    abort: Abort,
}

impl Kit {
    /// To be made within the runtime that shall drive the connection.
    pub(super) fn current(abort: Abort) -> Self {
        Self {
            tokio: Tokio::current(),
            abort,
        }
    }
}

impl RuntimeKit for Kit {}

impl Executor for Kit {
    type Task<T: Send + 'static> = <Tokio as Executor>::Task<T>;

    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        self.tokio.block_on(future)
    }

    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        future: F,
    ) -> Task<Self::Task<T>> {
        self.tokio.spawn(future)
    }

    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        &self,
        work: F,
    ) -> Task<Self::Task<T>> {
        self.tokio.spawn_blocking(work)
    }
}

impl Reactor for Kit {
    type TcpStream = Wire;
    type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn register<H: io::Read + io::Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<Wire, _>(unused())
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        let sleep = self.tokio.sleep(time);
        let mut aborted = self.abort.0.flag.subscribe();
        let moment = self.tokio.clone();
        Box::pin(async move {
            let ended = async {
                // Without the sender, nothing will ever abort it.
                if aborted.wait_for(|aborted| *aborted).await.is_err() {
                    std::future::pending::<()>().await;
                }
                // Who sleeps may not know yet, and sleep again at once.
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
