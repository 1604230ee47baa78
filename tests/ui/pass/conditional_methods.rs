//! A method that is not in this build is neither in the client nor in the endpoint nor in `INTERFACE`.

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "conditional", version = "1.0")]
pub trait Conditional {
    #[cfg(not(any(unix, windows)))]
    async fn absent(&self, ctxt: &Context, it: NoSuchType) -> Result<NoSuchType>;
    #[cfg(any(unix, windows))]
    async fn present(&self, ctxt: &Context, id: u32) -> Result<u32>;
    #[cfg(not(any(unix, windows)))]
    #[rpc(cast)]
    async fn absent_cast(&self, ctxt: &Context) -> Result<()>;
    #[cfg(any(unix, windows))]
    #[cfg_attr(unix, doc = "Also there.")]
    #[rpc(cast, version = "1.1")]
    async fn present_cast(&self, ctxt: &Context) -> Result<()>;
}

pub struct Real;

impl Conditional for Real {
    async fn present(&self, _: &Context, id: u32) -> Result<u32> {
        Ok(id)
    }
    async fn present_cast(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

pub fn main() {
    let methods = ConditionalClient::INTERFACE.methods();
    let names: Vec<_> = methods
        .iter()
        .map(rpc_runtime::interface::Method::name)
        .collect();
    assert_eq!(names, ["present", "present_cast"]);
    let _ = ConditionalEndpoint::new(Real);
}
