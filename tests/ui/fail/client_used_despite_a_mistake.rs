use rpc_runtime::{Context, Result, Server, Transport, rpc_client};

#[rpc_client(topic = "inventory", version = "2.0")]
pub trait Inventory {
    async fn host(&self, ctxt: &Context, name: &str) -> Result<String>;
    async fn resize(&self, ctxt: &Context, mut size: u32) -> Result<()>;
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

struct Shelves;

impl Inventory for Shelves {
    async fn host(&self, _: &Context, name: &str) -> Result<String> {
        Ok(name.to_owned())
    }
    async fn resize(&self, _: &Context, _: u32) -> Result<()> {
        Ok(())
    }
    async fn count(&self, _: &Context) -> Result<u32> {
        Ok(0)
    }
}

async fn serve(transport: &Transport) -> Result<Server> {
    let endpoint = InventoryEndpoint::new(Shelves);
    Server::builder(transport, "a").endpoint(endpoint).start().await
}

async fn caller(transport: &Transport, ctxt: &Context) -> Result<u32> {
    let inventory = InventoryClient::new(transport);
    inventory.host(ctxt, "db-1").server("a").await?;
    inventory.resize(ctxt, 3).await?;
    inventory.count(ctxt).await
}

async fn generic(inventory: &impl Inventory, ctxt: &Context) -> Result<()> {
    inventory.resize(ctxt, 3).await
}

async fn passed_on(inventory: &InventoryClient, ctxt: &Context) -> Result<()> {
    generic(inventory, ctxt).await
}

fn main() {}
