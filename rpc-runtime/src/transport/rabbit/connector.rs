//! Reaches one broker: TCP, TLS and the AMQP handshake, under one deadline.
//!
//! lapin gets a transport of ours, since its own cannot be ended: with it, a host that accepts and stays
//! silent would cost a thread and two descriptors each time. It must never be given a URI that asks for
//! TLS: without its TLS features it would connect in clear. TLS is done before lapin sees the stream.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_rs::traits::{Executor, Reactor, RuntimeKit};
use async_rs::util::Task;
use async_rs::{Runtime, Tokio};
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use lapin::uri::{
    AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism,
};
use lapin::{AsyncTcpStream, ConnectionProperties};
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::fault::explain;
use super::options::{Address, Login, Options};
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::transport::UrlError;

/// Every connection names its frame size: a broker without a limit would make lapin allocate 137 GB.
const FRAME_MAX: u32 = 131_072;
const CHANNEL_MAX: u16 = 2047;

/// How brokers are reached.
#[derive(Debug)]
pub(super) struct Connector {
    virtual_host: String,
    login: Login,
    heartbeat: u16,
    deadline: Duration,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

/// A connection, and the way to end it at once, whatever state it is in.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) connection: lapin::Connection,
    pub(super) abort: Abort,
}

impl Connector {
    pub(super) fn new(options: &Options) -> Result<Self, UrlError> {
        Ok(Self {
            virtual_host: options.virtual_host.clone(),
            login: options.login,
            heartbeat: options.heartbeat,
            deadline: options.connect_timeout,
            #[cfg(feature = "tls")]
            tls: options.tls.as_ref().map(Tls::new).transpose()?,
        })
    }

    /// Connects to one broker, where operators will see the connection as `name`. An error says in
    /// words why not. A dropped future leaves nothing behind.
    pub(super) async fn connect(&self, address: &Address, name: &str) -> Result<Connected, String> {
        let what = "no answer to";
        let reached = timeout(self.deadline, self.reach(address)).await;
        let socket = match reached {
            Ok(Ok(socket)) => socket,
            Ok(Err(why)) => return Err(format!("{}: {why}", place(address))),
            Err(_) => {
                let deadline = self.deadline;
                return Err(format!(
                    "{}: {what} connecting within {deadline:?}",
                    place(address)
                ));
            }
        };
        let abort = Abort::default();
        // Ends the handshake should this future be dropped in it.
        let guard = AbortOnDrop(Some(abort.clone()));
        let shaken = timeout(
            self.deadline,
            self.handshake(address, name, socket, abort.clone()),
        )
        .await;
        match shaken {
            Ok(Ok(connection)) => {
                guard.disarm();
                Ok(Connected { connection, abort })
            }
            Ok(Err(error)) => Err(format!(
                "{}: {}",
                place(address),
                self.refusal(address, &error)
            )),
            Err(_) => {
                let deadline = self.deadline;
                Err(format!(
                    "{}: {what} the AMQP handshake within {deadline:?}",
                    place(address)
                ))
            }
        }
    }

    async fn reach(&self, address: &Address) -> io::Result<Socket> {
        let tcp = TcpStream::connect((address.name.as_str(), address.port)).await?;
        tcp.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(Socket::Tls(Box::new(tls.wrap(&address.name, tcp).await?)));
        }
        Ok(Socket::Plain(tcp))
    }

    async fn handshake(
        &self,
        address: &Address,
        name: &str,
        socket: Socket,
        abort: Abort,
    ) -> lapin::Result<lapin::Connection> {
        let mechanism = match self.login {
            Login::Plain => SASLMechanism::Plain,
            Login::AmqPlain => SASLMechanism::AMQPlain,
            Login::External => SASLMechanism::External,
        };
        let uri = AMQPUri {
            scheme: AMQPScheme::AMQP,
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: address.user.clone(),
                    password: address.password.expose().to_owned(),
                },
                host: address.name.clone(),
                port: address.port,
            },
            vhost: self.virtual_host.clone(),
            query: AMQPQueryString {
                frame_max: Some(FRAME_MAX),
                channel_max: Some(CHANNEL_MAX),
                heartbeat: Some(self.heartbeat),
                connection_timeout: None,
                auth_mechanism: Some(mechanism),
            },
        };
        let properties = ConnectionProperties::default()
            .with_client_property("product".into(), env!("CARGO_PKG_NAME").into())
            .with_client_property("version".into(), env!("CARGO_PKG_VERSION").into())
            .with_connection_name(name.into());
        let runtime = Runtime::new(Kit {
            tokio: Tokio::current(),
            abort: abort.clone(),
        });
        let stream = Mutex::new(Some(Wire { socket, abort }));
        let connect = move |_: AMQPUri, _: Runtime<Kit>| {
            // lapin asks once: it was not told to try again.
            let stream = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
            let ended = || lapin::Error::from(io::Error::from(io::ErrorKind::NotConnected));
            std::future::ready(stream.map(AsyncTcpStream::Plain).ok_or_else(ended))
        };
        lapin::Connection::connector(uri, runtime, connect, properties).await
    }

    /// Why a broker that answered did not let us in.
    fn refusal(&self, address: &Address, error: &lapin::Error) -> String {
        let why = explain(error);
        if why.contains("ACCESS_REFUSED") {
            let user = &address.user;
            format!("{why}; check user `{user}`, its password, and `rabbit_login_method`")
        } else if why.contains("NOT_ALLOWED") {
            format!("{why}; check the virtual host `{}`", self.virtual_host)
        } else {
            why
        }
    }
}

/// The broker's address, for people.
pub(super) fn place(address: &Address) -> String {
    if address.name.contains(':') {
        format!("[{}]:{}", address.name, address.port)
    } else {
        format!("{}:{}", address.name, address.port)
    }
}

#[derive(Debug)]
enum Socket {
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

struct AbortOnDrop(Option<Abort>);

impl AbortOnDrop {
    fn disarm(mut self) {
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

/// The stream that lapin reads and writes. lapin does so from a thread of its own.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    abort: Abort,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.abort.check(&self.abort.0.reader, context)?;
        let mut buffer = ReadBuf::new(buffer);
        let read = match &mut self.socket {
            Socket::Plain(tcp) => {
                tokio::io::AsyncRead::poll_read(Pin::new(tcp), context, &mut buffer)
            }
            #[cfg(feature = "tls")]
            Socket::Tls(tls) => {
                tokio::io::AsyncRead::poll_read(Pin::new(tls), context, &mut buffer)
            }
        };
        read.map_ok(|()| buffer.filled().len())
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.abort.check(&self.abort.0.writer, context)?;
        match &mut self.socket {
            Socket::Plain(tcp) => tokio::io::AsyncWrite::poll_write(Pin::new(tcp), context, bytes),
            #[cfg(feature = "tls")]
            Socket::Tls(tls) => tokio::io::AsyncWrite::poll_write(Pin::new(tls), context, bytes),
        }
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
struct Kit {
    tokio: Tokio,
    abort: Abort,
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
