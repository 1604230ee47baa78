use rpc_runtime::{Context, Result, Route, Version, rpc_client};

#[rpc_client(version = "2.0")]
pub trait Inventory {
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", default = "3")] copies: u32,
        #[rpc(since = "2.1", default = "ssd")] kind: String,
        #[rpc(default = true)] label: &str,
        #[rpc(since = "2.2", default = 4)] limit: Option<u32>,
    ) -> Result<()>;
    #[rpc(route = by_pool(pool))]
    async fn scan(&self, ctxt: &Context, #[rpc(route, default = 7)] pool: &str) -> Result<()>;
}

fn by_pool(_: Option<Version>, pool: &str) -> Route {
    Route::new().server(pool)
}

fn main() {}
