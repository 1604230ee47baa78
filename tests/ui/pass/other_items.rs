//! Constants with values, provided methods and supertraits: the client has them unchanged.

use std::fmt::Debug;

use rpc_runtime::{Context, Result, Server, Transport, rpc_client};

pub trait Named {
    fn name(&self) -> String;
}

impl Named for OtherClient {
    fn name(&self) -> String {
        self.rpc().target().topic.clone()
    }
}

#[rpc_client(topic = "other", version = "1.0")]
pub trait Other: Debug + Named {
    const LIMIT: usize = 3;

    async fn list(&self, ctxt: &Context, prefix: &str) -> Result<Vec<String>>;

    async fn first(
        &self,
        ctxt: &Context,
        mut prefixes: Vec<&str>,
        (a, b): (&str, &str),
    ) -> Result<Vec<String>> {
        prefixes.extend([a, b]);
        let mut all = Vec::new();
        for prefix in &prefixes {
            all.extend(self.list(ctxt, prefix).await?);
        }
        all.truncate(Self::LIMIT);
        Ok(all)
    }

    fn plain(&self) -> String {
        format!("{} of {}", self.name(), Self::LIMIT)
    }
}

#[derive(Debug)]
struct Real;

impl Named for Real {
    fn name(&self) -> String {
        "real".into()
    }
}

impl Other for Real {
    const LIMIT: usize = 1;

    async fn list(&self, _: &Context, prefix: &str) -> Result<Vec<String>> {
        Ok(vec![format!("{prefix}-1"), format!("{prefix}-2")])
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let transport = Transport::new("memory://ui-other").unwrap();
    let server = Server::builder(&transport, "a")
        .endpoint(OtherEndpoint::new(Real))
        .start()
        .await
        .unwrap();
    let client = OtherClient::new(&transport);
    let ctxt = Context::new();
    let first = client.first(&ctxt, vec!["a"], ("b", "c"));
    assert_eq!(first.await.unwrap(), ["a-1", "a-2", "b-1"]);
    assert_eq!(client.plain(), "other of 3");
    assert_eq!(Real.plain(), "real of 1");
    server.stop().await;
}
