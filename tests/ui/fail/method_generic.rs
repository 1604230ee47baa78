use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn put<T: Clone>(&self, ctxt: &Context, item: T) -> Result<()>;
    async fn fill<const N: usize>(&self, ctxt: &Context, items: [u8; N]) -> Result<()>;
    async fn lend<'a, 'b: 'a>(&self, ctxt: &'a Context, name: &'b str) -> Result<()>;
    async fn list(&self, ctxt: &Context) -> Result<()>
    where
        Self: Sized;
}

fn main() {}
