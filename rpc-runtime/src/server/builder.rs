//! The builder of servers. It validates the settings and starts the server.
//!
//! A builder must not connect or spawn before `start`. It owns its settings until then.

use std::fmt;
use std::sync::Arc;

use super::dispatch::{Dispatcher, Shadowed};
use super::duplicates::Duplicates;
use super::middleware::Middleware;
use super::ping::Ping;
use super::request::Service;
use super::{Endpoint, Server};
use crate::serializer::Serializer;
use crate::sync::Mutex;
use crate::transport::{
    DEFAULT_EXCHANGE, DEFAULT_MAX_MESSAGE_SIZE, ListenTerms, Optional, Transport,
};
use crate::{Error, Result, Target, runtime};

/// The default of [`ServerBuilder::concurrency`]: that of oslo.messaging's `executor_thread_pool_size`.
const DEFAULT_CONCURRENCY: usize = 64;

/// The largest prefetch of one queue by default. A larger one would not keep the server busier.
const MAX_PREFETCH: u16 = 64;

impl Server {
    /// A builder for a server with the name `name`. The server listens on the topic and the exchange that the traits of
    /// its endpoints name.
    ///
    /// A client can address one server of a topic by its name. Each server of a topic needs a name of its own.
    ///
    /// ```
    /// use rpc_runtime::{Endpoint, Result, Server, Transport};
    ///
    /// async fn serve(transport: &Transport, inventory: impl Endpoint) -> Result<Server> {
    ///     Server::builder(transport, "rack-7").endpoint(inventory).start().await
    /// }
    /// ```
    pub fn builder(transport: &Transport, name: impl Into<String>) -> ServerBuilder {
        let defaults = transport.defaults();
        ServerBuilder {
            transport: transport.clone(),
            name: name.into(),
            topic: None,
            exchange: None,
            endpoints: Vec::new(),
            middleware: Vec::new(),
            serializer: None,
            concurrency: defaults.concurrency.unwrap_or(DEFAULT_CONCURRENCY),
            max_request_size: DEFAULT_MAX_MESSAGE_SIZE,
            ping: defaults.ping,
        }
    }
}

/// A builder for a [`Server`]; see [`Server::builder`].
#[must_use = "a builder does nothing until `start`"]
pub struct ServerBuilder {
    transport: Transport,
    name: String,
    topic: Option<Setting>,
    exchange: Option<Setting>,
    endpoints: Vec<Box<dyn Endpoint>>,
    middleware: Vec<Arc<dyn Middleware>>,
    serializer: Option<Box<dyn Serializer>>,
    concurrency: usize,
    max_request_size: usize,
    ping: bool,
}

impl ServerBuilder {
    /// Adds an endpoint.
    ///
    /// A request goes to the first endpoint that accepts its namespace and version and has its method. An endpoint
    /// whose method has that name in the request's version takes precedence over one whose method has it in another
    /// version.
    pub fn endpoint(mut self, endpoint: impl Endpoint) -> Self {
        self.endpoints.push(Box::new(endpoint));
        self
    }

