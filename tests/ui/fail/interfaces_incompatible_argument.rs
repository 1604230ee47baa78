use rpc_runtime::assert_compatible;

mod v2_0 {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(version = "2.0")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: &str, limit: Option<u32>) -> Result<String>;
    }
}

mod gone {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(version = "2.1")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
    }
}

mod of_another_type {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(version = "2.1")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: String, limit: u32) -> Result<String>;
    }
}

mod required {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(version = "2.1")]
    pub trait Inventory {
        async fn rack(
            &self,
            ctxt: &Context,
            host: &str,
            limit: Option<u32>,
            site: &str,
        ) -> Result<String>;
    }
}

const _: () = assert_compatible(
    &v2_0::InventoryClient::INTERFACE,
    &gone::InventoryClient::INTERFACE,
);
const _: () = assert_compatible(
    &v2_0::InventoryClient::INTERFACE,
    &of_another_type::InventoryClient::INTERFACE,
);
const _: () = assert_compatible(
    &v2_0::InventoryClient::INTERFACE,
    &required::InventoryClient::INTERFACE,
);

fn main() {}
