//! Arguments may have the names of the macro's own variables.
#![expect(
    clippy::many_single_char_names,
    clippy::too_many_arguments,
    reason = "their order is what counts"
)]

use rpc_runtime::{Context, Result, Server, Transport, rpc_client};

#[rpc_client(topic = "names", version = "1.0")]
pub trait Names {
    async fn first(
        &self,
        context: &Context,
        self_: u8,
        ctxt: u8,
        ctxt2: u8,
        client: u8,
        args: u8,
        r#type: u8,
    ) -> Result<Vec<u8>>;
    async fn second(
        &self,
        args: &Context,
        request: u8,
        service: u8,
        incoming: u8,
        method: u8,
        arg0: u8,
        arg1: u8,
    ) -> Result<Vec<u8>>;
    #[rpc(cast)]
    async fn third(
        &self,
        request: &Context,
        rpc: u8,
        __rpc: u8,
        returned: u8,
        this: u8,
        transport: u8,
    ) -> Result<()>;
    async fn r#loop(&self, r#async: &Context, r#await: &str) -> Result<String>;
}

struct Echo;

impl Names for Echo {
    async fn first(
        &self,
        _: &Context,
        a: u8,
        b: u8,
        c: u8,
        d: u8,
        e: u8,
        f: u8,
    ) -> Result<Vec<u8>> {
        Ok(vec![a, b, c, d, e, f])
    }
    async fn second(
        &self,
        _: &Context,
        a: u8,
        b: u8,
        c: u8,
        d: u8,
        e: u8,
        f: u8,
    ) -> Result<Vec<u8>> {
        Ok(vec![a, b, c, d, e, f])
    }
    async fn third(&self, _: &Context, _: u8, _: u8, _: u8, _: u8, _: u8) -> Result<()> {
        Ok(())
    }
    async fn r#loop(&self, _: &Context, r#await: &str) -> Result<String> {
        Ok(r#await.to_owned())
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let transport = Transport::new("memory://ui-names").unwrap();
    let server = Server::builder(&transport, "a")
        .endpoint(NamesEndpoint::new(Echo))
        .start()
        .await
        .unwrap();
    let client = NamesClient::new(&transport);
    let ctxt = Context::new();
    let all = client.first(&ctxt, 1, 2, 3, 4, 5, 6).await.unwrap();
    assert_eq!(all, [1, 2, 3, 4, 5, 6]);
    let all = client.second(&ctxt, 1, 2, 3, 4, 5, 6).await.unwrap();
    assert_eq!(all, [1, 2, 3, 4, 5, 6]);
    client.third(&ctxt, 1, 2, 3, 4, 5).await.unwrap();
    assert_eq!(client.r#loop(&ctxt, "x").await.unwrap(), "x");
    let looped = NamesClient::INTERFACE.method("loop").unwrap();
    assert_eq!(looped.arguments()[0].name(), "await");
    server.stop().await;
}

/// Has the name of a trait that an earlier expansion used.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Explicit;

#[rpc_client(topic = "types", version = "1.0")]
pub trait Types {
    async fn same(&self, ctxt: &Context, explicit: Explicit) -> Result<Explicit>;
}
