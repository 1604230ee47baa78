//! heat: stacks of resources, which its engines build.
//!
//! It follows `heat/rpc/client.py`: `EngineClient`, which is never given a version cap.

use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// heat's engines.
#[rpc_client(exchange = "heat", topic = "engine", version = "1.0")]
pub trait Engine {
    /// Deletes a stack, and waits until that has begun; or does not wait, as a cast.
    #[rpc(call, cast)]
    async fn delete_stack(
        &self,
        ctxt: &Context,
        stack_identity: &StackIdentity,
    ) -> Result<Option<StackIdentity>>;

    /// Waits for a deployment as long as `timeout` says, which is also how long the call may take. 1.27 or
    /// later.
    #[rpc(version = "1.27")]
    async fn check_software_deployment(
        &self,
        ctxt: &Context,
        deployment_id: &str,
        #[rpc(timeout)] timeout: Option<Number>,
    ) -> Result<Option<String>>;
}

/// Which stack is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackIdentity {
    /// Its name.
    pub stack_name: String,
    /// Its id, which stays when a stack of the same name follows.
    pub stack_id: String,
    /// Whose it is.
    pub tenant: String,
    /// What of the stack is meant; empty for all of it.
    pub path: String,
}
