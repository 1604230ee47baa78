// A middleware is a function of one form, or implements the trait of its side.
use rpc_runtime::{Context, Result, Server, Transport, client, rpc_client, server};

#[rpc_client(topic = "inventory", version = "2.0")]
pub trait Inventory {
    async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
}

struct Limit;

async fn without_the_rest(request: server::IncomingRequest) -> Result<server::Response> {
    drop(request);
    unimplemented!()
}

async fn of_the_client(request: client::OutgoingRequest, next: client::Next) -> Result<client::Response> {
    next.run(request).await
}

fn main() {
    let transport = Transport::new("memory://").unwrap();
    let _ = InventoryClient::builder(&transport).middleware(Limit);
    let _ = InventoryClient::builder(&transport).middleware(without_the_rest);
    let _ = Server::builder(&transport, "rack-7").middleware(Limit);
    let _ = Server::builder(&transport, "rack-7").middleware(without_the_rest);
    let _ = Server::builder(&transport, "rack-7").middleware(of_the_client);
}
