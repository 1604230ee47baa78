//! An interface without a topic is served at several topics, with a context type of its own.

use rpc_runtime::{CallOptions, Result, Server, Transport, rpc_client};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Caller<'a> {
    name: std::borrow::Cow<'a, str>,
}

#[rpc_client(version = "1.0")]
pub trait Base {
    async fn greet(&self, caller: &Caller<'_>) -> Result<String>;
}

struct Polite;

impl Base for Polite {
    async fn greet(&self, caller: &Caller<'_>) -> Result<String> {
        Ok(format!("hello, {}", caller.name))
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    assert_eq!(BaseClient::INTERFACE.topic(), None);
    let transport = Transport::new("memory://ui-base").unwrap();
    let server = Server::builder(&transport, "a")
        .topic("compute")
        .endpoint(BaseEndpoint::new(Polite).legacy_namespaces([None, Some("baseapi")]))
        .start()
        .await
        .unwrap();
    let caller = Caller {
        name: "db-1".into(),
    };
    let client = BaseClient::new(&transport, "compute");
    assert_eq!(client.greet(&caller).await.unwrap(), "hello, db-1");
    let client = BaseClient::builder(&transport, "compute").build().unwrap();
    let client = client.prepare(CallOptions::new().namespace("baseapi"));
    assert_eq!(client.greet(&caller).await.unwrap(), "hello, db-1");
    assert!(client.can_send_version((1, 0)));
    server.stop().await;
}
