use rpc_runtime::{Context, Result, rpc_client};

macro_rules! methods {
    () => {
        async fn touch(&self, ctxt: &Context) -> Result<()>;
    };
}

#[rpc_client(version = "1.0")]
trait Inventory {
    methods!();
    async fn list(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
