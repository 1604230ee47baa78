use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn a(&self, ctxt: &Context, names: &[&str]) -> Result<()>;
    async fn b(&self, ctxt: &Context, names: Vec<&str>) -> Result<()>;
    async fn c(&self, ctxt: &Context, pair: (u8, &str)) -> Result<()>;
    async fn d(&self, ctxt: &Context, name: Option<&&str>) -> Result<()>;
    async fn e(&self, ctxt: &Context, names: Option<Vec<&str>>, more: &[&str]) -> Result<()>;
}

fn main() {}
