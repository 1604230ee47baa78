use rpc_runtime::{Context, Result, Route, Version, rpc_client};

#[rpc_client(version = "2.0")]
pub trait Inventory {
    #[rpc(route = without_cap(pool))]
    async fn check(&self, ctxt: &Context, pool: &str) -> Result<()>;
    #[rpc(route = to_text(pool))]
    async fn scan(&self, ctxt: &Context, pool: &str) -> Result<()>;
    #[rpc(route = by_id(id))]
    async fn list(&self, ctxt: &Context, id: u32) -> Result<()>;
    #[rpc(route = by_cell(id))]
    async fn count(&self, ctxt: &Context, id: u32) -> Result<()>;
}

fn without_cap(pool: &str) -> Route {
    Route::new().server(pool)
}

fn to_text(_: Option<Version>, pool: &str) -> String {
    pool.to_owned()
}

fn by_id(_: Option<Version>, id: u32) -> Route {
    Route::new().server(id.to_string())
}

fn main() {}
