use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
pub trait Inventory {
    async fn by_reference(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", below = with(megabytes), from = gigabytes)] size: u32,
    ) -> Result<()>;
    async fn one_of_two(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", below = with(shortened, "short", "long"), from = joined)] name: &str,
    ) -> Result<()>;
    async fn no_function(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", below = with(shorter), from = whole)] name: &str,
    ) -> Result<()>;
    async fn three_of_two(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", below = with(three, "short", "long"), from = joined)] name: &str,
    ) -> Result<()>;
    async fn not_serialize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", below = with(opaque), from = whole)] name: &str,
    ) -> Result<()>;
}

fn megabytes(gigabytes: &u32) -> u32 {
    gigabytes * 1024
}

fn shortened(name: &str) -> &str {
    name.get(..8).unwrap_or(name)
}

fn three(name: &str) -> (&str, &str, &str) {
    (name, name, name)
}

pub struct Opaque;

fn opaque(_: &str) -> Opaque {
    Opaque
}

fn gigabytes(megabytes: u32) -> u32 {
    megabytes / 1024
}

fn joined(short: String, long: String) -> String {
    short + &long
}

fn whole(name: String) -> String {
    name
}

fn main() {}
