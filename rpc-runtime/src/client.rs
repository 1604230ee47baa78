//! The untyped client: method names and arguments at run time, version caps, `prepare`.
//!
//! Typed clients are a thin layer over it ([`Call`](crate::Call), [`Cast`](crate::Cast)); what a macro
//! cannot say is written by hand over it. It knows nothing of connections or queues.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::args::{Args, EncodeArgs};
use crate::options::{CallOptions, Retry, Settings, VersionCap};
use crate::serializer::Serializer;
use crate::transport::{CallTerms, SendTerms, Transport};
use crate::wire::{Reply, RequestBody};
use crate::{Error, Interface, Result, Target, Version};

/// A client that names methods at run time: oslo.messaging's `RPCClient`.
///
/// Cheap to clone, and to be shared.
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
    serializer: Option<Arc<dyn Serializer>>,
    settings: Settings,
}

impl RpcClient {
    /// A client for `target`, with the default settings.
    #[must_use]
    pub fn new(transport: &Transport, target: Target) -> Self {
        Self::with_settings(transport.clone(), None, Settings::new(target))
    }

    /// A client for `target`, with settings to be chosen.
    pub fn builder(transport: &Transport, target: Target) -> ClientBuilder<Self> {
        ClientBuilder::new(transport, target)
    }

    fn with_settings(
        transport: Transport,
        serializer: Option<Arc<dyn Serializer>>,
        settings: Settings,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                transport,
                serializer,
                settings,
            }),
        }
    }

    /// This client with some of its settings overridden; to be kept, or passed on.
    #[must_use]
    pub fn prepare(&self, options: CallOptions) -> Self {
        let mut settings = self.inner.settings.clone();
        settings.apply(options);
        Self::with_settings(
            self.inner.transport.clone(),
            self.inner.serializer.clone(),
            settings,
        )
    }

    /// Whether the version cap lets a message of this version out.
    #[must_use]
    pub fn can_send_version(&self, version: impl Into<Version>) -> bool {
        Version::compatible(self.inner.settings.version_cap, Some(version.into()))
    }

    /// The highest version that may be sent.
    #[must_use]
    pub fn version_cap(&self) -> Option<Version> {
        self.inner.settings.version_cap
    }

    /// Where messages go that override nothing.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.inner.settings.target
    }

    /// The transport underneath.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    /// Calls `method`, and waits for what it returns.
    ///
    /// A dropped future gives the call up; the server may run it all the same.
    ///
    /// # Errors
    ///
    /// What the method raised ([`Error::Remote`]), or why it could not be called; see [`Error`]. A
    /// client that was prepared for fanout refuses.
    pub async fn call<T: DeserializeOwned>(
        &self,
        ctxt: &(impl Serialize + ?Sized),
        method: &str,
        args: impl EncodeArgs,
    ) -> Result<T> {
        let settings = &self.inner.settings;
        let request = self.encode(settings, ctxt, method, args)?;
        let reply = self.send_call(settings, None, request).await?;
        self.decode(reply)
    }

    /// Casts `method`: done when the broker has accepted the message. It runs at most once.
    ///
    /// With fanout it goes to all servers of the topic; there need be none.
    ///
    /// A dropped future may or may not have sent it.
    ///
    /// # Errors
    ///
    /// Why it could not be sent; see [`Error`].
    pub async fn cast(
        &self,
        ctxt: &(impl Serialize + ?Sized),
        method: &str,
        args: impl EncodeArgs,
    ) -> Result<()> {
        let settings = &self.inner.settings;
        let request = self.encode(settings, ctxt, method, args)?;
        self.send_cast(settings, false, request).await
    }

    fn encode(
        &self,
        settings: &Settings,
        ctxt: &(impl Serialize + ?Sized),
        method: &str,
        args: impl EncodeArgs,
    ) -> Result<RequestBody> {
        let version = settings.version.or(settings.target.version);
        let mut request = self.request(settings, method, version)?;
        args.encode(&mut request)?;
        request.finish(ctxt)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Begins a request, once the cap allows its version.
    pub(crate) fn request<'a>(
        &'a self,
        settings: &'a Settings,
        method: &str,
        version: Option<Version>,
    ) -> Result<Args<'a>> {
        if let Some(cap) = settings.version_cap
            && !Version::compatible(Some(cap), version)
        {
            return Err(Error::VersionCap {
                method: method.to_owned(),
                requested: version,
                cap,
            });
        }
        if settings.target.topic.is_empty() {
            let reason = "it has no topic: give the client one";
            return Err(Error::invalid_target(&settings.target, reason));
        }
        let namespace = settings.target.namespace.as_deref();
        let serializer = self.inner.serializer.as_deref();
        Ok(Args::new(method, serializer, namespace, version))
    }

    pub(crate) async fn send_call(
        &self,
        settings: &Settings,
        method: Option<&crate::Method>,
        request: RequestBody,
    ) -> Result<Reply> {
        if settings.target.fanout {
            let reason = "a call cannot go to all servers: use a cast, or `fanout(false)`";
            return Err(Error::invalid_target(&settings.target, reason));
        }
        let timeout = settings
            .timeout
            .or_else(|| method.and_then(crate::Method::timeout))
            .unwrap_or(settings.default_timeout);
        let monitor = settings.monitor.unwrap_or_else(|| {
            method
                .and_then(crate::Method::monitor)
                .or(settings.default_monitor)
        });
        // As in oslo.messaging, none is what zero asks for.
        let monitor = monitor.filter(|silence| !silence.is_zero());
        let send = SendTerms::new(settings.retry, settings.mandatory);
        let terms = CallTerms::new(send, timeout, monitor);
        let driver = self.inner.transport.driver();
        driver.call(&settings.target, request, &terms).await
    }

    pub(crate) async fn send_cast(
        &self,
        settings: &Settings,
        fanout: bool,
        request: RequestBody,
    ) -> Result<()> {
        let mut target = Cow::Borrowed(&settings.target);
        // A method of the kind goes to all servers, unless something else was asked for.
        let fanout = settings.fanout.unwrap_or(fanout || target.fanout);
        if fanout && target.server.is_some() {
            let reason =
                "a fanout goes to all servers: take the server away, or add `fanout(false)`";
            return Err(Error::invalid_target(&target, reason));
        }
        if fanout != target.fanout {
            target.to_mut().fanout = fanout;
        }
        // There need be no server to hear it.
        let mandatory = settings.mandatory && !fanout;
        let terms = SendTerms::new(settings.retry, mandatory);
        let driver = self.inner.transport.driver();
        driver.send(&target, request, &terms).await
    }

    pub(crate) fn decode<T: DeserializeOwned>(&self, reply: Reply) -> Result<T> {
        let Some(serializer) = &self.inner.serializer else {
            return reply.into_result();
        };
        let entity = serializer.deserialize_entity(reply.into_result()?)?;
        serde_json::from_value(entity).map_err(|error| Error::deserialize("the result", error))
    }
}

