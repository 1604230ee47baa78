use rpc_runtime::assert_compatible;

mod v2_0 {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(version = "2.0")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
        async fn touch(&self, ctxt: &Context, host: &str) -> Result<()>;
        #[rpc(version = "2.3")]
        async fn size(&self, ctxt: &Context) -> Result<u32>;
    }
}

mod renamed {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(version = "2.4")]
    pub trait Inventory {
        async fn find(&self, ctxt: &Context, host: &str) -> Result<String>;
    }
}

mod cast {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(version = "2.4")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
        #[rpc(cast)]
        async fn touch(&self, ctxt: &Context, host: &str) -> Result<()>;
    }
}

mod returning_otherwise {
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(version = "2.4")]
    pub trait Inventory {
        async fn rack(&self, ctxt: &Context, host: &str) -> Result<Option<String>>;
    }
}

const _: () = assert_compatible(
    &v2_0::InventoryClient::INTERFACE,
    &renamed::InventoryClient::INTERFACE,
);
const _: () = assert_compatible(
    &v2_0::InventoryClient::INTERFACE,
    &cast::InventoryClient::INTERFACE,
);
const _: () = assert_compatible(
    &v2_0::InventoryClient::INTERFACE,
    &returning_otherwise::InventoryClient::INTERFACE,
);

fn main() {}
