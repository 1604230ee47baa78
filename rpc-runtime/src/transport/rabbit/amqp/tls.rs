//! TLS to the broker, by rustls with ring. lapin does not know about it.
//!
//! The broker's certificate and its host name must always be checked, against `ssl_ca_file` or the system's
//! authorities. (oslo.messaging checks neither without `ssl_ca_file`.) Files are read when the transport is made, so
//! that a bad one fails at startup. The connector owns the configuration.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::super::settings::TlsSettings;
use super::tls_refusal::reason;
use crate::transport::UrlError;

/// An encrypted stream to a broker.
pub(super) type TlsStream = tokio_rustls::client::TlsStream<TcpStream>;

/// The TLS configuration of a transport.
pub(super) struct Tls {
    connector: TlsConnector,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    pub(super) fn new(settings: &TlsSettings) -> Result<Self, UrlError> {
        let TlsSettings { ca, cert, key } = settings;
        let roots = match ca {
            Some(file) => authorities(file)?,
            None => system_authorities()?,
        };
        // The provider is explicit, so that another crate's default provider has no effect here.
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| UrlError::Conflict(format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(roots);
        let config = match (cert, key) {
            (Some(cert), Some(key)) => {
                let certificates = certificates("ssl_cert_file", cert)?;
                let private = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| bad("ssl_key_file", key, &error))?;
                builder
                    .with_client_auth_cert(certificates, private)
                    .map_err(|error| bad("ssl_cert_file", cert, &error))?
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Performs the TLS handshake. The broker's certificate must be for `host`.
    pub(super) async fn wrap(&self, host: &str, tcp: TcpStream) -> io::Result<TlsStream> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| io::Error::other("a certificate cannot have this host name"))?;
        self.connector.connect(name, tcp).await.map_err(|error| {
            let why = reason(&error, host).unwrap_or_else(|| {
                format!("TLS failed: {error}; check that the port speaks TLS, by default 5671")
            });
            io::Error::new(error.kind(), why)
        })
    }
}

fn authorities(file: &str) -> Result<RootCertStore, UrlError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ssl_ca_file", file)? {
        roots
            .add(certificate)
            .map_err(|error| bad("ssl_ca_file", file, &error))?;
    }
    Ok(roots)
}

fn system_authorities() -> Result<RootCertStore, UrlError> {
    let mut roots = RootCertStore::empty();
    // Certificates that rustls cannot read are skipped: some systems have them.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(UrlError::Conflict(
            "`ssl=true` found no certificate authorities on this system: name a file that contains some with `ssl_ca_file`"
                .into(),
        ));
    }
    Ok(roots)
}

fn certificates(option: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, UrlError> {
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad(option, file, &error))?;
    if certificates.is_empty() {
        Err(bad(
            option,
            file,
            &"it contains no certificate in PEM format",
        ))
    } else {
        Ok(certificates)
    }
}

fn bad(option: &str, file: &str, reason: &dyn std::fmt::Display) -> UrlError {
    UrlError::BadOption {
        name: option.to_owned(),
        value: file.to_owned(),
        reason: reason.to_string(),
    }
}
