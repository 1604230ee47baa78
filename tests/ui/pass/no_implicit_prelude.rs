//! No expansion needs a name in scope.
#![no_implicit_prelude]

use ::rpc_runtime::{Context, rpc_client};

#[derive(::serde::Serialize, ::serde::Deserialize, ::rpc_runtime::Describe)]
pub enum Size {
    Small,
    Large { cores: u32 },
}

#[rpc_client(topic = "bare", version = "1.0", lock = "ui/pass/bare.lock")]
pub trait Bare {
    const LIMIT: ::core::primitive::usize = 3;
    async fn count(&self, ctxt: &Context) -> ::rpc_runtime::Result<u32>;
    #[rpc(cast)]
    async fn touch(
        &self,
        ctxt: &Context,
        name: ::core::option::Option<&str>,
        all: &[u8],
    ) -> ::rpc_runtime::Result<()>;
    async fn size(&self, ctxt: &Context) -> ::rpc_runtime::Result<Size>;
    async fn twice(&self, ctxt: &Context) -> ::rpc_runtime::Result<u32> {
        let once = Bare::count(self, ctxt).await?;
        ::core::result::Result::Ok(once * 2)
    }
}

/// Names that shadow those of std.
#[expect(dead_code, reason = "they are there to be in the way")]
mod in_the_way {
    #![allow(non_camel_case_types)]
    use ::rpc_runtime::{Context, Result, rpc_client};

    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Ok;
    pub struct String;
    pub struct Vec;
    pub struct Box;
    pub struct Call;
    pub struct Args;
    pub struct Version;
    pub trait Future {}
    pub trait Send {}
    pub trait Sync {}
    pub trait Into {}
    pub mod core {}
    pub mod std {}
    pub mod rpc_runtime {}

    #[rpc_client(topic = "shadowed", version = "1.0")]
    pub trait Shadowed {
        async fn count(&self, ctxt: &Context, name: &str, all: &[u8]) -> Result<u32>;
        #[rpc(cast)]
        async fn touch(&self, ctxt: &Context) -> Result<()>;
    }
}

pub fn main() {
    ::std::assert_eq!(<BareClient as Bare>::LIMIT, 3);
    ::std::assert_eq!(BareClient::INTERFACE.methods().len(), 3);
    ::std::assert_eq!(in_the_way::ShadowedClient::INTERFACE.methods().len(), 2);
}
