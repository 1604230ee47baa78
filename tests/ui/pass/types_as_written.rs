//! Types whose tokens look like another type.

use std::marker::PhantomData;

use rpc_runtime::{Context, Error, Result, Server, Transport, rpc_client};
use serde::{Deserialize, Serialize};

macro_rules! casts {
    ($name:ident, $unit:ty, $result:ty) => {
        #[rpc_client(topic = "casts", version = "1.0")]
        pub trait $name {
            #[rpc(cast)]
            async fn part(&self, ctxt: &Context) -> Result<$unit>;
            #[rpc(cast, fanout)]
            async fn whole(&self, ctxt: &Context) -> $result;
        }
    };
}

casts!(Casts, (), Result<()>);

/// With an alias of another parameter.
pub mod aliased {
    use rpc_runtime::{Context, Error, rpc_client};

    pub type Result<E> = std::result::Result<(), E>;

    #[rpc_client(topic = "aliased", version = "1.0")]
    pub trait Aliased {
        #[rpc(cast)]
        async fn touch(&self, ctxt: &Context) -> Result<Error>;
        async fn call(&self, ctxt: &Context) -> Result<Error>;
        #[rpc(cast)]
        async fn plain(&self, ctxt: &Context) -> std::result::Result<(), Error>;
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block<const N: usize>([u8; 1], PhantomData<[u8; N]>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Marked<F>(u8, #[serde(skip)] PhantomData<F>);

impl<F> Marked<F> {
    fn new(number: u8) -> Self {
        Self(number, PhantomData)
    }
}

#[rpc_client(topic = "written", version = "1.0")]
pub trait Written {
    #[rpc(cast)]
    #[expect(unused_parens, reason = "a macro may write them")]
    async fn parenthesised(&self, ctxt: &Context) -> Result<(())>;
    async fn array(&self, ctxt: &Context, bits: [u8; 7 & 3]) -> Result<[u8; 7 & 3]>;
    async fn lent(
        &self,
        ctxt: &Context,
        bits: &[u8; 7 & 3],
        more: Option<&[[u8; 6 & 3]]>,
    ) -> Result<u8>;
    async fn block(&self, ctxt: &Context, block: Block<{ 7 & 3 }>) -> Result<Block<{ 7 & 3 }>>;
    async fn functions<'a>(
        &self,
        ctxt: &Context,
        elided: Marked<fn(&u8) -> &u8>,
        bound: Marked<for<'x> fn(&'x u8, &'x str)>,
        named: &'a Marked<fn(&'static u8)>,
        #[rpc(since = "1.1", default)] later: PhantomData<fn(&u8)>,
    ) -> Result<u8>;
}

struct Real;

impl Written for Real {
    #[expect(unused_parens, reason = "as the trait has it")]
    async fn parenthesised(&self, _: &Context) -> Result<(())> {
        Ok(())
    }
    async fn array(&self, _: &Context, bits: [u8; 7 & 3]) -> Result<[u8; 7 & 3]> {
        Ok(bits)
    }
    async fn lent(&self, _: &Context, bits: &[u8; 3], more: Option<&[[u8; 2]]>) -> Result<u8> {
        let more = more.into_iter().flatten().flatten();
        Ok(bits.iter().chain(more).sum())
    }
    async fn block(&self, _: &Context, block: Block<3>) -> Result<Block<3>> {
        Ok(block)
    }
    async fn functions<'a>(
        &self,
        _: &Context,
        elided: Marked<fn(&u8) -> &u8>,
        bound: Marked<for<'x> fn(&'x u8, &'x str)>,
        named: &'a Marked<fn(&'static u8)>,
        _: PhantomData<fn(&u8)>,
    ) -> Result<u8> {
        Ok(elided.0 + bound.0 + named.0)
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let transport = Transport::new("memory://ui-written").unwrap();
    let server = Server::builder(&transport, "a")
        .endpoint(WrittenEndpoint::new(Real))
        .start()
        .await
        .unwrap();
    let client = WrittenClient::new(&transport);
    let ctxt = Context::new();
    client.parenthesised(&ctxt).await.unwrap();
    assert_eq!(client.array(&ctxt, [1, 2, 3]).await.unwrap(), [1, 2, 3]);
    let lent = client.lent(&ctxt, &[1, 2, 3], Some(&[[4, 5], [6, 7]]));
    assert_eq!(lent.await.unwrap(), 28);
    let block = Block([3], PhantomData);
    assert_eq!(client.block(&ctxt, block.clone()).await.unwrap(), block);
    let named = Marked::new(4);
    let marked = client.functions(&ctxt, Marked::new(2), Marked::new(3), &named, PhantomData);
    assert_eq!(marked.await.unwrap(), 9);
    server.stop().await;
    assert_eq!(CastsClient::INTERFACE.methods().len(), 2);
    let aliased: Option<aliased::Result<Error>> = None;
    assert!(aliased.is_none() && aliased::AliasedClient::INTERFACE.methods().len() == 3);
}
