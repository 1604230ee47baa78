//! mockall's `automock`, below the attribute, makes a mock of the expanded trait.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::needless_lifetimes,
    clippy::ref_option_ref,
    reason = "the mock needs a name for the lifetime, and mockall writes the reference"
)]

use std::future::ready;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "mocked", version = "1.0")]
#[mockall::automock]
pub trait Mocked {
    async fn host(&self, ctxt: &Context, name: &str) -> Result<String>;
    async fn find<'a>(&self, ctxt: &Context, rack: Option<&'a str>) -> Result<Vec<String>>;
}

async fn describe(inventory: &impl Mocked) -> Result<String> {
    let ctxt = Context::new();
    let host = inventory.host(&ctxt, "db-1").await?;
    let found = inventory.find(&ctxt, Some("a")).await?;
    Ok(format!("{host} of {}", found.len()))
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let mut inventory = MockMocked::new();
    inventory
        .expect_host()
        .withf(|_, name| name == "db-1")
        .returning(|_, name| Box::pin(ready(Ok(name.to_uppercase()))));
    inventory
        .expect_find()
        .withf(|_, rack| *rack == Some("a"))
        .returning(|_, _| Box::pin(ready(Ok(vec!["db-1".to_owned()]))));
    assert_eq!(describe(&inventory).await.unwrap(), "DB-1 of 1");
}
