//! Clients: the untyped [`RpcClient`], and the builders of typed calls.
//!
//! The methods of a typed client, which `#[rpc_client]` generates, return a [`Call`] or a [`Cast`]. Both send
//! through an [`RpcClient`], which takes the method's name and arguments at run time. A client passes a target and an
//! encoded message to its [`Transport`]. A [`Middleware`] may run between the two.

// A client must not depend on connections or queues, which the transport owns.

mod args;
mod argument_traits;
mod builder;
mod call;
mod middleware;
mod options;
mod outgoing_request;
pub(crate) mod result_traits;
mod route;
mod rung;
mod send;
mod settings;
mod version_cap;
pub(crate) mod versioned_args;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use tracing::Span;

use self::middleware::Chain;
use self::settings::{MethodTimes, Settings};
use crate::serializer::Serializer;
use crate::span::{self, Operation, Sending};
use crate::transport::{Defaults, Transport};
use crate::wire::{RawRequest, Reply, RequestBody};
use crate::{Error, Interface, Result, Target, Version};

pub use self::args::{Args, EncodeArgs};
pub use self::builder::ClientBuilder;
pub use self::call::{Call, Cast};
pub use self::middleware::{Middleware, Next};
pub use self::options::{CallOptions, DEFAULT_TIMEOUT};
pub use self::outgoing_request::{OutgoingRequest, Response};
pub use self::route::Route;
pub use self::version_cap::{AutoCap, VersionCap};

/// An untyped client, whose methods are named at run time: oslo.messaging's `RPCClient`.
///
/// It is cheap to clone, and clones share their settings.
///
/// ```
/// use rpc_runtime::{CallOptions, Context, Result, RpcClient, Target, Transport, args};
///
/// async fn disk_usage(transport: &Transport, host: &str) -> Result<u64> {
///     let target = Target::new("inventory").version((2, 0));
///     let client = RpcClient::new(transport, target);
///     client
///         .prepare(CallOptions::new().server(host).version((2, 1)))
///         .call(&Context::new(), "disk_usage", args! { unit: "GiB" })
///         .await
/// }
/// ```
#[derive(Clone)]
pub struct RpcClient {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Transport,
    hooks: Hooks,
    settings: Settings,
}

/// The user's code that runs between a client and its transport.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    serializer: Option<Arc<dyn Serializer>>,
    middleware: Option<Chain>,
}

impl RpcClient {
    /// A client for `target`, with the default settings.
    #[must_use]
    pub fn new(transport: &Transport, target: Target) -> Self {
        let settings = Settings::new(target, transport.defaults());
        Self::with_settings(transport.clone(), Hooks::default(), settings)
    }

    /// A client of an interface, with the default settings.
    pub(crate) fn of(transport: &Transport, interface: &Interface) -> Self {
        Self::with_settings(
            transport.clone(),
            Hooks::default(),
            Settings::of(interface, transport.defaults()),
        )
    }

    /// This client with the settings of `interface`. If it was a client of another interface, it keeps its
    /// servers, and its namespace and versions are replaced; see [`Settings::retarget`].
    pub(crate) fn of_interface(self, interface: &Interface) -> Self {
        if self.inner.settings.is_of(interface) {
            return self;
        }
        let mut settings = self.inner.settings.clone();
        settings.retarget(interface);
        Self::with_settings(
            self.inner.transport.clone(),
            self.inner.hooks.clone(),
            settings,
        )
    }

    pub(crate) fn with_settings(transport: Transport, hooks: Hooks, settings: Settings) -> Self {
        Self {
            inner: Arc::new(Inner {
                transport,
                hooks,
                settings,
            }),
        }
    }

    /// The defaults of this client's transport.
    pub(crate) fn defaults(&self) -> &Defaults {
        self.inner.transport.defaults()
    }

    /// A client with some of this client's settings overridden.
    #[must_use]
    pub fn prepare(&self, options: CallOptions) -> Self {
        let mut settings = self.inner.settings.clone();
        settings.apply(options, self.defaults());
        Self::with_settings(
            self.inner.transport.clone(),
            self.inner.hooks.clone(),
            settings,
        )
    }

    /// Whether the version cap allows messages of this version.
    #[must_use]
    pub fn can_send_version(&self, version: impl Into<Version>) -> bool {
        Version::compatible(self.version_cap(), Some(version.into()))
    }

    /// The highest version that may be sent. `None` means that there is no cap.
    #[must_use]
    pub fn version_cap(&self) -> Option<Version> {
        self.inner.settings.cap()
    }

