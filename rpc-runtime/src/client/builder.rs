//! Builds clients and validates their settings.
//!
//! Wrong settings are errors of [`ClientBuilder::build`], so that they are found at start-up and not at the
//! first call. Building a client does no I/O.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::middleware::Middleware;
use super::settings::{Settings, default_timeout};
use super::version_cap::{AutoCap, VersionCap};
use super::{Hooks, RpcClient};
use crate::interface::{Argument, Interface, Method, Role, Timing};
use crate::serializer::Serializer;
use crate::transport::{Optional, Retry, Transport};
use crate::{Error, Result, Target, Version};

impl RpcClient {
    /// A builder for a client for `target`.
    pub fn builder(transport: &Transport, target: Target) -> ClientBuilder<Self> {
        ClientBuilder::new(transport, target)
    }
}

/// A builder for an [`RpcClient`], or for a typed client `C`.
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder<C = RpcClient> {
    transport: Transport,
    serializer: Option<Arc<dyn Serializer>>,
    middleware: Vec<Arc<dyn Middleware>>,
    settings: Settings,
    interface: Option<Interface>,
    /// The cap given to `version_cap_named`. `build` resolves it.
    named_cap: Option<String>,
    auto_cap: Option<AutoCap>,
    client: PhantomData<fn() -> C>,
}

impl<C: From<RpcClient>> ClientBuilder<C> {
    pub(crate) fn new(transport: &Transport, target: Target) -> Self {
        Self {
            transport: transport.clone(),
            serializer: None,
            middleware: Vec::new(),
            settings: Settings::new(target, transport.defaults()),
            interface: None,
            named_cap: None,
            auto_cap: None,
            client: PhantomData,
        }
    }

    pub(crate) fn of(transport: &Transport, interface: &Interface) -> Self {
        Self {
            settings: Settings::of(interface, transport.defaults()),
            interface: Some(*interface),
            ..Self::new(transport, interface.target())
        }
    }

