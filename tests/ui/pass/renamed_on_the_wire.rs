//! A trait may have other names on the wire, as in serde.

use rpc_runtime::{Context, Result, Server, Transport, rpc_client};

#[rpc_client(topic = "renamed", version = "1.1", rename_all = "camelCase")]
pub trait Renamed {
    async fn list_hosts(&self, ctxt: &Context, in_rack: &str, r#type: u8) -> Result<String>;
    #[rpc(name = "host_by_id")]
    async fn host(
        &self,
        ctxt: &Context,
        #[rpc(name = "host_id")] id: u32,
        #[rpc(name_before("1.2", "old_name"))] new_name: u32,
    ) -> Result<u32>;
}

struct Service;

impl Renamed for Service {
    async fn list_hosts(&self, _: &Context, in_rack: &str, r#type: u8) -> Result<String> {
        Ok(format!("{in_rack} {type}"))
    }
    async fn host(&self, _: &Context, id: u32, new_name: u32) -> Result<u32> {
        Ok(id + new_name)
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let methods = RenamedClient::INTERFACE.methods();
    let names: Vec<_> = methods
        .iter()
        .map(rpc_runtime::interface::Method::name)
        .collect();
    assert_eq!(names, ["listHosts", "host_by_id"]);
    let arguments = |at: usize| -> Vec<_> {
        let arguments = methods[at].arguments().iter();
        arguments
            .map(rpc_runtime::interface::Argument::name)
            .collect()
    };
    assert_eq!(arguments(0), ["inRack", "type"]);
    assert_eq!(arguments(1), ["host_id", "newName"]);
    let transport = Transport::new("memory://ui-renamed").unwrap();
    let _server = Server::builder(&transport, "a")
        .endpoint(RenamedEndpoint::new(Service))
        .start()
        .await
        .unwrap();
    let client = RenamedClient::new(&transport);
    let ctxt = Context::new();
    assert_eq!(client.list_hosts(&ctxt, "r7", 4).await.unwrap(), "r7 4");
    assert_eq!(client.host(&ctxt, 1, 2).await.unwrap(), 3);
    let args = rpc_runtime::args! { inRack: "r8", r#type: 1 };
    let untyped: String = client.rpc().call(&ctxt, "listHosts", args).await.unwrap();
    assert_eq!(untyped, "r8 1");
}
