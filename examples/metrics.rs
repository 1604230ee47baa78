//! Metrics of calls, requests and connections, as Prometheus scrapes them.
//!
//! ```text
//! cargo run --example metrics
//! RPC_TRANSPORT_URL=rabbit://guest:guest@localhost:5672/ cargo run --example metrics
//! ```
//!
//! It makes some calls and prints the text that Prometheus would scrape. In a service, the exporter serves that text
//! over HTTP: use `PrometheusBuilder::install`, with the exporter's feature `http-listener`.

use metrics_exporter_prometheus::PrometheusBuilder;
use rpc_runtime::{Context, Error, Result, Server, Transport, rpc_client};

#[rpc_client(topic = "inventory", version = "2.0")]
trait Inventory {
    async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context, host: &str) -> Result<()>;
}

struct Warehouse;

impl Inventory for Warehouse {
    async fn size(&self, _: &Context, host: &str) -> Result<u32> {
        match host {
            "db-1" => Ok(16),
            other => Err(Error::new_remote("HostNotFound", other)),
        }
    }

    async fn touch(&self, _: &Context, _: &str) -> Result<()> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // The recorder must be installed before the transport is made.
    let scrapes = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.01, 0.1, 1.0, 10.0])?
        .install_recorder()?;

    let url = std::env::var("RPC_TRANSPORT_URL");
    let transport = Transport::new(url.as_deref().unwrap_or("memory://"))?;
    let server = Server::builder(&transport, "rack-7")
        .endpoint(InventoryEndpoint::new(Warehouse))
        .start()
        .await?;
    let inventory = InventoryClient::new(&transport);
    let ctxt = Context::new();
    inventory.touch(&ctxt, "db-1").await?;
    for host in ["db-1", "db-1", "nowhere"] {
        match inventory.size(&ctxt, host).await {
            Ok(size) => eprintln!("{host} has {size}"),
            Err(error) => eprintln!("{host}: {error}"),
        }
    }
    // Stopping waits for the running requests, so the cast is counted, too.
    server.stop().await;
    transport.close().await;

    print!("{}", scrapes.render());
    Ok(())
}
