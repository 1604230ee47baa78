//! A trait with attributes, in a library, so that all lints check its expansion, clippy's included.
#![deny(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused,
    warnings,
    rust_2018_idioms,
    clippy::all,
    clippy::pedantic
)]

use std::borrow::Cow;

use rpc_runtime::{Context, Describe, MaybeAbsent, Result, Route, Version, rpc_client};
use serde::{Deserialize, Serialize};

/// An entry.
#[derive(Debug, Clone, Serialize, Deserialize, Describe)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a> {
    /// Its name.
    pub full_name: Cow<'a, str>,
    /// Its origin.
    #[rpc(opaque)]
    pub age: std::time::Duration,
    /// The entries that contain it.
    pub parents: Vec<Entry<'a>>,
}

/// A service with all options.
#[rpc_client(
    topic = "linted",
    version = "2.0",
    namespace = "lint",
    exchange = "lints",
    aliases(ash = "2.1", "2024.2" = "2.3"),
    times(long = 60),
    lock = "src/linted.lock"
)]
pub trait Linted: std::fmt::Debug {
    /// The greatest number of entries.
    const LIMIT: usize = 3;

    /// Looks something up.
    #[rpc(version = "2.3", timeout = 30, monitor = 0.5, name = "look-up")]
    async fn look_up<'a>(
        &'a self,
        ctxt: &'a Context,
        #[rpc(name = "type")] kind: Option<&'a str>,
        many: &[Cow<'_, str>],
        text: Cow<'_, str>,
        flags: (bool, bool, bool, bool),
    ) -> Result<Vec<Entry<'static>>>;

    /// Changes something, as servers of each version know it.
    #[rpc(call, cast, timeout = long, name_before("2.2", "alter"), route = by_pool(pool))]
    async fn change<'a>(
        &'a self,
        ctxt: &'a Context,
        #[rpc(route)] pool: Option<&'a str>,
        #[rpc(since = "2.1", default = 4)] copies: u32,
        #[rpc(since = "2.1", default = &[])] tags: &'a [String],
        #[rpc(since = "2.2", default)] label: &str,
        #[rpc(since = "2.2", below = drop)] hint: Option<Cow<'_, str>>,
    ) -> Result<()>;

    /// Grows something, with another argument for old servers.
    async fn grow(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.3", below = with(halves, "left", "right"), from = whole)] size: u64,
        #[rpc(until = "2.3", name_before("2.2", "user"))] owner: MaybeAbsent<Option<String>>,
    ) -> Result<()>;

    /// Waits at one server.
    async fn wait(
        &self,
        ctxt: &Context,
        #[rpc(server)] host: &str,
        #[rpc(topic)] topic: Option<String>,
        #[rpc(timeout)] within: Option<u32>,
    ) -> Result<()>;

    /// A deprecated method.
    #[deprecated = "look it up"]
    async fn find(&self, _: &Context, name: String) -> Result<()>;

    /// Touches it.
    #[rpc(cast)]
    async fn r#loop(&self, ctxt: &Context, id: u64) -> Result<()>;

    /// Touches all.
    #[cfg(not(windows))]
    #[rpc(cast, fanout)]
    async fn refresh(&self, ctxt: &Context) -> Result<()>;

    /// Both.
    async fn both(&self, ctxt: &Context, name: &str) -> Result<()> {
        self.r#loop(ctxt, name.len() as u64).await?;
        self.refresh(ctxt).await
    }
}

fn by_pool(_: Option<Version>, pool: Option<&str>) -> Route {
    pool.map_or_else(Route::new, |pool| Route::new().server(pool))
}

fn halves(size: u64) -> (u64, u64) {
    (size / 2, size - size / 2)
}

fn whole(left: u64, right: u64) -> u64 {
    left + right
}
