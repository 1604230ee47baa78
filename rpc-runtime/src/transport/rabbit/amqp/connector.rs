//! Connects to one broker: credentials, TCP, TLS and the AMQP handshake, each step under a deadline.
//!
//! TLS is established before lapin sees the stream. lapin must never be given a URI that asks for TLS: without its TLS
//! features, it would connect in plain text. lapin must never be given the password, which it would log; see
//! [`login`](super::login). A connector keeps settings only; the I/O task that it starts owns the socket.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use async_rs::Runtime;
use lapin::uri::{
    AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism,
};
use lapin::{AsyncTcpStream, ConnectionProperties, ErrorKind};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::super::blocking::on_a_thread;
use super::super::settings::{Address, Login, Settings};
use super::channels::CHANNEL_MAX;
use super::connection::Connection;
use super::fault::{Reason, explain, explain_io, own_limit};
use super::heartbeat;
use super::io::{AbortOnDrop, Io};
use super::io_task::IoTask;
use super::lapin_stream::{Kit, LapinStream, silent};
use super::login::{PLACEHOLDER, SaslResponse};
use super::socket::Socket;
#[cfg(feature = "tls")]
use super::tls::Tls;
#[cfg(feature = "tls")]
use super::tls_refusal;
use crate::sync::Mutex;
use crate::transport::credentials::CredentialsSource;
use crate::transport::{Credentials, UrlError};

/// The largest frame, in bytes. It must be set: with a broker without a limit, lapin would allocate 137 GB.
const FRAME_MAX: u32 = 131_072;
/// How long a TCP connection may take before another one is tried concurrently. The kernel retransmits after 1, 3, 7
/// and 15 seconds, so without a second attempt, the return of a network would be noticed late.
const TCP_HEAD_START: Duration = Duration::from_secs(1);

/// Why an attempt to connect failed.
#[derive(Debug)]
pub(crate) struct ConnectError {
    /// The reason, with the broker's host and port.
    pub(crate) why: String,
    /// Whether the broker refused the login, and will most likely do so again.
    pub(crate) is_refusal: bool,
}

