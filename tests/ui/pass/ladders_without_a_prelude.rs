//! No ladder needs a name to be in scope.
#![no_implicit_prelude]
#![expect(clippy::too_many_arguments, reason = "one method shows all")]

use ::core::option::Option::{self, Some};
use ::rpc_runtime::{Context, MaybeAbsent, Route, Version, rpc_client};

#[rpc_client(
    topic = "bare",
    version = "1.0",
    aliases(ash = "1.1"),
    times(long = 60),
    route = by_pool(pool)
)]
pub trait Bare {
    #[rpc(timeout = long, name_before("1.2", "sum"))]
    async fn count(
        &self,
        ctxt: &Context,
        #[rpc(since = "1.1", default = 3)] least: u32,
        #[rpc(since = "1.1", default)] kind: &str,
        #[rpc(since = "1.2", default = &[])] all: &[u8],
        #[rpc(since = "1.2", default = Some("x"))] some: Option<&str>,
        #[rpc(since = "1.2", below = with(doubled, "a", "b"), from = halved)] size: u32,
        #[rpc(since = "1.3", below = drop)] hint: Option<u8>,
        #[rpc(until = "1.2", name_before("1.1", "older"))] old: Option<bool>,
        maybe: MaybeAbsent<u8>,
        #[rpc(route)] pool: Option<&str>,
    ) -> ::rpc_runtime::Result<u32>;
    #[rpc(call, cast, monitor = long)]
    async fn touch(
        &self,
        ctxt: &Context,
        #[rpc(server)] host: &str,
        #[rpc(topic)] topic: Option<&str>,
        #[rpc(timeout)] within: u32,
    ) -> ::rpc_runtime::Result<()>;
}

fn doubled(size: u32) -> (u32, u32) {
    (size, size)
}

fn halved(a: u32, _: u32) -> u32 {
    a
}

fn by_pool(_: Option<Version>, pool: Option<&str>) -> Route {
    match pool {
        Some(pool) => Route::new().server(pool),
        _ => Route::new(),
    }
}

pub fn main() {
    let count = BareClient::INTERFACE.methods()[0];
    ::std::assert_eq!(count.arguments().len(), 9);
    ::std::assert_eq!(count.later_versions().len(), 3);
}
