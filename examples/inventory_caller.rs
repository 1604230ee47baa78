//! A caller of the shared interface. The server is `inventory_server` or `examples/python/server.py`.
//!
//! ```text
//! RPC_TRANSPORT_URL=rabbit://guest:guest@localhost:5672/ cargo run --example inventory_caller
//! ```

use std::time::Duration;

use inventory_api::InventoryClient;
use rpc_runtime::{Context, Error, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let transport = rpc_examples::transport()?;
    let inventory: InventoryClient = InventoryClient::builder(&transport)
        .timeout(Duration::from_secs(10))
        .build()?;
    let ctxt = Context::new().with_request_id("req-1").with_user("alice");

    println!("{:?}", inventory.host(&ctxt, "db-1").await?);
    println!(
        "{:?}",
        inventory.host(&ctxt, "db-2").server("rack-7").await?
    );
    inventory.resize(&ctxt, "db-1", 16).await?;
    inventory.touch(&ctxt, "db-1").await?;
    inventory
        .refresh_cache(&ctxt, &["debian-13".into(), "fedora-44".into()])
        .await?;
    match inventory.host(&ctxt, "nowhere").await {
        Err(Error::Remote(error)) => println!("{}: {}", error.class, error.message),
        other => println!("unexpected: {other:?}"),
    }
    transport.close().await;
    Ok(())
}
