//! mockall's `mock!` implements the trait, by `async fn` or with the future in the signature.

use std::future::{Future, ready};

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "mocked", version = "1.0")]
pub trait Mocked {
    async fn host(&self, ctxt: &Context, name: &str) -> Result<String>;
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

mockall::mock! {
    Inventory {}
    impl Mocked for Inventory {
        async fn host(&self, ctxt: &Context, name: &str) -> Result<String>;
        fn count(&self, ctxt: &Context) -> impl Future<Output = Result<u32>> + Send;
    }
}

async fn describe(inventory: &impl Mocked) -> Result<String> {
    let ctxt = Context::new();
    let host = inventory.host(&ctxt, "db-1").await?;
    Ok(format!("{host} of {}", inventory.count(&ctxt).await?))
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let mut inventory = MockInventory::new();
    inventory
        .expect_host()
        .withf(|_, name| name == "db-1")
        .returning(|_, name| Ok(name.to_uppercase()));
    inventory
        .expect_count()
        .returning(|_| Box::pin(ready(Ok(3))));
    assert_eq!(describe(&inventory).await.unwrap(), "DB-1 of 3");
}
