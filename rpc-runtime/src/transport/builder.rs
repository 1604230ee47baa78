//! Chooses what a transport is made of.

use std::fmt;

#[cfg(feature = "rabbit")]
use super::credentials::{CredentialsProvider, CredentialsSource};
use super::memory::MemoryDriver;
#[cfg(feature = "rabbit")]
use super::rabbit::RabbitDriver;
use super::{Transport, TransportUrl, UrlError};
use crate::Result;

/// Chooses what a [`Transport`] is made of, beyond its URL: see [`Transport::builder`].
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

    /// Who gives the credentials of each connection, in place of those in the URL: for passwords that are rotated, and
    /// for OAuth 2 tokens. Defaults to the URL's own.
    ///
    /// The provider is asked before each attempt to connect. A connection that stands is left alone: the broker ends it
    /// when its token expires, and the next one gets a new token. `memory://` asks nobody.
    ///
    /// It is asked on the tokio runtime that is current here. If there is none, it is asked on the transport's own thread,
    /// which it must not block.
    #[cfg(feature = "rabbit")]
    pub fn credentials(mut self, provider: impl CredentialsProvider) -> Self {
        self.credentials = Some(CredentialsSource::new(provider));
        self
    }

    /// Makes the transport. Nothing connects before it is needed.
    ///
    /// # Errors
    ///
    /// As [`Transport::new`]; and when a provider of credentials goes with `rabbit_login_method=EXTERNAL`.
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