    /// Wraps the handling of each request in a middleware. The first middleware that is added is the outermost: it sees
    /// a request first and its response last. Defaults to none.
    ///
    /// ```
    /// use rpc_runtime::server::{IncomingRequest, Next, Response};
    /// use rpc_runtime::{RemoteError, Result, Server, Transport};
    ///
    /// async fn tell(request: IncomingRequest, next: Next) -> Result<Response, RemoteError> {
    ///     println!("{} begins", request.name());
    ///     next.run(request).await
    /// }
    ///
    /// # fn server(transport: &Transport) {
    /// let builder = Server::builder(transport, "rack-7").middleware(tell);
    /// # let _ = builder;
    /// # }
    /// ```
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.middleware.push(Arc::new(middleware));
        self
    }

    /// The topic to listen on. Defaults to the topic that the traits of the endpoints name.
    ///
    /// If a trait names another topic, [`start`](Self::start) fails, because that trait's callers send there. A server
    /// needs this setting if no trait names a topic. An example is a server with only an
    /// [`UntypedEndpoint`](crate::server::UntypedEndpoint).
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(Setting::Checked(topic.into()));
        self
    }

    /// The topic to listen on, even if the traits of the endpoints name another one. Build the clients with the same
    /// [`topic`](crate::client::ClientBuilder::topic).
    pub fn override_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(Setting::Overriding(topic.into()));
        self
    }

    /// The exchange to listen on. Defaults to the exchange that the traits of the endpoints name; or else to
    /// `control_exchange` of the transport's configuration; or else to
    /// [`DEFAULT_EXCHANGE`](crate::transport::DEFAULT_EXCHANGE). `None` restores the default.
    ///
    /// If a trait names another exchange, [`start`](Self::start) fails, because that trait's callers publish there.
    pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
        self.exchange = exchange.into().into_option().map(Setting::Checked);
        self
    }

    /// The exchange to listen on, even if the traits of the endpoints name another one. Build the clients with the same
    /// [`exchange`](crate::client::ClientBuilder::exchange).
    pub fn override_exchange(mut self, exchange: impl Into<String>) -> Self {
        self.exchange = Some(Setting::Overriding(exchange.into()));
        self
    }

    /// The maximum number of requests that run at once. Defaults to `executor_thread_pool_size` of the transport's
    /// configuration, or else to 64, as in oslo.messaging. Zero is an error of [`start`](Self::start).
    ///
    /// Over RabbitMQ with classic queues, the server also prefetches up to `rabbit_qos_prefetch_count` requests of each
    /// of its queues. If that option is not set, or is 0, it prefetches up to `limit` requests of each queue, but at
    /// most 64. From quorum queues, it prefetches about as many requests as may start. A prefetched request is
    /// acknowledged when it can run. If the server stops before that, the broker requeues the request for other
    /// servers.
    pub fn concurrency(mut self, limit: usize) -> Self {
        self.concurrency = limit;
        self
    }

    /// The largest request that the server runs, in bytes on the wire. The caller of a larger request gets a
    /// `ValueError`. Defaults to [`DEFAULT_MAX_MESSAGE_SIZE`](crate::transport::DEFAULT_MAX_MESSAGE_SIZE).
    ///
    /// Over RabbitMQ, a larger request is discarded while it arrives, except its last 64 KiB.
    pub fn max_request_size(mut self, bytes: usize) -> Self {
        self.max_request_size = bytes;
        self
    }

    /// Whether the server answers the method `oslo_rpc_server_ping`. Defaults to `rpc_ping_enabled` of the transport's
    /// configuration, or else to false.
    ///
    /// An endpoint of the server that accepts the method takes precedence: an
    /// [`UntypedEndpoint`](crate::server::UntypedEndpoint) without a namespace and a version receives the pings.
    pub fn ping(mut self, enabled: bool) -> Self {
        self.ping = enabled;
        self
    }

    /// A hook that rewrites entities and contexts. Defaults to none.
    pub fn serializer(mut self, serializer: impl Serializer) -> Self {
        self.serializer = Some(Box::new(serializer));
        self
    }

    /// Starts the server. Completes when the server's queues are consumed. From then on, it receives requests.
    ///
    /// It waits for a connection without a time limit. Dropping the future cancels the start.
    ///
    /// # Errors
    ///
    /// - [`Error::Config`] if the settings cannot work, such as endpoints whose traits name different topics. Also if
    ///   there is no tokio runtime.
    /// - [`Error::Refused`] if the broker refuses to declare the server's queues.
    /// - [`Error::Closed`] if the transport is closed.
    pub async fn start(self) -> Result<Server> {
        let target = self.target()?;
        let Self {
            transport,
            name: _,
            topic: _,
            exchange: _,
            mut endpoints,
            middleware,
            serializer,
            concurrency,
            max_request_size,
            ping,
        } = self;
        runtime::check()?;
        if endpoints.is_empty() && !ping {
            return Err(Error::Config(format!(
                "the server {target} has no endpoint: add one with `endpoint`"
            )));
        }
        if concurrency == 0 {
            return Err(Error::Config(format!(
                "the server {target} has a concurrency of 0: set at least 1"
            )));
        }
        if ping {
            endpoints.push(Box::new(Ping));
        }
        let prefetch =
            u16::try_from(concurrency).map_or(MAX_PREFETCH, |limit| limit.min(MAX_PREFETCH));
        let driver = transport.driver();
        let mut terms = ListenTerms::new(concurrency, prefetch);
        terms.max_request_size = max_request_size;
        let dispatcher = Dispatcher::new(endpoints);
        for Shadowed {
            method,
            interface,
            earlier,
        } in dispatcher.shadowed()
        {
            tracing::warn!(
                %target, method, interface, earlier,
                "a method is never called: an earlier endpoint in the same namespace has it, and accepts the same \
                 versions; give each trait a namespace of its own"
            );
        }
        let listener = driver.listen(&target, &terms).await?;
        let service = Service {
            system: driver.system(),
            target: target.clone(),
            dispatcher,
            middleware: (!middleware.is_empty()).then(|| middleware.into()),
            serializer,
            max_request_size,
            duplicates: Mutex::new(Duplicates::new()),
        };
        Ok(super::spawn(target, listener, service))
    }
}