/// Connects to brokers with one set of settings.
#[derive(Debug)]
pub(crate) struct Connector {
    virtual_host: String,
    login: Login,
    /// The provider of credentials. `None` for those of the URL.
    credentials: Option<CredentialsSource>,
    heartbeat: u16,
    deadline: Duration,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Connector {
    #[cfg_attr(
        not(feature = "tls"),
        expect(clippy::unnecessary_wraps, reason = "TLS can fail")
    )]
    pub(crate) fn new(
        settings: &Settings,
        credentials: Option<CredentialsSource>,
    ) -> Result<Self, UrlError> {
        Ok(Self {
            virtual_host: settings.virtual_host.clone(),
            login: settings.login,
            credentials,
            heartbeat: settings.heartbeat,
            deadline: settings.connect_timeout,
            #[cfg(feature = "tls")]
            tls: settings.tls.as_ref().map(Tls::new).transpose()?,
        })
    }

    /// Connects to one broker. Operators see the connection as `name`. Each step has the whole deadline: getting
    /// credentials, reaching the broker over TCP and TLS, and the AMQP handshake, which takes three round trips.
    ///
    /// Dropping the future aborts the attempt.
    pub(crate) async fn connect(
        &self,
        address: &Address,
        name: &str,
    ) -> Result<Connection, ConnectError> {
        let failed = |why: String, is_refusal| ConnectError {
            why: format!("{}: {why}", host_and_port(address)),
            is_refusal,
        };
        let timed_out = |what| {
            let deadline = self.deadline;
            failed(format!("{what} within {deadline:?}"), false)
        };
        let credentials = match timeout(self.deadline, self.credentials(address)).await {
            Ok(Ok(credentials)) => credentials,
            Ok(Err(why)) => return Err(failed(why, false)),
            Err(_) => return Err(timed_out("no answer to the request for credentials")),
        };
        let user = credentials.user.clone();
        let reached = timeout(self.deadline, self.reach(address)).await;
        let socket = match reached {
            Ok(Ok(socket)) => socket,
            Ok(Err(error)) => return Err(failed(explain_reach(&error), false)),
            Err(_) => return Err(timed_out("no connection")),
        };
        let io = Arc::new(Io::new(socket.writer(), self.response(credentials)));
        // Aborts the handshake if this future is dropped during it.
        let guard = AbortOnDrop::new(io.clone());
        // The task ends with the connection, or with the engine.
        tokio::spawn(IoTask::new(socket, io.clone()).run());
        let stream = LapinStream::new(io.clone());
        let kit = Kit::current(io.clone());
        let handshake = silent(self.handshake(address, &user, name, stream, kit));
        match timeout(self.deadline, handshake).await {
            Ok(Ok(lapin)) => {
                guard.disarm();
                Ok(Connection::new(lapin, io, host_and_port(address)))
            }
            Ok(Err(error)) => {
                let said = io.closed_by_broker();
                let is_refusal = said.is_some_and(|why| is_access_refusal(why));
                let why = self.handshake_failure(address, &user, &error, said);
                Err(failed(why, is_refusal))
            }
            Err(_) => Err(timed_out("no answer to the AMQP handshake")),
        }
    }

    async fn reach(&self, address: &Address) -> io::Result<Socket> {
        let tcp = connect_tcp(&resolve(address).await?).await?;
        tcp.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(Socket::Tls(Box::new(tls.wrap(&address.name, tcp).await?)));
        }
        Ok(Socket::plain(tcp))
    }

    /// The credentials of the provider, or of the URL if there is no provider.
    async fn credentials(&self, address: &Address) -> Result<Credentials, String> {
        match &self.credentials {
            Some(source) => source.ask().await,
            None => Ok(Credentials {
                user: address.user.clone(),
                password: address.password.clone(),
            }),
        }
    }

    /// The response to the login, which lapin must not know. `None` if it contains no password.
    fn response(&self, Credentials { user, password }: Credentials) -> Option<SaslResponse> {
        match self.login {
            Login::Plain => Some(SaslResponse::Plain { user, password }),
            Login::AmqPlain => Some(SaslResponse::AmqPlain { user, password }),
            Login::External => None,
        }
    }

    async fn handshake(
        &self,
        address: &Address,
        user: &str,
        name: &str,
        stream: LapinStream,
        kit: Kit,
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
                    username: user.to_owned(),
                    password: PLACEHOLDER.into(),
                },
                host: address.name.clone(),
                port: address.port,
            },
            vhost: self.virtual_host.clone(),
            query: AMQPQueryString {
                frame_max: Some(FRAME_MAX),
                channel_max: Some(CHANNEL_MAX),
                heartbeat: Some(heartbeat::interval(self.heartbeat)),
                connection_timeout: None,
                auth_mechanism: Some(mechanism),
            },
        };
        let properties = ConnectionProperties::default()
            .with_client_property("product".into(), env!("CARGO_PKG_NAME").into())
            .with_client_property("version".into(), env!("CARGO_PKG_VERSION").into())
            .with_connection_name(name.into());
        let runtime = Runtime::new(kit);
        let stream = Mutex::new(Some(stream));
        let connect = move |_: AMQPUri, _: Runtime<Kit>| {
            // lapin calls this once, since its own reconnection is off.
            let stream = stream.lock().take();
            let ended = || lapin::Error::from(io::Error::from(io::ErrorKind::NotConnected));
            std::future::ready(stream.map(AsyncTcpStream::Plain).ok_or_else(ended))
        };
        lapin::Connection::connector(uri, runtime, connect, properties).await
    }

    /// Why the handshake failed. `said` is the broker's reason, which lapin may have missed.
    fn handshake_failure(
        &self,
        address: &Address,
        user: &str,
        error: &lapin::Error,
        said: Option<&Reason>,
    ) -> String {
        let why = said.map_or_else(|| explain(error), ToString::to_string);
        if why.contains("ACCESS_REFUSED") {
            format!("{why}; check user `{user}`, its password, and `rabbit_login_method`")
        } else if why.contains("NOT_ALLOWED") {
            format!("{why}; check the virtual host `{}`", self.virtual_host)
        } else if said.is_some() {
            why
        } else {
            self.mismatch(address, error).unwrap_or(why)
        }
    }

    /// The reason if TLS was refused, or if only one side uses TLS. A broker that expects TLS and gets plain text
    /// ends the connection, or answers with bytes that are not AMQP.
    #[cfg_attr(
        not(feature = "tls"),
        expect(clippy::unused_self, reason = "TLS is never on")
    )]
    fn mismatch(&self, address: &Address, error: &lapin::Error) -> Option<String> {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return match error.kind() {
                ErrorKind::IOError(error) => tls_refusal::reason(error, &address.name),
                _ => None,
            };
        }
        let why = match error.kind() {
            ErrorKind::ParsingError(_) => "the answer is not AMQP".to_owned(),
            ErrorKind::IOError(cause) if own_limit(cause).is_none() => explain(error),
            _ => return None,
        };
        let port = address.port;
        Some(format!(
            "{why}; if port {port} is the broker's TLS port, set `ssl=true`"
        ))
    }
}

/// Whether the broker refused the user or the virtual host.
fn is_access_refusal(why: &str) -> bool {
    ["ACCESS_REFUSED", "NOT_ALLOWED"]
        .iter()
        .any(|code| why.contains(code))
}

/// The IP addresses of a broker.
async fn resolve(address: &Address) -> io::Result<Vec<SocketAddr>> {
    let (name, port) = (address.name.clone(), address.port);
    if let Ok(ip) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let resolving = on_a_thread(move || (name, port).to_socket_addrs());
    Ok(resolving.await??.collect())
}

/// Connects to the first address that answers. If an address does not answer, another attempt starts concurrently,
/// and the first one continues, since the round trip may be long. Fails once all attempts have failed.
async fn connect_tcp(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut tries = JoinSet::new();
    let mut refusal = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        for address in addresses {
            tries.spawn(TcpStream::connect(*address));
            // A timeout means that no attempt has answered yet.
            while let Ok(Some(tried)) = timeout(TCP_HEAD_START, tries.join_next()).await {
                match tried {
                    Ok(Ok(tcp)) => return Ok(tcp),
                    Ok(Err(error)) => refusal = error,
                    Err(error) => refusal = error.into(),
                }
            }
        }
        if tries.is_empty() {
            return Err(refusal);
        }
    }
}

/// Why a broker was not reached. Errors of TLS already have an explanation.
fn explain_reach(error: &io::Error) -> String {
    if own_limit(error).is_some() {
        explain_io(error)
    } else {
        error.to_string()
    }
}

/// The broker's host and port, for log lines.
fn host_and_port(address: &Address) -> String {
    if address.name.contains(':') {
        format!("[{}]:{}", address.name, address.port)
    } else {
        format!("{}:{}", address.name, address.port)
    }
}