    /// The exchange to publish to, in place of the interface's. `None` means the transport's default.
    pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
        let exchange = exchange.into().into_option();
        self.settings.target.exchange =
            exchange.or_else(|| self.transport.defaults().exchange.clone());
        self
    }

    /// The topic, in place of the interface's.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.settings.target.topic = topic.into();
        self
    }

    /// The namespace, in place of the interface's. `None` addresses endpoints without a namespace.
    pub fn namespace(mut self, namespace: impl Into<Optional<String>>) -> Self {
        self.settings.target.namespace = namespace.into().into_option();
        self
    }

    /// The server that messages go to, or `None` for any server of the topic. Defaults to any server.
    pub fn server(mut self, server: impl Into<Optional<String>>) -> Self {
        self.settings.target.server = server.into().into_option();
        self
    }

    /// The highest version that all servers are known to accept. Defaults to no cap.
    pub fn version_cap(mut self, cap: impl Into<VersionCap>) -> Self {
        self.settings.version_cap = cap.into();
        self.named_cap = None;
        self
    }

    /// The version cap as an operator writes it: a version such as `2.3`, one of the trait's `aliases(…)`, or
    /// `auto`, which stands for the cap given to [`auto_cap`](Self::auto_cap).
    ///
    /// OpenStack's services read this text from their option group `upgrade_levels`.
    pub fn version_cap_named(mut self, cap: impl Into<String>) -> Self {
        self.named_cap = Some(cap.into());
        self
    }

    /// The cap that the name `auto` stands for. Without it, [`build`](Self::build) rejects `auto`.
    pub fn auto_cap(mut self, cap: AutoCap) -> Self {
        self.auto_cap = Some(cap);
        self
    }

    /// The duration that the trait declares as `name` in `times(…)`. It replaces the duration in the trait.
    pub fn time(mut self, name: impl Into<String>, time: Duration) -> Self {
        Arc::make_mut(&mut self.settings.times).push((name.into(), time));
        self
    }

    /// The timeout of calls whose method declares none. Defaults to the transport's configuration, or else to
    /// [`DEFAULT_TIMEOUT`](crate::client::DEFAULT_TIMEOUT). `None` restores the default.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.default_timeout = timeout
            .into()
            .unwrap_or_else(|| default_timeout(self.transport.defaults()));
        self
    }

    /// The monitor interval of calls whose method declares none; see
    /// [`CallOptions::monitor`](crate::CallOptions::monitor). Defaults to no monitoring.
    pub fn monitor(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.settings.default_monitor = silence.into();
        self
    }

    /// How often to retry when a message cannot be handed to the broker. Defaults to [`Retry::Forever`].
    pub fn retry(mut self, retry: impl Into<Retry>) -> Self {
        self.settings.retry = retry.into();
        self
    }

    /// Whether a message that reaches no queue is an error; see
    /// [`CallOptions::mandatory`](crate::CallOptions::mandatory). Defaults to true.
    pub fn mandatory(mut self, mandatory: bool) -> Self {
        self.settings.mandatory = mandatory;
        self
    }

    /// How long a message waits for a queue that does not exist yet; see
    /// [`CallOptions::queue_wait`](crate::CallOptions::queue_wait).
    pub fn queue_wait(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.settings.queue_wait = wait.into();
        self
    }

    /// Whether to publish a message again if the connection broke before the broker confirmed it; see
    /// [`CallOptions::resend`](crate::CallOptions::resend). Defaults to false.
    pub fn resend(mut self, resend: bool) -> Self {
        self.settings.resend = resend;
        self
    }

    /// The largest reply that the client accepts, in bytes on the wire. A larger reply is not decoded, and
    /// its call fails with [`Error::TooLarge`]. Defaults to
    /// [`DEFAULT_MAX_MESSAGE_SIZE`](crate::transport::DEFAULT_MAX_MESSAGE_SIZE).
    ///
    /// Over RabbitMQ, a reply that exceeds the largest limit of all calls of the transport so far is discarded
    /// while it arrives, except its last 64 KiB.
    pub fn max_reply_size(mut self, bytes: usize) -> Self {
        self.settings.max_reply_size = bytes;
        self
    }

    /// A hook that rewrites entities and contexts. Defaults to none.
    pub fn serializer(mut self, serializer: impl Serializer) -> Self {
        self.serializer = Some(Arc::new(serializer));
        self
    }

    /// Wraps each call and cast in a middleware. The first middleware that is added is the outermost: it sees
    /// a request first and its response last. [Prepared](crate::RpcClient::prepare) clients inherit the
    /// middlewares. Defaults to none.
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use rpc_runtime::client::{Next, OutgoingRequest, Response};
    /// use rpc_runtime::{Context, Result, Transport, rpc_client};
    ///
    /// #[rpc_client(topic = "inventory", version = "2.0")]
    /// trait Inventory {
    ///     async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
    /// }
    ///
    /// async fn timed(request: OutgoingRequest, next: Next) -> Result<Response> {
    ///     let (begun, method) = (Instant::now(), request.name().into_owned());
    ///     let result = next.run(request).await;
    ///     println!("{method} took {:?}", begun.elapsed());
    ///     result
    /// }
    ///
    /// # fn client(transport: &Transport) -> Result<InventoryClient> {
    /// InventoryClient::builder(transport).middleware(timed).build()
    /// # }
    /// ```
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.middleware.push(Arc::new(middleware));
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when a setting cannot work: the topic or the server's name is empty; the cap is
    /// neither a version nor an alias; the cap excludes the whole interface; [`time`](Self::time) was given a
    /// name that no method uses.
    pub fn build(mut self) -> Result<C> {
        if self.settings.target.topic.is_empty() && !self.is_routed() {
            return Err(Error::Config(
                "a client needs a topic: name one in `#[rpc_client]`, in the target, or with \
                 `topic` of the builder"
                    .into(),
            ));
        }
        if self.settings.target.server.as_deref() == Some("") {
            return Err(Error::Config(
                "a client's server needs a name: name one, or leave `server` out for any server"
                    .into(),
            ));
        }
        if let Some(name) = self.named_cap.take() {
            self.settings.version_cap = self.resolve(&name)?;
        }
        self.check_cap()?;
        self.check_times()?;
        let hooks = Hooks {
            serializer: self.serializer,
            middleware: (!self.middleware.is_empty()).then(|| self.middleware.into()),
        };
        Ok(RpcClient::with_settings(self.transport, hooks, self.settings).into())
    }

    fn methods(&self) -> &'static [Method] {
        self.interface.map_or(&[], |interface| interface.methods())
    }

    /// Whether every method gets its topic from its arguments or its route.
    fn is_routed(&self) -> bool {
        let names_topic = |method: &Method| {
            let roles = method.arguments().iter().map(Argument::role);
            method.route().is_some() || roles.into_iter().any(|role| role == Role::Topic)
        };
        !self.methods().is_empty() && self.methods().iter().all(names_topic)
    }

    fn resolve(&self, cap: &str) -> Result<VersionCap> {
        let aliases = self
            .interface
            .map_or(&[][..], |interface| interface.aliases());
        if let Some((_, version)) = aliases.iter().find(|(alias, _)| *alias == cap) {
            return Ok(VersionCap::At(*version));
        }
        if cap == "auto" {
            return self.auto_cap.clone().map(VersionCap::Auto).ok_or_else(|| {
                Error::Config(
                    "the version cap `auto` needs a source: give one with `auto_cap`".into(),
                )
            });
        }
        cap.parse()
            .map(VersionCap::At)
            .map_err(|_| Error::Config(unknown_cap(cap, aliases)))
    }

    fn check_cap(&self) -> Result<()> {
        let Some(cap) = self.settings.cap() else {
            return Ok(());
        };
        if let Some(interface) = &self.interface {
            if interface.is_reachable_under(cap) {
                return Ok(());
            }
            let lowest = interface.methods().iter().map(Method::version).min();
            return Err(excluding(cap, interface.name(), lowest));
        }
        match self.settings.target.version {
            Some(version) if version.major() != cap.major() => {
                Err(excluding(cap, "the interface", Some(version)))
            }
            _ => Ok(()),
        }
    }

    fn check_times(&self) -> Result<()> {
        let named = |timing| match timing {
            Some(Timing::Named { name, .. }) => Some(name),
            _ => None,
        };
        let known: Vec<_> = self
            .methods()
            .iter()
            .flat_map(|method| [named(method.timeout()), named(method.monitor())])
            .flatten()
            .collect();
        match self
            .settings
            .times
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            None => Ok(()),
            Some((name, _)) => Err(Error::Config(format!(
                "no method has a time called `{name}`: name it in the trait's `times(…)` and use it, or \
                 leave it out"
            ))),
        }
    }
}

