use rpc_runtime::{Context, Result, Transport, rpc_client};

#[rpc_client(topic = "store", version = "1.0")]
trait Store<T, const N: usize> {
    async fn put(&self, ctxt: &Context, item: T) -> Result<()>;
}

#[rpc_client(topic = "lend", version = "1.0")]
trait Lend<'a> {
    async fn name(&self, ctxt: &Context, name: &'a str) -> Result<()>;
}

// Uses of the client elsewhere are no mistakes of their own.
struct Service {
    store: StoreClient,
}

fn endpoint(service: Service) -> StoreEndpoint<Service> {
    StoreEndpoint::new(service)
}

async fn put(transport: &Transport, ctxt: &Context) -> Result<()> {
    let store = StoreClient::new(transport);
    store.put(ctxt, 3).await
}

fn main() {}
