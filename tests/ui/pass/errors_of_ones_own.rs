//! Any `Result`, also behind an alias, is allowed if its error can be made from `Error` and can be sent.

use rpc_runtime::{Context, Error, IntoRemoteError, RemoteError, Server, Transport, rpc_client};

#[derive(Debug)]
pub enum StoreError {
    Empty(String),
    Rpc(Error),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error.remote() {
            Some(remote) if remote.is("store", "Empty") => Self::Empty(remote.message.clone()),
            _ => Self::Rpc(error),
        }
    }
}

impl IntoRemoteError for StoreError {
    fn into_remote_error(self) -> RemoteError {
        match self {
            Self::Empty(what) => RemoteError::new("Empty", what).module("store"),
            Self::Rpc(error) => error.into_remote_error(),
        }
    }
}

pub type StoreResult<T> = Result<T, StoreError>;
pub type Done = StoreResult<()>;

#[rpc_client(topic = "store", version = "1.0")]
pub trait Store {
    async fn take(&self, ctxt: &Context, name: &str) -> StoreResult<u32>;
    async fn mixed(&self, ctxt: &Context) -> Result<Vec<u8>, Error>;
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context) -> Done;
    #[rpc(cast, fanout)]
    async fn refresh(&self, ctxt: &Context) -> Result<(), StoreError>;
}

struct Shelves;

impl Store for Shelves {
    async fn take(&self, _: &Context, name: &str) -> StoreResult<u32> {
        Err(StoreError::Empty(name.to_owned()))
    }
    async fn mixed(&self, _: &Context) -> Result<Vec<u8>, Error> {
        Ok(vec![1])
    }
    async fn touch(&self, _: &Context) -> Done {
        Ok(())
    }
    async fn refresh(&self, _: &Context) -> Done {
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let transport = Transport::new("memory://ui-store").unwrap();
    let server = Server::builder(&transport, "a")
        .endpoint(StoreEndpoint::new(Shelves))
        .start()
        .await
        .unwrap();
    let client = StoreClient::new(&transport);
    let ctxt = Context::new();
    let taken = client.take(&ctxt, "top").await;
    assert!(matches!(taken, Err(StoreError::Empty(shelf)) if shelf == "top"));
    assert_eq!(client.mixed(&ctxt).await.unwrap(), [1]);
    client.touch(&ctxt).await.unwrap();
    client.refresh(&ctxt).await.unwrap();
    server.stop().await;
}
