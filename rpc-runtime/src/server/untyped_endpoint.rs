//! [`UntypedEndpoint`]: an endpoint that passes every request to one function, for methods unknown at compile
//! time.

use std::fmt;
use std::future::ready;

use serde_json::value::RawValue;

use super::endpoint::Endpoint;
use super::invocation::{Invocation, Outcome};
use super::scope::Scope;
use crate::future::BoxFuture;
use crate::wire::RawRequest;
use crate::{IntoRemoteError, RemoteError, Result, Version};

/// An endpoint that passes every request to one function, such as a gateway, a recorder or a proxy.
///
/// It accepts any method in any namespace and version, unless [`namespace`](Self::namespace) or
/// [`version`](Self::version) restricts it. A server tries its endpoints in the order in which they were
/// added, so add this one last.
///
/// The function receives the request as it was sent, and returns the result as it is to be sent: the server's
/// [`Serializer`](crate::Serializer) is applied to neither. The result for a cast is discarded.
///
/// ```
/// use rpc_runtime::server::UntypedEndpoint;
/// use rpc_runtime::wire::RawRequest;
/// use rpc_runtime::{Context, RemoteError, Result, RpcClient, Server, Target, Transport, args};
/// use serde_json::value::{RawValue, to_raw_value};
///
/// async fn answer(request: RawRequest) -> Result<Box<RawValue>, RemoteError> {
///     match request.method.as_str() {
///         "double" => {
///             let n: u32 = request.argument("n")?;
///             Ok(to_raw_value(&(2 * n)).expect("a number is JSON"))
///         }
///         other => Err(RemoteError::new("NoSuchMethod", other)),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let transport = Transport::new("memory://")?;
/// let server = Server::builder(&transport, "one").topic("numbers")
///     .endpoint(UntypedEndpoint::new(answer))
///     .start()
///     .await?;
/// let client = RpcClient::new(&transport, Target::new("numbers").version((7, 1)));
/// let doubled: u32 = client.call(&Context::new(), "double", args! { n: 4 }).await?;
/// assert_eq!(doubled, 8);
/// server.stop().await;
/// # Ok(())
/// # }
/// ```
pub struct UntypedEndpoint {
    scope: Scope,
    function: Box<Function>,
}

type Function =
    dyn Fn(RawRequest) -> BoxFuture<'static, Result<Box<RawValue>, RemoteError>> + Send + Sync;

impl UntypedEndpoint {
    /// An endpoint that runs `function`.
    ///
    /// Its future is dropped if the server's stop reaches its time limit, as any handler's is.
    pub fn new<F, R, E>(function: F) -> Self
    where
        F: Fn(RawRequest) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Box<RawValue>, E>> + Send + 'static,
        E: IntoRemoteError,
    {
        let function = move |request| -> BoxFuture<'static, Result<_, _>> {
            let running = function(request);
            Box::pin(async move { running.await.map_err(IntoRemoteError::into_remote_error) })
        };
        Self {
            scope: Scope::any(),
            function: Box::new(function),
        }
    }

    /// Accepts only requests in this namespace. `None` accepts only requests without one.
    #[must_use]
    pub fn namespace<'n>(mut self, namespace: impl Into<Option<&'n str>>) -> Self {
        self.scope = self.scope.namespace(namespace);
        self
    }

    /// Accepts only requests that are compatible with this version.
    #[must_use]
    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.scope = self.scope.version(version);
        self
    }
}

impl Endpoint for UntypedEndpoint {
    fn scope(&self) -> Scope {
        self.scope.clone()
    }

    fn dispatch<'a>(&'a self, incoming: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
        match incoming.to_raw() {
            Ok(request) => {
                let running = (self.function)(request);
                Box::pin(async move { incoming.raw_reply(&running.await?) })
            }
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

impl fmt::Debug for UntypedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, function: _ } = self;
        f.debug_struct("UntypedEndpoint")
            .field("scope", scope)
            .finish_non_exhaustive()
    }
}
