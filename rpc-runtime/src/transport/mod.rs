//! The seam between RPC and what carries it: targets and bytes go down, bytes come up.
//!
//! A program uses a [`Transport`]. Implement [`Driver`] to carry RPC over something of your own.

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
pub use crate::target::{DEFAULT_EXCHANGE, Optional};
pub use crate::url::{Host, Secret, TransportUrl, UrlError};

/// A way to reach other programs; cheap to clone, shared by all clients and servers of a process.
///
/// Making one only parses its URL. It connects when first used, and reconnects as long as it is used.
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
    /// The transport that `url` describes; see [`TransportUrl`] for the grammar.
    ///
    /// `memory://NAME` is one broker for all transports of that name in this process. `memory://` without
    /// a name is a broker of this transport's own, shared by its clones alone. `fake://` is the one that
    /// all such URLs share, as in oslo.messaging.
    ///
    /// # Errors
    ///
    /// When the URL is malformed, names an unknown driver, or has an option that the driver does not
    /// know or cannot follow.
    pub fn new(url: &str) -> Result<Self> {
        Self::from_url(&url.parse()?)
    }

    /// The transport that a parsed URL describes.
    ///
    /// # Errors
    ///
    /// As [`Transport::new`].
    pub fn from_url(url: &TransportUrl) -> Result<Self> {
        TransportBuilder::from(url.clone()).build()
    }

    /// Chooses more than a URL says.
    pub fn builder(url: &str) -> TransportBuilder {
        TransportBuilder::new(url.parse())
    }

    /// A transport over a driver of your own.
    #[must_use]
    pub fn from_driver(driver: impl Driver) -> Self {
        // So often as there are transports: a recorder may have been installed since the first.
        metrics::describe();
        Self {
            driver: Arc::new(driver),
            defaults: Arc::default(),
        }
    }

    /// What clients and servers of this transport start from.
    pub(crate) fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// The same transport, whose clients and servers start from `defaults`.
    #[cfg(feature = "oslo-config")]
    pub(crate) fn with_defaults(mut self, defaults: Defaults) -> Self {
        self.defaults = Arc::new(defaults);
        self
    }

    /// What does the work.
    #[must_use]
    pub fn driver(&self) -> &dyn Driver {
        &*self.driver
    }

    /// Connects now, and says whether that worked: for a program that is to fail at its start when its broker is away, or
    /// its password wrong.
    ///
    /// It tries each host once, and takes as long as `rabbit_connect_timeout` allows. After an error the transport goes
    /// on trying in the background, as it does for a call, until it is closed or dropped. `memory://` is always
    /// connected.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`](crate::Error::Unreachable), with the reason for each host.
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

    /// How the transport is: for a readiness probe, which is ready while [`TransportState::is_connected`].
    ///
    /// Nothing connects before it is needed: a program that only calls is [`TransportState::Idle`] until its first call.
    /// One with a server is connected once [`ServerBuilder::start`](crate::server::ServerBuilder::start) is done.
    ///
    /// That requests are answered, too, a probe from outside can find out with
    /// [`RpcClient::ping`](crate::RpcClient::ping).
    #[must_use]
    pub fn state(&self) -> TransportState {
        self.driver.state()
    }

    /// Waits until the transport's state is another than `seen`, and gives it. A state that lasts for less than it takes
    /// to look may be missed. A dropped future loses nothing.
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

    /// Closes the connections of all clones. Calls that wait end at once with
    /// [`Error::Closed`](crate::Error::Closed), as does each later use.
    pub async fn close(&self) {
        self.driver.close().await;
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transport").field(&self.driver).finish()
    }
}
