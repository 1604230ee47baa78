//! A lint of the trait is reported once.
#![deny(unreachable_pub, nonstandard_style, unused, deprecated, unused_qualifications)]

mod inner {
    use rpc_runtime::{Context, Result, rpc_client};

    #[deprecated = "use another"]
    #[derive(serde::Serialize, serde::Deserialize)]
    pub(crate) struct Old;

    #[rpc_client(version = "1.0")]
    pub trait Inventory {
        async fn getHost(&self, ctxt: &Context, hostName: &str) -> Result<()>;
        async fn old(&self, ctxt: &Context, old: Vec<Old>) -> Result<()>;
        async fn qualified(&self, ctxt: &Context, name: std::string::String) -> Result<()>;
        async fn provided(&self, unused: u8, mut also_unused: u8, (neither, _): (u8, u8)) {}
    }
}

fn main() {
    let _ = inner::InventoryClient::INTERFACE;
}
