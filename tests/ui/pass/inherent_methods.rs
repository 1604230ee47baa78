//! A method that the macro cannot express is an inherent method that uses the untyped client.

use rpc_runtime::{CallOptions, Context, Result, Server, Transport, args, rpc_client};

#[rpc_client(topic = "audited", version = "2.0")]
pub trait Audited {
    #[rpc(version = "2.1")]
    async fn audit(&self, ctxt: &Context, since: &str, limit: u32) -> Result<Vec<String>>;
}

impl AuditedClient {
    pub async fn audit_today(&self, ctxt: &Context, limit: u32) -> Result<Vec<String>> {
        let client = self.rpc().prepare(CallOptions::new().version((2, 1)));
        client
            .call(ctxt, "audit", args! { since: "today", limit })
            .await
    }
}

struct Log;

impl Audited for Log {
    async fn audit(&self, _: &Context, since: &str, limit: u32) -> Result<Vec<String>> {
        Ok(vec![since.to_owned(), limit.to_string()])
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let transport = Transport::new("memory://ui-audited").unwrap();
    let server = Server::builder(&transport, "a")
        .endpoint(AuditedEndpoint::new(Log))
        .start()
        .await
        .unwrap();
    let client = AuditedClient::new(&transport);
    let entries = client.audit_today(&Context::new(), 3).await.unwrap();
    assert_eq!(entries, ["today", "3"]);
    server.stop().await;
}
