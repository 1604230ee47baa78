//! heat: stacks of resources, which its engines build.
//!
//! It follows `EngineClient` in `heat/rpc/client.py`, which never gets a version cap.

use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// heat's engines.
#[rpc_client(exchange = "heat", topic = "engine", version = "1.0")]
pub trait Engine {
    /// Deletes a stack. The call waits until the deletion has begun. As a cast, it does not wait.
    #[rpc(call, cast)]
    async fn delete_stack(
        &self,
        ctxt: &Context,
        stack_identity: &StackIdentity,
    ) -> Result<Option<StackIdentity>>;

    /// Waits for a deployment. `timeout` is both the time that the engine waits and the timeout of the call. 1.27 or
    /// later.
    #[rpc(version = "1.27")]
    async fn check_software_deployment(
        &self,
        ctxt: &Context,
        deployment_id: &str,
        #[rpc(timeout)] timeout: Option<Number>,
    ) -> Result<Option<String>>;
}

/// Identifies a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackIdentity {
    /// Its name.
    pub stack_name: String,
    /// Its id. A later stack of the same name has another one.
    pub stack_id: String,
    /// The project that owns it.
    pub tenant: String,
    /// A part of the stack; empty for all of it.
    pub path: String,
}
