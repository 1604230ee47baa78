use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn list(&self, ctxt: &Context) -> Result<()>;
    #[rpc(name_before("2.3", "list"))]
    async fn search(
        &self,
        ctxt: &Context,
        name: &str,
        #[rpc(name_before("2.1", "name"))] pattern: &str,
        #[rpc(since = "2.2", below = with(size_and_kind, "size", "kind"), from = spec)] spec: &str,
        kind: Option<&str>,
    ) -> Result<()>;
    #[rpc(name = "search")]
    async fn find(&self, ctxt: &Context) -> Result<()>;
}

fn size_and_kind(spec: &str) -> (&str, &str) {
    spec.split_once(' ').unwrap_or_default()
}

fn main() {}
