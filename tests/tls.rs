//! TLS with a real broker: trusted authorities, and logins by certificate.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use rpc_runtime::{CallOptions, Error, Result, RpcClient, Server, Target, Transport, args};
use rpc_tests::{PATIENCE, broker_tls_port, broker_url, tls_file, unique_topic};

/// A transport to the broker's TLS port, under the name `host`.
fn transport(credentials: &str, host: &str, options: &str) -> Transport {
    let url = broker_url();
    let (_, virtual_host) = url.rsplit_once('/').unwrap();
    let port = broker_tls_port();
    let url = format!("rabbit://{credentials}@{host}:{port}/{virtual_host}?ssl=true&{options}");
    Transport::new(&url).unwrap()
}

fn file(name: &str) -> String {
    tls_file(name).to_str().unwrap().to_owned()
}

/// Starts a server over the transport, and pings it.
async fn ping(transport: &Transport) -> Result<()> {
    let topic = unique_topic("tls");
    let server = Server::builder(transport, "one")
        .topic(&topic)
        .ping(true)
        .start()
        .await?;
    let client = RpcClient::new(transport, Target::new(&topic));
    let pong = client.ping().await;
    server.stop().await;
    transport.close().await;
    pong
}

/// The reason for which no connection can be made.
async fn refusal(transport: &Transport) -> String {
    let client = RpcClient::new(transport, Target::new("tls"));
    let once = client.prepare(CallOptions::new().retry(0));
    let error = once.cast(&(), "never", args! {}).await.unwrap_err();
    transport.close().await;
    assert!(matches!(error, Error::Delivery { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_brokers_authority_is_trusted_and_no_other() {
    let trusted = format!("ssl_ca_file={}", file("ca.pem"));
    for host in ["localhost", "127.0.0.1"] {
        let pong = ping(&transport("rpc:rpc", host, &trusted)).await;
        pong.unwrap();
    }
    let other = format!("ssl_ca_file={}", file("other-ca.pem"));
    let why = refusal(&transport("rpc:rpc", "localhost", &other)).await;
    assert!(why.contains("UnknownIssuer"), "{why}");
    let why = refusal(&transport("rpc:hunter2", "localhost", &trusted)).await;
    assert!(
        why.contains("ACCESS_REFUSED") && !why.contains("hunter2"),
        "{why}"
    );
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn external_login_takes_the_user_from_the_certificate() {
    let options = format!(
        "ssl_ca_file={}&ssl_cert_file={}&ssl_key_file={}&rabbit_login_method=EXTERNAL",
        file("ca.pem"),
        file("client.pem"),
        file("client.key"),
    );
    let pong = ping(&transport("nobody:wrong", "localhost", &options)).await;
    pong.unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_call_says_that_it_waited_for_tls() {
    let other = format!("ssl_ca_file={}", file("other-ca.pem"));
    let transport = transport("rpc:rpc", "localhost", &other);
    let client = RpcClient::new(&transport, Target::new("tls"));
    let client = client.prepare(CallOptions::new().timeout(Duration::from_secs(2)));
    let refused = async {
        loop {
            let error = client.call::<()>(&(), "never", args! {}).await.unwrap_err();
            assert!(error.is_timeout() && !error.may_have_run());
            // The first handshake may take longer than a call.
            if error.to_string().contains("UnknownIssuer") {
                break;
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await;
    refused.expect("the error has the reason");
    transport.close().await;
}