    /// The target of messages without overrides.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.inner.settings.target
    }

    /// The transport of this client.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    /// Calls `method` and waits for its result.
    ///
    /// Dropping the future cancels the call on the client. The server may still run the method.
    ///
    /// # Errors
    ///
    /// [`Error::Remote`] if the method raised an error; other variants of [`Error`] if the call failed.
    /// [`Error::InvalidTarget`] if the client is prepared for fanout.
    pub async fn call<T: DeserializeOwned>(
        &self,
        ctxt: &(impl Serialize + ?Sized),
        method: &str,
        args: impl EncodeArgs,
    ) -> Result<T> {
        let span = self.span(Operation::Call, self.settings(), method);
        let result = self.call_within(span.as_deref(), ctxt, method, args).await;
        let result = result.map_err(|error| error.of_method(method));
        span::sent(span.as_deref(), &result);
        result
    }

    async fn call_within<T: DeserializeOwned>(
        &self,
        span: Option<&Span>,
        ctxt: &(impl Serialize + ?Sized),
        method: &str,
        args: impl EncodeArgs,
    ) -> Result<T> {
        let settings = &self.inner.settings;
        let request = self.encode(span, ctxt, method, args)?;
        let mut call = self.plan(Cow::Borrowed(settings), &MethodTimes::default())?;
        let reply = self.send_call(&mut call, request, span).await;
        let reply = self.accept(&call, reply)?;
        span::in_scope(span, || self.decode(reply))
    }

    /// Calls a server of the topic and waits for any reply. The server must be built with
    /// [`ServerBuilder::ping`](crate::server::ServerBuilder::ping), or be a Python server with
    /// `rpc_ping_enabled`.
    ///
    /// The ping uses the client's exchange, topic and server. It ignores the client's namespace, version and
    /// version cap.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rpc_runtime::{CallOptions, Result, RpcClient, Target, Transport};
    ///
    /// /// A liveness probe, from within the pod or from outside.
    /// async fn is_alive(transport: &Transport, server: &str) -> Result<()> {
    ///     let client = RpcClient::new(transport, Target::new("inventory").server(server));
    ///     client.prepare(CallOptions::new().timeout(Duration::from_secs(5))).ping().await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`] or [`Error::Undeliverable`] if no server replies within the client's timeout.
    /// [`Error::Remote`] with the class `UnsupportedVersion` or `NoSuchMethod` if the server does not support
    /// pings.
    pub async fn ping(&self) -> Result<()> {
        let mut settings = self.inner.settings.clone();
        settings.target.namespace = None;
        settings.target.version = None;
        settings.version = None;
        settings.version_cap = VersionCap::None;
        let hooks = Hooks {
            serializer: None,
            middleware: self.inner.hooks.middleware.clone(),
        };
        let client = Self::with_settings(self.inner.transport.clone(), hooks, settings);
        let pong = client.call(&(), "oslo_rpc_server_ping", |_: &mut Args<'_>| Ok(()));
        pong.await.map(|IgnoredAny| ())
    }

    /// Casts `method`: completes when the broker has accepted the message. The method runs at most once, unless
    /// [`CallOptions::resend`] is set.
    ///
    /// With fanout, the message goes to all servers of the topic. It is not an error if there are none.
    ///
    /// If the future is dropped, the message may or may not have been sent.
    ///
    /// # Errors
    ///
    /// - [`Error::Undeliverable`] if no queue exists for the message.
    /// - [`Error::Rejected`] or [`Error::Refused`] if a queue or the broker does not accept it.
    /// - [`Error::Delivery`] if all attempts to send it failed.
    /// - [`Error::Closed`] if the transport is closed.
    /// - [`Error::InvalidTarget`], [`Error::VersionCap`] or [`Error::Serialize`] if the message cannot be built.
    pub async fn cast(
        &self,
        ctxt: &(impl Serialize + ?Sized),
        method: &str,
        args: impl EncodeArgs,
    ) -> Result<()> {
        let settings = &self.inner.settings;
        let span = self.span(Operation::Cast, settings, method);
        let result = match self.encode(span.as_deref(), ctxt, method, args) {
            Ok(request) => {
                self.send_cast(settings, None, request, span.as_deref())
                    .await
            }
            Err(error) => Err(error),
        };
        let result = result.map_err(|error| error.of_method(method));
        span::sent(span.as_deref(), &result);
        result
    }

    /// The span of one call or cast, if a subscriber enables it.
    pub(crate) fn span(
        &self,
        operation: Operation,
        settings: &Settings,
        method: &str,
    ) -> Option<Box<Span>> {
        let system = self.inner.transport.driver().system();
        span::send(operation, system, &settings.target, method)
    }

    /// Forwards a received request unchanged: its method, arguments, context, namespace and version. Returns
    /// the raw result, or `null` for a cast. With the feature `otel`, the trace context becomes that of the forwarded
    /// message's own span.
    ///
    /// The exchange, topic, server and timeout are this client's. The monitor interval is that of
    /// [`prepare`](Self::prepare), or else the request's, or else that of the client's builder. The client's
    /// [`Serializer`] is not applied. A received request does not say whether it was a fanout: this client sends it to
    /// one server, unless it is prepared for [`fanout`](CallOptions::fanout).
    ///
    /// Dropping the future cancels a call on the client. A dropped cast may or may not have been sent.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call) and [`cast`](Self::cast).
    pub async fn forward(&self, request: &RawRequest) -> Result<Box<RawValue>> {
        let operation = if request.is_call {
            Operation::Call
        } else {
            Operation::Cast
        };
        let span = self.span(operation, self.settings(), &request.method);
        let result = self.forward_within(span.as_deref(), request).await;
        let result = result.map_err(|error| error.of_method(&request.method));
        span::sent(span.as_deref(), &result);
        result
    }

    async fn forward_within(
        &self,
        span: Option<&Span>,
        request: &RawRequest,
    ) -> Result<Box<RawValue>> {
        let settings = &self.inner.settings;
        let (method, version) = (&*request.method, request.version);
        within_cap(settings, method, version)?;
        // This client's span replaces the sender's trace context, if the program propagates traces.
        let sending = span.map(|span| Sending::new(span, method, true));
        let mut args = Args::new(method, None, request.namespace.as_deref(), version, sending);
        for (name, value) in &request.arguments {
            args.arg(name, value)?;
        }
        let body = args.finish(&request.context)?;
        if !request.is_call {
            self.send_cast(settings, None, body, span).await?;
            return Ok(RawValue::NULL.to_owned());
        }
        let times = MethodTimes {
            monitor: request.monitor,
            ..MethodTimes::default()
        };
        let mut call = self.plan(Cow::Borrowed(settings), &times)?;
        let reply = self.send_call(&mut call, body, span).await;
        self.accept(&call, reply)?.into_result()
    }

    fn encode(
        &self,
        span: Option<&Span>,
        ctxt: &(impl Serialize + ?Sized),
        method: &str,
        args: impl EncodeArgs,
    ) -> Result<RequestBody> {
        let settings = &self.inner.settings;
        let version = settings.version.or(settings.target.version);
        within_cap(settings, method, version)?;
        let sending = span.map(|span| Sending::new(span, method, true));
        let mut request = self.args(settings, method, version, sending);
        span::in_scope(span, || {
            args.encode(&mut request)?;
            request.finish(ctxt)
        })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Starts to encode a request. The caller must have checked `version` against the cap.
    pub(crate) fn args<'a>(
        &'a self,
        settings: &'a Settings,
        method: &str,
        version: Option<Version>,
        sending: Option<Sending<'a>>,
    ) -> Args<'a> {
        let namespace = settings.target.namespace.as_deref();
        let serializer = self.inner.hooks.serializer.as_deref();
        Args::new(method, serializer, namespace, version, sending)
    }

    pub(crate) fn decode<T: DeserializeOwned>(&self, reply: Reply) -> Result<T> {
        let Some(serializer) = &self.inner.hooks.serializer else {
            return reply.into_result();
        };
        let entity = serializer.deserialize_entity(reply.into_result()?)?;
        serde_json::from_value(entity).map_err(|error| Error::new_deserialize("the result", error))
    }
}

fn within_cap(settings: &Settings, method: &str, version: Option<Version>) -> Result<()> {
    match settings.cap() {
        Some(cap) if !Version::compatible(Some(cap), version) => Err(Error::VersionCap {
            method: method.to_owned(),
            argument: None,
            requested: version,
            cap,
        }),
        _ => Ok(()),
    }
}

impl fmt::Debug for RpcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            transport,
            hooks: Hooks {
                serializer,
                middleware,
            },
            settings,
        } = &*self.inner;
        let middlewares = middleware.as_ref().map_or(0, |chain| chain.len());
        f.debug_struct("RpcClient")
            .field("transport", transport)
            .field("serializer", serializer)
            .field("middlewares", &middlewares)
            .field("settings", settings)
            .finish()
    }
}
