//! A mock is an implementation of the trait, for code that is generic over the trait.

use std::sync::Mutex;

use rpc_runtime::{Context, Error, Result, rpc_client};

#[rpc_client(topic = "mocked", version = "1.0")]
pub trait Mocked {
    async fn host(&self, ctxt: &Context, name: &str) -> Result<String>;
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context, name: &str) -> Result<()>;
}

#[derive(Default)]
struct Mock {
    touched: Mutex<Vec<String>>,
}

impl Mocked for Mock {
    async fn host(&self, _: &Context, name: &str) -> Result<String> {
        Ok(format!("the host {name}"))
    }
    async fn touch(&self, _: &Context, name: &str) -> Result<()> {
        self.touched.lock().unwrap().push(name.to_owned());
        Ok(())
    }
}

async fn touch_all<I: Mocked>(inventory: &I, names: &[&str]) -> Result<(), Error> {
    for name in names {
        let host = inventory.host(&Context::new(), name).await?;
        inventory.touch(&Context::new(), &host).await?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let mock = Mock::default();
    touch_all(&mock, &["a", "b"]).await.unwrap();
    assert_eq!(*mock.touched.lock().unwrap(), ["the host a", "the host b"]);
}
