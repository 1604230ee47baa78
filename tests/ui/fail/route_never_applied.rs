use rpc_runtime::{Context, Result, Route, Version, rpc_client};

#[rpc_client(version = "2.0", route = by(host, rack))]
trait Apart {
    async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
    async fn row(&self, ctxt: &Context, rack: &str) -> Result<u32>;
}

#[rpc_client(version = "2.0", route = routes::by_rack(rack))]
trait Fanout {
    #[rpc(cast, fanout)]
    async fn refresh(&self, ctxt: &Context, rack: &str) -> Result<()>;
}

#[rpc_client(version = "2.0", route = anywhere())]
trait Routed {
    #[rpc(route = routes::by_rack(rack))]
    async fn row(&self, ctxt: &Context, rack: &str) -> Result<u32>;
}

// The trait's function applies to one of the methods.
#[rpc_client(version = "2.0", route = routes::by_rack(rack))]
trait Used {
    async fn row(&self, ctxt: &Context, rack: &str) -> Result<u32>;
    #[rpc(cast, fanout)]
    async fn refresh(&self, ctxt: &Context, rack: &str) -> Result<()>;
}

// The mistake is reported once, at the argument.
#[rpc_client(version = "2.0", route = by(host, rack))]
trait Marked {
    async fn size(&self, ctxt: &Context, #[rpc(route)] host: Option<&str>) -> Result<u32>;
    async fn row(&self, ctxt: &Context, rack: &str) -> Result<u32>;
}

mod routes {
    use super::*;

    pub fn by_rack(_: Option<Version>, rack: &str) -> Route {
        Route::new().server(rack)
    }
}

fn main() {}
