use rpc_runtime::{Context, Result, Route, Version, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    #[rpc(cast, fanout)]
    async fn refresh(&self, ctxt: &Context, #[rpc(server)] host: &str) -> Result<()>;
    #[rpc(cast, fanout, route = by_pool(pool))]
    async fn forget(&self, ctxt: &Context, pool: &str) -> Result<()>;
    #[rpc(cast, fanout)]
    async fn drain(&self, ctxt: &Context, #[rpc(route)] pool: Option<&str>) -> Result<()>;
}

#[rpc_client(version = "2.0", route = by_pool(pool))]
trait Stock {
    async fn check(&self, ctxt: &Context, pool: &str) -> Result<()>;
    #[rpc(cast, fanout)]
    async fn refresh(&self, ctxt: &Context, #[rpc(route)] pool: Option<&str>) -> Result<()>;
}

fn by_pool(_: Option<Version>, pool: &str) -> Route {
    Route::new().server(pool)
}

fn main() {}
