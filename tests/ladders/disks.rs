//! An interface with each kind of rung.

use rpc_runtime::{Context, MaybeAbsent, Result, Route, Version, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The properties of a disk, since 2.3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) size: u32,
    pub(crate) kind: String,
}

fn size_and_kind(spec: &Spec) -> (u32, &str) {
    (spec.size, &spec.kind)
}

fn spec(size: u32, kind: String) -> Spec {
    Spec { size, kind }
}

/// Megabytes, for servers before 2.2.
fn megabytes(gigabytes: u32) -> u64 {
    u64::from(gigabytes) * 1024
}

fn gigabytes(megabytes: u64) -> u32 {
    u32::try_from(megabytes / 1024).unwrap_or(u32::MAX)
}

fn by_pool(cap: Option<Version>, pool: Option<&str>) -> Route {
    match (cap, pool) {
        (Some(cap), Some(pool)) if cap < Version::new(2, 4) => Route::new().server(pool),
        (_, Some(pool)) => Route::new().topic(format!("disks.{pool}")),
        (_, None) => Route::new(),
    }
}

#[rpc_client(
    topic = "disks",
    version = "2.0",
    aliases(ash = "2.1", "2024.2" = "2.4"),
    times(long = 1800, silence = 60)
)]
#[expect(clippy::too_many_arguments, reason = "one of each kind")]
pub(crate) trait Disks {
    /// Each kind of argument.
    async fn create(
        &self,
        ctxt: &Context,
        name: &str,
        #[rpc(since = "2.1", default = 3)] copies: u32,
        #[rpc(since = "2.2", below = drop)] hint: Option<&str>,
        #[rpc(since = "2.3", below = with(size_and_kind, "size", "kind"), from = spec)] spec: &Spec,
        #[rpc(until = "2.2")] bus: Option<&str>,
        #[rpc(name_before("2.4", "user"))] owner: MaybeAbsent<Option<String>>,
    ) -> Result<Vec<Value>>;

    /// A renamed method, with an argument whose unit has changed.
    #[rpc(version = "2.1", name_before("2.3", "grow"))]
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(name_before("2.3", "volume"))] disk: &str,
        #[rpc(since = "2.2", below = with(megabytes), from = gigabytes)] size: u32,
        #[rpc(since = "2.4", default = &[])] tags: &[String],
        #[rpc(since = "2.4", default)] label: &str,
    ) -> Result<Vec<Value>>;

    /// A method that may be called or cast, with a time from an argument.
    #[rpc(call, cast, monitor = silence)]
    async fn check(
        &self,
        ctxt: &Context,
        #[rpc(server)] host: Option<&str>,
        #[rpc(timeout)] within: Option<u32>,
    ) -> Result<Option<String>>;

    /// A method whose route depends on the cap.
    #[rpc(timeout = long, route = by_pool(pool))]
    async fn scan(&self, ctxt: &Context, #[rpc(route)] pool: Option<&str>) -> Result<String>;

    /// A method in two majors.
    #[rpc(cast, versions("2.5", "1.3", "1.0"))]
    async fn forget(
        &self,
        ctxt: &Context,
        #[rpc(topic)] topic: &str,
        #[rpc(name_before("2.5", "id"))] disk: u32,
        #[rpc(since = "1.3", default = true)] wait: bool,
    ) -> Result<()>;
}

pub(crate) fn disk() -> Spec {
    Spec {
        size: 8,
        kind: "ssd".into(),
    }
}
