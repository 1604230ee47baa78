//! Builds clients: what can be wrong with their settings is found out here, and not at the first call.

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
    /// A client for `target`, with settings to be chosen.
    pub fn builder(transport: &Transport, target: Target) -> ClientBuilder<Self> {
        ClientBuilder::new(transport, target)
    }
}

/// Chooses a client's settings: for [`RpcClient`], or for a typed client, `C`.
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder<C = RpcClient> {
    transport: Transport,
    serializer: Option<Arc<dyn Serializer>>,
    middleware: Vec<Arc<dyn Middleware>>,
    settings: Settings,
    interface: Option<Interface>,
    /// A cap that is yet to be resolved.
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

    /// The exchange to publish to, in place of the interface's; `None` for the transport's default.
    pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
        let exchange = exchange.into().into_option();
        self.settings.target.exchange =
            exchange.or_else(|| self.transport.defaults().exchange.clone());
        self
    }

    /// The topic whose servers are meant, in place of the interface's.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.settings.target.topic = topic.into();
        self
    }

    /// The namespace, in place of the interface's; `None` for that of endpoints that name none.
    pub fn namespace(mut self, namespace: impl Into<Optional<String>>) -> Self {
        self.settings.target.namespace = namespace.into().into_option();
        self
    }

    /// One server of the topic, or `None` for any of them. Defaults to any.
    pub fn server(mut self, server: impl Into<Optional<String>>) -> Self {
        self.settings.target.server = server.into().into_option();
        self
    }

    /// The highest version that the servers are known to take. Defaults to no cap.
    pub fn version_cap(mut self, cap: impl Into<VersionCap>) -> Self {
        self.settings.version_cap = cap.into();
        self.named_cap = None;
        self
    }

    /// The same, as an operator writes it: a version such as `2.3`, one of the trait's `aliases(…)`, or
    /// `auto` for what was given to [`auto_cap`](Self::auto_cap).
    ///
    /// oslo.messaging's services read it from `upgrade_levels`.
    pub fn version_cap_named(mut self, cap: impl Into<String>) -> Self {
        self.named_cap = Some(cap.into());
        self
    }

    /// What the version cap `auto` means. Without it `auto` is refused.
    pub fn auto_cap(mut self, cap: AutoCap) -> Self {
        self.auto_cap = Some(cap);
        self
    }

    /// How long the time is that the trait calls `name` in its `times(…)`, in place of what is written
    /// there.
    pub fn time(mut self, name: impl Into<String>, time: Duration) -> Self {
        Arc::make_mut(&mut self.settings.times).push((name.into(), time));
        self
    }

    /// How long calls may take whose method declares no timeout. Defaults to
    /// [`DEFAULT_TIMEOUT`](crate::client::DEFAULT_TIMEOUT), or to what the transport's configuration says; `None` is that
    /// default.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.default_timeout = timeout
            .into()
            .unwrap_or_else(|| default_timeout(self.transport.defaults()));
        self
    }

    /// The longest silence of running calls whose method declares none; see [`CallOptions::monitor`](crate::CallOptions::monitor).
    /// Defaults to no monitoring.
    pub fn monitor(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.settings.default_monitor = silence.into();
        self
    }

    /// How often to try again to reach the broker. Defaults to [`Retry::Forever`].
    pub fn retry(mut self, retry: impl Into<Retry>) -> Self {
        self.settings.retry = retry.into();
        self
    }

    /// Whether messages must reach a queue; see [`CallOptions::mandatory`](crate::CallOptions::mandatory). Defaults to true.
    pub fn mandatory(mut self, mandatory: bool) -> Self {
        self.settings.mandatory = mandatory;
        self
    }

    /// How long a message waits for a queue where there is none; see
    /// [`CallOptions::queue_wait`](crate::CallOptions::queue_wait).
    pub fn queue_wait(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.settings.queue_wait = wait.into();
        self
    }

    /// Whether to send messages again that may have come through; see
    /// [`CallOptions::resend`](crate::CallOptions::resend). Defaults to no.
    pub fn resend(mut self, resend: bool) -> Self {
        self.settings.resend = resend;
        self
    }

    /// How large a reply may be, in bytes on the wire. A larger reply is not read, and its call ends with
    /// [`Error::TooLarge`]. Over RabbitMQ, a reply that is larger than all clients of the transport accept is skipped
    /// as it arrives, and takes no memory. Defaults to
    /// [`DEFAULT_MAX_MESSAGE_SIZE`](crate::transport::DEFAULT_MAX_MESSAGE_SIZE).
    pub fn max_reply_size(mut self, bytes: usize) -> Self {
        self.settings.max_reply_size = bytes;
        self
    }

    /// A hook that rewrites entities and contexts. Defaults to none.
    pub fn serializer(mut self, serializer: impl Serializer) -> Self {
        self.serializer = Some(Arc::new(serializer));
        self
    }

    /// Puts a middleware around each call and cast, within those that were added before: the first sees a call first,
    /// and its response last. Clients that are [prepared](crate::RpcClient::prepare) have the same. Defaults to none.
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
    /// [`Error::Config`] when a setting cannot work: no topic; a server without a name; a cap that is neither a version nor an
    /// alias, or under which nothing of the interface can be sent; a time that the trait does not name.
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

    /// Whether methods find their topic themselves.
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

/// What to write in place of a cap that there is not.
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
        "the version cap `{cap}` is neither a version nor a name of one: write two or three numbers, such as \
         2.3, or a name, of which there are {}{meant}",
        words.join(", ")
    )
}

fn excluding(cap: Version, interface: &str, lowest: Option<Version>) -> Error {
    let lowest = lowest.map_or_else(String::new, |lowest| {
        format!(", which begins with {lowest}")
    });
    Error::Config(format!(
        "the version cap {cap} excludes all of {interface}{lowest}: cap it at a version that it has"
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
