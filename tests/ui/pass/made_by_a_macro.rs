//! `macro_rules!` may generate a trait, or parts of it.

use rpc_runtime::{Context, Result, rpc_client};

macro_rules! whole {
    ($topic:literal, $name:ident, $ty:ty) => {
        #[rpc_client(topic = $topic, version = "1.0")]
        pub trait $name {
            async fn get(&self, ctxt: &Context, key: &str, old: Option<&$ty>) -> Result<$ty>;
            #[rpc(cast)]
            async fn put(&self, ctxt: &Context, value: $ty) -> Result<()>;
        }
    };
}

whole!("texts", Texts, String);

macro_rules! methods {
    ($name:ident { $($body:tt)* }) => {
        #[rpc_client(topic = "parts", version = "1.0")]
        pub trait $name {
            $($body)*
        }
    };
}

methods! {
    Parts {
        async fn get<'a>(&'a self, ctxt: &'a Context, key: &'a str) -> Result<String>;
        #[rpc(cast, fanout)]
        async fn put(&self, _: &Context, arg0: u32, args: &[u8]) -> Result<()>;
    }
}

macro_rules! signature {
    ($method:ident, $ctxt:ident, $key:ident: $ty:ty) => {
        #[rpc_client(topic = "signature", version = "1.0")]
        pub trait Signature {
            async fn $method(&self, $ctxt: &Context, $key: $ty) -> Result<()>;
        }
    };
}

signature!(get, ctxt, key: &str);

pub fn main() {
    assert_eq!(TextsClient::INTERFACE.topic(), Some("texts"));
    assert_eq!(PartsClient::INTERFACE.methods().len(), 2);
    assert_eq!(
        SignatureClient::INTERFACE.methods()[0].arguments()[0].name(),
        "key"
    );
}