/// The error text for an unknown cap. It suggests a similar name.
fn unknown_cap(cap: &str, aliases: &[(&str, Version)]) -> String {
    let words: Vec<_> = (aliases.iter().map(|(alias, _)| *alias))
        .chain(["auto"])
        .collect();
    let near = words
        .iter()
        .map(|word| {
            let (asked, word) = (cap.to_lowercase(), word.to_lowercase());
            strsim::osa_distance(&asked, &word)
        })
        .zip(&words)
        .filter(|(distance, word)| *distance <= 2 && *distance < word.chars().count())
        .min();
    let meant = near.map_or_else(String::new, |(_, word)| format!("; did you mean `{word}`?"));
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    format!(
        "the version cap `{cap}` is neither a version nor a known name: write a version such as 2.3, or one of \
         {}{meant}",
        words.join(", ")
    )
}

fn excluding(cap: Version, interface: &str, lowest: Option<Version>) -> Error {
    let lowest = lowest.map_or_else(String::new, |lowest| {
        format!(", which begins with {lowest}")
    });
    Error::Config(format!(
        "the version cap {cap} excludes all of {interface}{lowest}: set the cap to a version of the interface"
    ))
}

impl<C> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            transport,
            serializer,
            middleware,
            settings,
            interface: _,
            named_cap,
            auto_cap,
            client: _,
        } = self;
        f.debug_struct("ClientBuilder")
            .field("transport", transport)
            .field("serializer", serializer)
            .field("middlewares", &middleware.len())
            .field("settings", settings)
            .field("named_cap", named_cap)
            .field("auto_cap", auto_cap)
            .finish()
    }
}
