use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    #[rpc(name_before("2.3", "change"), name_before("2.1", "alter"), name_before("2.3", "modify"))]
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(name_before("2.2", "user"))]
        #[rpc(name_before("2.2", "holder"))]
        owner: &str,
    ) -> Result<()>;
}

fn main() {}