impl ServerBuilder {
    /// The target to listen on: the builder's settings, or else what the endpoints' traits name. The traits must agree.
    fn target(&self) -> Result<Target> {
        let scopes = self.endpoints.iter().map(|endpoint| endpoint.scope());
        let interfaces: Vec<_> = scopes.filter_map(|scope| scope.interface()).collect();
        let topics = interfaces
            .iter()
            .filter_map(|interface| Some((interface.name(), interface.topic()?)));
        let topic = agreed("topic", self.topic.as_ref(), topics)?;
        let default = self.transport.defaults().exchange.as_deref();
        let default = default.unwrap_or(DEFAULT_EXCHANGE);
        // Callers of a trait that names a topic and no exchange use the default exchange. A trait that names neither
        // fits every exchange.
        let is_set = self.exchange.is_some();
        let exchanges = interfaces.iter().filter_map(|interface| {
            let unnamed = interface.topic().filter(|_| !is_set).map(|_| default);
            Some((interface.name(), interface.exchange().or(unnamed)?))
        });
        let exchange = agreed("exchange", self.exchange.as_ref(), exchanges)?;
        let topic = topic.filter(|topic| !topic.is_empty());
        match topic {
            Some(topic) if !self.name.is_empty() => Ok(Target::new(topic)
                .server(&self.name)
                .exchange(exchange.as_deref().unwrap_or(default))),
            _ => Err(Error::Config(
                "a server needs a topic and a name: name the topic in `#[rpc_client]`, or with `topic` of the builder"
                    .into(),
            )),
        }
    }
}

/// A topic or an exchange that the builder sets.
#[derive(Debug)]
enum Setting {
    /// A trait that names another one is an error.
    Checked(String),
    /// What the traits name is ignored.
    Overriding(String),
}

/// The builder's setting, or else the name that all traits agree on. `named` has each trait's name and what it names.
fn agreed<'i>(
    what: &str,
    setting: Option<&Setting>,
    mut named: impl Iterator<Item = (&'i str, &'i str)>,
) -> Result<Option<String>> {
    let own = match setting {
        Some(Setting::Overriding(own)) => return Ok(Some(own.clone())),
        Some(Setting::Checked(own)) => own,
        None => {
            let Some((first, name)) = named.next() else {
                return Ok(None);
            };
            return match named.find(|(_, other)| *other != name) {
                None => Ok(Some(name.to_owned())),
                Some((second, other)) => Err(Error::Config(format!(
                    "the endpoints of one server have different {what}s: `{first}` has `{name}`, and `{second}` has \
                     `{other}`: give each a server of its own, or use `override_{what}` and build their clients with \
                     the same {what}"
                ))),
            };
        }
    };
    match named.find(|(_, name)| name != own) {
        None => Ok(Some(own.clone())),
        Some((interface, name)) => Err(Error::Config(format!(
            "the server listens on the {what} `{own}`, but the trait `{interface}` names the {what} `{name}`: remove \
             `{what}`, or use `override_{what}` and build the clients of `{interface}` with `{own}`"
        ))),
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            transport,
            name,
            topic,
            exchange,
            endpoints,
            middleware,
            serializer,
            concurrency,
            max_request_size,
            ping,
        } = self;
        f.debug_struct("ServerBuilder")
            .field("transport", transport)
            .field("name", name)
            .field("topic", topic)
            .field("exchange", exchange)
            .field("endpoints", endpoints)
            .field("middlewares", &middleware.len())
            .field("serializer", serializer)
            .field("concurrency", concurrency)
            .field("max_request_size", max_request_size)
            .field("ping", ping)
            .finish()
    }
}
