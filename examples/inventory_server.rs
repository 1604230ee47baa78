//! A server of the shared interface, for callers in Rust and in Python.
//!
//! ```text
//! RPC_TRANSPORT_URL=rabbit://guest:guest@localhost:5672/ cargo run --example inventory_server
//! cargo run --example inventory_caller            # in another terminal; or:
//! pip install oslo.messaging && python examples/python/client.py
//! ```
//!
//! `docker run --rm -p 5672:5672 rabbitmq:4.0` starts a broker to try with.

use std::collections::HashMap;

use inventory_api::{Host, Inventory, InventoryEndpoint};
use rpc_runtime::{Context, RemoteError, Result, Server};

struct Warehouse {
    rack: String,
    sizes: HashMap<&'static str, u32>,
}

impl Inventory for Warehouse {
    async fn host(&self, _: &Context, name: &str) -> Result<Host> {
        match self.sizes.get(name) {
            Some(&size) => Ok(Host {
                name: name.into(),
                rack: self.rack.clone(),
                size,
            }),
            None => Err(RemoteError::new("HostNotFound", format!("no host {name}"))
                .module("inventory.exceptions")
                .into()),
        }
    }

    async fn resize(&self, ctxt: &Context, id: &str, size: u32) -> Result<()> {
        println!("{:?}: resize {id} to {size}", ctxt.request_id());
        Ok(())
    }

    async fn touch(&self, ctxt: &Context, id: &str) -> Result<()> {
        println!("{:?}: touch {id}", ctxt.request_id());
        Ok(())
    }

    async fn refresh_cache(&self, ctxt: &Context, images: &[String]) -> Result<()> {
        println!("{:?}: refresh {}", ctxt.request_id(), images.join(", "));
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let transport = rpc_examples::transport()?;
    let rack = std::env::args().nth(1).unwrap_or_else(|| "rack-7".into());
    let warehouse = Warehouse {
        rack: rack.clone(),
        sizes: HashMap::from([("db-1", 4), ("db-2", 8)]),
    };
    let server = Server::builder(&transport, rack)
        .endpoint(InventoryEndpoint::new(warehouse))
        .start()
        .await?;
    println!("{} is served; ctrl-c stops it", server.target());
    server.run_until(tokio::signal::ctrl_c()).await;
    transport.close().await;
    Ok(())
}
