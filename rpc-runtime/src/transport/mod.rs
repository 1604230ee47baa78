//! Transports: how messages reach other programs.
//!
//! A program uses a [`Transport`], a shared handle to a [`Driver`]. The driver takes a target and bytes, and returns
//! bytes. Implement [`Driver`] to carry RPC over a messaging system of your own.

// Nothing here knows about traits or versions. The driver owns all state.

mod builder;
#[cfg(feature = "rabbit")]
mod credentials;
mod defaults;
mod driver;
mod memory;
#[cfg(feature = "rabbit")]
mod rabbit;
mod reply_table;
mod sequential_ids;
mod state;
mod terms;
mod unserved;

use std::fmt;
use std::sync::Arc;

use crate::{Result, metrics};

pub use self::builder::TransportBuilder;
#[cfg(feature = "rabbit")]
pub use self::credentials::{Credentials, CredentialsProvider};
pub(crate) use self::defaults::Defaults;
pub use self::driver::{Arrival, Driver, Incoming, Listener, Responder};
#[cfg(feature = "oslo-config")]
pub(crate) use self::rabbit::{UrlEffect, effect as rabbit_effect, is_known as is_rabbit_option};
pub use self::reply_table::{Registration, ReplyTable};
pub use self::state::{ListenerState, TransportState};
pub use self::terms::{
    CallTerms, DEFAULT_MAX_MESSAGE_SIZE, DEFAULT_QUEUE_WAIT, ListenTerms, Retry, SendTerms,
};
pub use crate::optional::Optional;
pub use crate::target::DEFAULT_EXCHANGE;
pub use crate::url::{Host, Secret, TransportUrl, UrlError};

/// A handle to a messaging system. The clients and servers of a process share it. Clones are cheap and share one
/// driver.
///
/// A new transport has only parsed its URL. It connects when it is first used. After the loss of a connection it
/// reconnects, until it is closed or its last clone is dropped.
///
/// ```
/// use rpc_runtime::Transport;
///
/// let transport = Transport::new("memory://")?;
/// # let _ = transport;
/// # Ok::<(), rpc_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct Transport {
    driver: Arc<dyn Driver>,
    defaults: Arc<Defaults>,
}

impl Transport {
    /// Makes the transport that `url` describes; see [`TransportUrl`] for the grammar.
    ///
    /// All transports with the URL `memory://NAME` in this process share one broker. A transport with the URL
    /// `memory://` has a broker of its own, which only its clones share. All transports with the URL `fake://` share
    /// one broker, as in oslo.messaging.
    ///
    /// # Errors
    ///
    /// [`Error::Url`](crate::Error::Url) if the URL is malformed, names an unknown driver, has options that the driver
    /// does not support, or names a TLS file that cannot be read.
    pub fn new(url: &str) -> Result<Self> {
        Self::from_url(&url.parse()?)
    }

    /// Makes the transport that a parsed URL describes.
    ///
    /// # Errors
    ///
    /// The same as for [`Transport::new`].
    pub fn from_url(url: &TransportUrl) -> Result<Self> {
        TransportBuilder::from(url.clone()).build()
    }

    /// Starts a builder, for settings that a URL cannot express. [`TransportBuilder::build`] reports a malformed URL.
    pub fn builder(url: &str) -> TransportBuilder {
        TransportBuilder::new(url.parse())
    }

    /// Makes a transport over a driver of your own.
    #[must_use]
    pub fn from_driver(driver: impl Driver) -> Self {
        // Repeated for each transport: a metrics recorder may have been installed since the last one was made.
        metrics::describe();
        Self {
            driver: Arc::new(driver),
            defaults: Arc::default(),
        }
    }

    /// The defaults for clients and servers of this transport.
    pub(crate) fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// Replaces the defaults for clients and servers of this transport.
    #[cfg(feature = "oslo-config")]
    pub(crate) fn with_defaults(mut self, defaults: Defaults) -> Self {
        self.defaults = Arc::new(defaults);
        self
    }

    /// The driver of this transport.
    #[must_use]
    pub fn driver(&self) -> &dyn Driver {
        &*self.driver
    }

    /// Connects now, and reports whether that worked. A program can call it at startup, to fail at once if the broker
    /// is down or the password is wrong.
    ///
    /// It fails once each host has failed. Meanwhile, hosts that failed early are tried again. Each step of an attempt
    /// may take `rabbit_connect_timeout`. After an error, or if the
    /// future is dropped, the transport keeps trying in the background until it is closed or dropped, as it does for a
    /// call. `memory://` is always connected.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`](crate::Error::Unreachable), with the reason for each host.
    /// [`Error::Closed`](crate::Error::Closed) if the transport is closed. [`Error::Config`](crate::Error::Config) if
    /// no thread for the connections can be started.
    ///
    /// ```
    /// use rpc_runtime::{Result, Transport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// async fn main() -> Result<()> {
    ///     let transport = Transport::new("memory://")?;
    ///     transport.connect().await?;
    ///     Ok(())
    /// }
    /// ```
    pub async fn connect(&self) -> Result<()> {
        self.driver.connect().await
    }

    /// The state of the connections. A readiness probe can report [`TransportState::is_connected`].
    ///
    /// A transport connects when a connection is first needed. A program that only makes calls is
    /// [`TransportState::Idle`] until its first call. A program with a server is connected once
    /// [`ServerBuilder::start`](crate::server::ServerBuilder::start) has returned.
    ///
    /// The state does not tell whether a server replies to requests. To check that, call
    /// [`RpcClient::ping`](crate::RpcClient::ping) from another program.
    #[must_use]
    pub fn state(&self) -> TransportState {
        self.driver.state()
    }

    /// Waits until the transport's state differs from `seen`, and returns the new state. It can miss a state that lasts
    /// only briefly. [`TransportState::Closed`] is the last state: if it is `seen`, the future never completes.
    ///
    /// Cancel safe: dropping the future loses nothing.
    ///
    /// ```
    /// use rpc_runtime::Transport;
    ///
    /// # async fn report(transport: Transport) {
    /// let mut state = transport.state();
    /// loop {
    ///     println!("{state:?}");
    ///     state = transport.state_changed(&state).await;
    /// }
    /// # }
    /// ```
    pub async fn state_changed(&self, seen: &TransportState) -> TransportState {
        self.driver.state_changed(seen).await
    }

    /// Closes the transport for all its clones. Calls in flight fail at once with
    /// [`Error::Closed`](crate::Error::Closed). So does each later use. Servers on the transport end.
    ///
    /// Completes when the connections are closed.
    pub async fn close(&self) {
        self.driver.close().await;
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transport").field(&self.driver).finish()
    }
}
