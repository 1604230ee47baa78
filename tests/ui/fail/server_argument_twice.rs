use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Stock {
    async fn to_two_servers(
        &self,
        ctxt: &Context,
        #[rpc(server)] host: &str,
        #[rpc(server)] other: &str,
        #[rpc(topic)] topic: &str,
    ) -> Result<()>;

    async fn to_three_topics(
        &self,
        ctxt: &Context,
        #[rpc(topic)] one: &str,
        #[rpc(topic)] two: &str,
        #[rpc(topic)] three: &str,
    ) -> Result<()>;
}

fn main() {}
