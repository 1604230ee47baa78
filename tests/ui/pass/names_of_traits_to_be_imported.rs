//! Methods may be named like methods of traits that every type implements and no prelude has, such as `Any::type_id` and
//! `Borrow::borrow`. The client's own methods are found first, also where those traits are in scope. Names that the
//! prelude gives the client are refused (`ui/fail/method_named_like_the_clients_own.rs`).

use std::any::Any;
use std::borrow::{Borrow, BorrowMut};
use std::sync::Arc;

use rpc_runtime::{Context, Result, Server, Transport, rpc_client};

#[rpc_client(topic = "lent", version = "1.0", dyn)]
pub trait Lent {
    async fn type_id(&self, ctxt: &Context) -> Result<u32>;
    async fn borrow(&self, ctxt: &Context, title: &str) -> Result<String>;
    async fn borrow_mut(&self, ctxt: &Context, title: &str) -> Result<usize>;
}

struct Library;

impl Lent for Library {
    async fn type_id(&self, _: &Context) -> Result<u32> {
        Ok(7)
    }
    async fn borrow(&self, _: &Context, title: &str) -> Result<String> {
        Ok(format!("{title}, lent"))
    }
    async fn borrow_mut(&self, _: &Context, title: &str) -> Result<usize> {
        Ok(title.len())
    }
}

/// The traits are in scope here, and are what they always were for other types.
fn of_std() -> bool {
    let mut text = String::from("of std");
    let long = BorrowMut::<str>::borrow_mut(&mut text).len();
    Borrow::<str>::borrow(&text).len() == long
        && Any::type_id(&text) == Any::type_id(&String::new())
}

async fn by_reference(client: &LentClient, ctxt: &Context) {
    assert_eq!(client.type_id(ctxt).await.unwrap(), 7);
    assert_eq!(client.borrow(ctxt, "Emma").await.unwrap(), "Emma, lent");
    assert_eq!(client.borrow_mut(ctxt, "Emma").await.unwrap(), 4);
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    assert!(of_std());
    let transport = Transport::new("memory://ui-lent").unwrap();
    let server = Server::builder(&transport, "a")
        .endpoint(LentEndpoint::new(Arc::new(Library)))
        .start()
        .await
        .unwrap();
    let (client, ctxt) = (LentClient::new(&transport), Context::new());
    assert_eq!(client.type_id(&ctxt).await.unwrap(), 7);
    assert_eq!(client.borrow(&ctxt, "Emma").await.unwrap(), "Emma, lent");
    assert_eq!(client.borrow_mut(&ctxt, "Emma").await.unwrap(), 4);
    by_reference(&client, &ctxt).await;
    server.stop().await;
}
