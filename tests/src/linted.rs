//! A trait with attributes, in a library: its expansion is held to every lint, clippy's too.
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

use rpc_runtime::{Context, Describe, Result, rpc_client};
use serde::{Deserialize, Serialize};

/// What is looked up.
#[derive(Debug, Clone, Serialize, Deserialize, Describe)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a> {
    /// What it is called.
    pub full_name: Cow<'a, str>,
    /// How it came.
    #[rpc(opaque)]
    pub age: std::time::Duration,
    /// What it is part of.
    pub parents: Vec<Entry<'a>>,
}

/// A service that uses what there is to be used.
#[rpc_client(
    topic = "linted",
    version = "2.0",
    namespace = "lint",
    exchange = "lints",
    lock = "src/linted.lock"
)]
pub trait Linted: std::fmt::Debug {
    /// How many there may be.
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

    /// Is not there any more.
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
