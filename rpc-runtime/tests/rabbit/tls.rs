//! TLS connections. A relay speaks TLS with the driver, and plain AMQP with the broker.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;

/// A certificate authority, and a directory with its files.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
    directory: PathBuf,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Two authorities with the same name would differ only in their signatures.
        let name = MessageId::unique().to_string();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let directory = std::env::temp_dir().join(format!("rpc-tls-{}", MessageId::unique()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("ca.pem"), certificate.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
            directory,
        }
    }

    fn sign(&self, host: &str) -> (rcgen::Certificate, KeyPair) {
        self.sign_until(host, 4096)
    }

    /// Signs a certificate that is valid until the beginning of `year`.
    fn sign_until(&self, host: &str, year: i32) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.directory.join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn ca_file(&self) -> String {
        self.file("ca.pem", &self.certificate.pem())
    }

    /// A broker with a certificate for `host`. It requires a certificate of the client if `strict` is set.
    async fn broker(&self, host: &str, strict: bool) -> Relay {
        self.broker_with(self.sign(host), strict).await
    }

    async fn broker_with(
        &self,
        (certificate, private): (rcgen::Certificate, KeyPair),
        strict: bool,
    ) -> Relay {
        let key = PrivateKeyDer::try_from(private.serialize_der()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if strict {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let config = builder
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        Relay::start(move |client| {
            let tls = tls.clone();
            async move {
                if let Ok(mut client) = tls.accept(client).await
                    && let Ok(mut server) = tokio::net::TcpStream::connect(broker()).await
                {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            }
        })
        .await
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

async fn cast(transport: &Transport) -> Result<(), Error> {
    let send = casting(Retry::Times(0), false);
    let outcome = transport
        .driver()
        .send(&Target::new("t"), request("m"), &send)
        .await;
    transport.close().await;
    outcome
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_broker_with_the_right_certificate_is_trusted() {
    let authority = Authority::new();
    let relay = authority.broker("127.0.0.1", false).await;
    let query = format!("ssl=true&ssl_ca_file={}", authority.ca_file());
    let topic = topic();
    let transport = transport_at(&relay.address(), &query);
    serve(
        listen(&transport, &Target::new(&*topic).server("s")).await,
        "safe",
    );
    assert_eq!(call(&transport, &Target::new(topic)).await.unwrap(), "safe");
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_error_for_a_wrong_certificate_has_the_reason_and_advice() {
    let authority = Authority::new();
    let other = Authority::new();
    let query = format!("ssl=true&ssl_ca_file={}", authority.ca_file());
    let expired = authority.sign_until("127.0.0.1", 2001);
    for (relay, reason, advice) in [
        (
            other.broker("127.0.0.1", false).await,
            "no trusted authority",
            "`ssl_ca_file`",
        ),
        (
            authority.broker_with(expired, false).await,
            "has expired",
            "renew it",
        ),
        (
            authority.broker("elsewhere", false).await,
            "not for the host `127.0.0.1`",
            "as the certificate names it",
        ),
        (
            Relay::to(&broker()).await,
            "the answer is not TLS",
            "or leave `ssl=true` out",
        ),
        (
            authority.broker("127.0.0.1", true).await,
            "requires one",
            "`ssl_cert_file` and `ssl_key_file`",
        ),
    ] {
        let error = cast(&transport_at(&relay.address(), &query))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(reason) && error.contains(advice),
            "{reason}: {error}"
        );
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_error_for_plain_amqp_on_a_tls_port_has_advice() {
    let relay = Authority::new().broker("127.0.0.1", false).await;
    let brokers_own = std::env::var("RPC_TEST_RABBIT_TLS_PORT").expect("the broker's TLS port");
    for address in [relay.address(), format!("127.0.0.1:{brokers_own}")] {
        let error = cast(&transport_at(&address, "")).await.unwrap_err();
        let hint = "is the broker's TLS port, set `ssl=true`";
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_client_presents_its_certificate() {
    let authority = Authority::new();
    let relay = authority.broker("127.0.0.1", true).await;
    let (certificate, key) = authority.sign("client");
    let query = format!(
        "ssl=true&ssl_ca_file={}&ssl_cert_file={}&ssl_key_file={}",
        authority.ca_file(),
        authority.file("cert.pem", &certificate.pem()),
        authority.file("key.pem", &key.serialize_pem()),
    );
    cast(&transport_at(&relay.address(), &query)).await.unwrap();
}

#[test]
fn the_error_for_an_unreadable_file_names_the_option() {
    for query in [
        "ssl=true&ssl_ca_file=/no/such/file",
        "ssl=true&ssl_ca_file=/dev/null",
    ] {
        let error = Transport::new(&format!("rabbit://u:p@h/?{query}")).unwrap_err();
        assert!(error.to_string().contains("ssl_ca_file"), "{error}");
    }
}
