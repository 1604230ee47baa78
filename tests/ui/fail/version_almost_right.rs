use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "02.1")]
trait Padded {
    async fn count(&self, ctxt: &Context, #[rpc(since = "2.010")] a: Option<u8>) -> Result<u32>;
}

#[rpc_client(version = "4294967296.0")]
trait Large {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

#[rpc_client(version = "2")]
trait Short {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

#[rpc_client(version = "v2.1")]
trait Prefixed {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

#[rpc_client(version = "2.1.0.4")]
trait Long {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

fn main() {}
