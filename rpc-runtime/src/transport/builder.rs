//! The builder of transports: picks the driver that the URL names.
//!
//! It makes drivers and must not connect. It owns no state once a transport is built.

use std::fmt;

#[cfg(feature = "rabbit")]
use super::credentials::{CredentialsProvider, CredentialsSource};
use super::memory::MemoryDriver;
#[cfg(feature = "rabbit")]
use super::rabbit::RabbitDriver;
use super::{Transport, TransportUrl, UrlError};
use crate::Result;

/// Builds a [`Transport`] from a URL and from settings that a URL cannot express; see [`Transport::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct TransportBuilder {
    url: Result<TransportUrl, UrlError>,
    #[cfg(feature = "rabbit")]
    credentials: Option<CredentialsSource>,
}

impl TransportBuilder {
    pub(super) fn new(url: Result<TransportUrl, UrlError>) -> Self {
        Self {
            url,
            #[cfg(feature = "rabbit")]
            credentials: None,
        }
    }

    /// Sets the provider of credentials. Use one for passwords that are rotated, and for OAuth 2 tokens. Defaults to
    /// the user and the password in the URL.
    ///
    /// The provider is called before each attempt to connect. Its credentials replace those in the URL. An
    /// established connection keeps its credentials. When its token expires, RabbitMQ 4.3 closes the connection.
    /// Earlier versions refuse the next operation on the connection, and the transport then closes the connection. The
    /// next connection gets a new token.
    /// `memory://` calls no provider.
    ///
    /// The provider runs on the tokio runtime in whose context this method is called. If there is none, it runs on the
    /// transport's own thread, which it must not block.
    #[cfg(feature = "rabbit")]
    pub fn credentials(mut self, provider: impl CredentialsProvider) -> Self {
        self.credentials = Some(CredentialsSource::new(provider));
        self
    }

    /// Makes the transport. It does not connect; the transport's first use does.
    ///
    /// # Errors
    ///
    /// The same as for [`Transport::new`]. A provider of credentials together with `rabbit_login_method=EXTERNAL` is an
    /// error, too.
    pub fn build(self) -> Result<Transport> {
        let url = self.url?;
        match url.driver() {
            "memory" | "fake" => Ok(Transport::from_driver(MemoryDriver::new(&url)?)),
            #[cfg(feature = "rabbit")]
            "rabbit" | "kombu" => Ok(Transport::from_driver(RabbitDriver::new(
                &url,
                self.credentials,
            )?)),
            other => Err(UrlError::unknown_driver(other).into()),
        }
    }
}

impl From<TransportUrl> for TransportBuilder {
    fn from(url: TransportUrl) -> Self {
        Self::new(Ok(url))
    }
}

impl fmt::Debug for TransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportBuilder")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
