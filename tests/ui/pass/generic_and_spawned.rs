//! Code that is generic over the trait takes a client, a service or a decorator, and can be spawned.

use std::sync::Arc;

use rpc_runtime::client::Call;
use rpc_runtime::{CallOptions, Context, Result, Server, Transport, rpc_client};

#[rpc_client(topic = "spawned", version = "1.0")]
pub trait Counter {
    async fn add(&self, ctxt: &Context, n: &str) -> Result<usize>;
    async fn one(&self, ctxt: &Context) -> Result<usize>;
}

struct Real;

impl Counter for Real {
    async fn add(&self, _: &Context, n: &str) -> Result<usize> {
        tokio::task::yield_now().await;
        Ok(n.len() + 1)
    }
    async fn one(&self, _: &Context) -> Result<usize> {
        Ok(1)
    }
}

struct Doubled<I>(I);

impl<I: Counter> Counter for Doubled<I> {
    async fn add(&self, ctxt: &Context, n: &str) -> Result<usize> {
        Ok(2 * self.0.add(ctxt, n).await?)
    }
    async fn one(&self, ctxt: &Context) -> Result<usize> {
        self.0.one(ctxt).await
    }
}

async fn spawned<I: Counter + 'static>(counter: Arc<I>) -> usize {
    let task = tokio::spawn(async move {
        let n = String::from("12");
        counter.add(&Context::new(), &n).await
    });
    task.await.unwrap().unwrap()
}

/// The type of a call can be named, and does not depend on its method.
fn either<'a>(
    client: &'a CounterClient,
    ctxt: &'a Context,
    many: Option<&'a str>,
) -> Call<'a, Result<usize>> {
    match many {
        Some(n) => client.add(ctxt, n),
        None => client.one(ctxt),
    }
}

#[tokio::main]
pub async fn main() {
    let transport = Transport::new("memory://ui-spawned").unwrap();
    let server = Server::builder(&transport, "a")
        .endpoint(CounterEndpoint::new(Doubled(Real)))
        .start()
        .await
        .unwrap();
    let client = CounterClient::new(&transport);
    assert_eq!(spawned(Arc::new(Real)).await, 3);
    assert_eq!(spawned(Arc::new(client.clone())).await, 6);
    assert_eq!(spawned(Arc::new(Doubled(client.clone()))).await, 12);
    let adjusted = client.prepare(CallOptions::new().server("a"));
    let inherent =
        tokio::spawn(async move { adjusted.add(&Context::new(), "1").server("a").await });
    assert_eq!(inherent.await.unwrap().unwrap(), 4);
    // Concurrent calls: a call that borrows nothing is spawned directly.
    let spawned = {
        let (ctxt, n) = (Context::new(), String::from("1234"));
        tokio::spawn(client.add(&ctxt, &n).detached())
    };
    assert_eq!(spawned.await.unwrap().unwrap(), 10);
    let ctxt = Context::new();
    let (one, two) = (client.add(&ctxt, "1"), client.add(&ctxt, "12").server("a"));
    let both = tokio::try_join!(one.into_future(), two.into_future()).unwrap();
    assert_eq!(both, (4, 6));
    let mut calls = vec![
        either(&client, &ctxt, Some("1")),
        either(&client, &ctxt, None),
    ];
    assert!(size_of_val(&calls[0]) <= 5 * size_of::<usize>());
    assert_eq!(calls.pop().unwrap().await.unwrap(), 1);
    assert_eq!(calls.pop().unwrap().server("a").await.unwrap(), 4);
    server.stop().await;
}