impl fmt::Debug for RpcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            transport,
            serializer,
            settings,
        } = &*self.inner;
        f.debug_struct("RpcClient")
            .field("transport", transport)
            .field("serializer", serializer)
            .field("settings", settings)
            .finish()
    }
}

/// Chooses a client's settings: for [`RpcClient`], or for a typed client, `C`.
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder<C = RpcClient> {
    transport: Transport,
    serializer: Option<Arc<dyn Serializer>>,
    settings: Settings,
    client: PhantomData<fn() -> C>,
}

impl<C: From<RpcClient>> ClientBuilder<C> {
    pub(crate) fn new(transport: &Transport, target: Target) -> Self {
        Self {
            transport: transport.clone(),
            serializer: None,
            settings: Settings::new(target),
            client: PhantomData,
        }
    }

    pub(crate) fn of(transport: &Transport, interface: &Interface) -> Self {
        Self::new(transport, interface.target())
    }

    /// The exchange to publish to, in place of the interface's.
    pub fn exchange(mut self, exchange: impl Into<String>) -> Self {
        self.settings.target.exchange = Some(exchange.into());
        self
    }

    /// The topic whose servers are meant, in place of the interface's.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.settings.target.topic = topic.into();
        self
    }

    /// The namespace, in place of the interface's.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.settings.target.namespace = Some(namespace.into());
        self
    }

    /// One server of the topic.
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.settings.target.server = Some(server.into());
        self
    }

    /// The highest version that the servers are known to take. Defaults to no cap.
    pub fn version_cap(mut self, cap: impl Into<VersionCap>) -> Self {
        self.settings.version_cap = cap.into().version();
        self
    }

    /// How long calls may take whose method declares no timeout. Defaults to
    /// [`DEFAULT_TIMEOUT`](crate::DEFAULT_TIMEOUT).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.default_timeout = timeout;
        self
    }

    /// The longest silence of running calls whose method declares none; see [`CallOptions::monitor`].
    /// Defaults to no monitoring.
    pub fn monitor(mut self, silence: Duration) -> Self {
        self.settings.default_monitor = Some(silence);
        self
    }

    /// How often to try again to reach the broker. Defaults to [`Retry::Forever`].
    pub fn retry(mut self, retry: impl Into<Retry>) -> Self {
        self.settings.retry = retry.into();
        self
    }

    /// Whether messages that reach no queue are errors; see [`CallOptions::mandatory`]. Defaults to
    /// true.
    pub fn mandatory(mut self, mandatory: bool) -> Self {
        self.settings.mandatory = mandatory;
        self
    }

    /// A hook that rewrites entities and contexts. Defaults to none.
    pub fn serializer(mut self, serializer: impl Serializer) -> Self {
        self.serializer = Some(Arc::new(serializer));
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when a setting cannot work.
    pub fn build(self) -> Result<C> {
        if self.settings.target.topic.is_empty() {
            return Err(Error::Config(
                "a client needs a topic: name one in `#[rpc_client]`, in the target, or with \
                 `topic` of the builder"
                    .into(),
            ));
        }
        if let Some((cap, version)) = self.settings.version_cap.zip(self.settings.target.version)
            && cap.major() != version.major()
        {
            return Err(Error::Config(format!(
                "the version cap {cap} excludes all of the interface, which is of major {}: cap it \
                 within its major",
                version.major()
            )));
        }
        Ok(RpcClient::with_settings(self.transport, self.serializer, self.settings).into())
    }
}

impl<C> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            transport,
            serializer,
            settings,
            client: _,
        } = self;
        f.debug_struct("ClientBuilder")
            .field("transport", transport)
            .field("serializer", serializer)
            .field("settings", settings)
            .finish()
    }
}
