//! Attributes that allow, expect, document or deprecate, on a trait, a method or an argument, apply to the client, too.
#![deny(warnings, missing_docs, nonstandard_style, deprecated)]

#[expect(deprecated, reason = "serde's derives use it")]
mod old {
    /// A type.
    #[deprecated = "use another"]
    #[derive(serde::Serialize, serde::Deserialize, rpc_runtime::Describe)]
    pub struct OldType;
}

#[expect(deprecated, reason = "it is still sent")]
use old::OldType;
use rpc_runtime::{Context, Result, Transport, rpc_client};

/// On methods and arguments.
#[rpc_client(version = "1.0")]
pub trait OnMethods {
    /// In another case.
    #[expect(non_snake_case, reason = "as its peers have it")]
    async fn getHost(&self, ctxt: &Context) -> Result<()>;
    /// In another case, in this build.
    #[cfg_attr(any(unix, windows), allow(non_snake_case))]
    async fn getPort(&self, ctxt: &Context) -> Result<()>;
    /// With an argument in another case.
    async fn host(
        &self,
        ctxt: &Context,
        #[allow(non_snake_case, reason = "as its peers have it")] hostName: &str,
        #[rpc(name = "port")]
        #[expect(non_snake_case, reason = "as its peers have it")]
        portNumber: u16,
        #[cfg_attr(any(unix, windows), allow(non_snake_case))] userName: &str,
    ) -> Result<()>;
    /// With a type that is deprecated.
    #[expect(deprecated, reason = "it is still sent")]
    async fn old(&self, ctxt: &Context, old: OldType) -> Result<OldType>;
    /// Provided.
    #[expect(non_snake_case, unused_variables, reason = "as its peers have it")]
    async fn provided(&self, notUsed: u8) {}
    #[cfg_attr(any(unix, windows), doc = "Documented in this build.", deprecated)]
    #[cfg_attr(not(any(unix, windows)), no_such_attribute)]
    async fn sometimes(&self, ctxt: &Context) -> Result<()>;
    #[cfg_attr(any(unix, windows), cfg(not(any(unix, windows))))]
    async fn never(&self, ctxt: &Context, it: NoSuchType) -> Result<NoSuchType>;
}

/// On the trait.
#[rpc_client(version = "1.0", lock = "ui/pass/attributes_reach_the_client.lock")]
#[expect(non_snake_case, deprecated, reason = "as its peers have it")]
pub trait OnTheTrait {
    /// In another case.
    async fn getHost(&self, ctxt: &Context, hostName: &str) -> Result<()>;
    /// With a type that is deprecated.
    async fn old(&self, ctxt: &Context, old: &OldType) -> Result<Vec<OldType>>;
}

/// A deprecated trait.
#[rpc_client(version = "1.0")]
#[deprecated = "use `OnMethods`"]
pub trait Deprecated {
    /// A method.
    async fn get(&self, ctxt: &Context) -> Result<()>;
}

/// The client and the endpoint of a deprecated trait are deprecated, too.
#[expect(deprecated, reason = "a warning is due")]
fn client_of_a_deprecated_trait(_: &DeprecatedClient) {}

#[expect(deprecated, reason = "a warning is due")]
fn endpoint_of_a_deprecated_trait<S>(_: &DeprecatedEndpoint<S>) {}

pub fn main() {
    let transport = Transport::new("memory://ui-attributes").unwrap();
    let client = OnMethodsClient::new(&transport, "attributes");
    let ctxt = Context::new();
    drop(client.getHost(&ctxt));
    drop(client.host(&ctxt, "db-1", 3, "ada"));
    #[expect(deprecated, reason = "a warning is due")]
    drop(client.sometimes(&ctxt));
    assert_eq!(OnMethodsClient::INTERFACE.methods().len(), 5);
    let _ = (
        client_of_a_deprecated_trait,
        endpoint_of_a_deprecated_trait::<()>,
    );
    let _ = OnTheTraitClient::INTERFACE;
}
