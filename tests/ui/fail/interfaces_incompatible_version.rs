use rpc_runtime::assert_compatible;

mod v2 {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(topic = "inventory", version = "2.0")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
        async fn hosts(&self, ctxt: &Context, #[rpc(since = "2.3")] site: Option<&str>) -> Result<u32>;
    }
}

mod older {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(topic = "inventory", version = "2.0")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
        async fn hosts(&self, ctxt: &Context, #[rpc(since = "2.1")] site: Option<&str>) -> Result<u32>;
    }
}

mod v3 {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(topic = "inventory", version = "3.0")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
    }
}

mod elsewhere {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(topic = "racks", version = "2.3")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
    }
}

const _: () = assert_compatible(
    &v2::InventoryClient::INTERFACE,
    &older::InventoryClient::INTERFACE,
);
const _: () = assert_compatible(
    &v2::InventoryClient::INTERFACE,
    &v3::InventoryClient::INTERFACE,
);
const _: () = assert_compatible(
    &v2::InventoryClient::INTERFACE,
    &elsewhere::InventoryClient::INTERFACE,
);

fn main() {}
