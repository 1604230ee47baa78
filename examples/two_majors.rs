//! Two majors of an interface in one server. An adapter serves the old one with the new implementation.
//!
//! ```text
//! cargo run --example two_majors
//! ```
//!
//! A breaking change is a new trait. Until the last old client is gone, the server has an endpoint for each.

use std::sync::{Arc, Mutex, PoisonError};

use rpc_runtime::{Context, Error, RemoteError, Result, Server, Transport, rpc_client};
use serde::{Deserialize, Serialize};

mod v2 {
    use super::{Context, Result, rpc_client};

    /// The old interface: sizes are gigabytes, and failures are `false`.
    #[rpc_client(topic = "volumes", version = "2.0")]
    pub(crate) trait Volumes {
        async fn create(&self, ctxt: &Context, name: &str, size: u32) -> Result<u64>;

        #[rpc(version = "2.1")]
        async fn grow(&self, ctxt: &Context, id: u64, size: u32) -> Result<bool>;
    }
}

mod v3 {
    use super::{Context, Deserialize, Result, Serialize, rpc_client};

    #[derive(Debug, Clone, Serialize, Deserialize)]
    pub(crate) struct Volume {
        pub(crate) id: u64,
        pub(crate) name: String,
        pub(crate) bytes: u64,
    }

    /// The new interface: sizes are bytes, volumes are returned as a whole, failures are errors.
    #[rpc_client(topic = "volumes", version = "3.0")]
    pub(crate) trait Volumes {
        async fn create(&self, ctxt: &Context, name: &str, bytes: u64) -> Result<Volume>;

        async fn resize(&self, ctxt: &Context, id: u64, bytes: u64) -> Result<Volume>;
    }
}

/// The implementation of the new interface. The old one has none of its own.
#[derive(Debug, Clone, Default)]
struct Store(Arc<Mutex<Vec<v3::Volume>>>);

impl v3::Volumes for Store {
    async fn create(&self, _: &Context, name: &str, bytes: u64) -> Result<v3::Volume> {
        let mut volumes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let volume = v3::Volume {
            id: volumes.len() as u64,
            name: name.to_owned(),
            bytes,
        };
        volumes.push(volume.clone());
        Ok(volume)
    }

    async fn resize(&self, _: &Context, id: u64, bytes: u64) -> Result<v3::Volume> {
        let mut volumes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let volume = volumes.iter_mut().find(|volume| volume.id == id);
        let volume =
            volume.ok_or_else(|| RemoteError::new("NotFound", format!("no volume {id}")))?;
        volume.bytes = bytes;
        Ok(volume.clone())
    }
}

/// Serves old clients with any implementation of the new interface, for example a client of another server.
struct Old<S>(S);

const GIGABYTE: u64 = 1 << 30;

impl<S: v3::Volumes> v2::Volumes for Old<S> {
    async fn create(&self, ctxt: &Context, name: &str, size: u32) -> Result<u64> {
        let volume = self
            .0
            .create(ctxt, name, u64::from(size) * GIGABYTE)
            .await?;
        Ok(volume.id)
    }

    async fn grow(&self, ctxt: &Context, id: u64, size: u32) -> Result<bool> {
        match self.0.resize(ctxt, id, u64::from(size) * GIGABYTE).await {
            Ok(_) => Ok(true),
            Err(Error::Remote(error)) if error.class == "NotFound" => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let transport = Transport::new("memory://")?;
    let store = Store::default();
    let server = Server::builder(&transport, "store-1")
        .endpoint(v3::VolumesEndpoint::new(store.clone()))
        .endpoint(v2::VolumesEndpoint::new(Old(store)))
        .start()
        .await?;

    let ctxt = Context::new();
    let old = v2::VolumesClient::new(&transport);
    let new = v3::VolumesClient::new(&transport);
    let id = old.create(&ctxt, "data", 2).await?;
    println!(
        "an old client made volume {id} and grows it: {}",
        old.grow(&ctxt, id, 4).await?
    );
    println!(
        "an old client grows one that is not there: {}",
        old.grow(&ctxt, 9, 4).await?
    );
    println!(
        "a new client sees {:?}",
        new.resize(&ctxt, id, 5 * GIGABYTE).await?
    );
    if let Err(error) = new.resize(&ctxt, 9, 0).await {
        println!("and gets errors: {error}");
    }
    server.stop().await;
    Ok(())
}
