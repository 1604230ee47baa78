//! Chooses a server's settings, and starts it: settings that cannot work are an error here.

use std::fmt;
use std::sync::Arc;

use super::dispatch::{Dispatcher, Ping, Shadowed};
use super::duplicates::Duplicates;
use super::middleware::Middleware;
use super::request::Service;
use super::{Endpoint, Server};
use crate::serializer::Serializer;
use crate::sync::Mutex;
use crate::transport::{
    DEFAULT_EXCHANGE, DEFAULT_MAX_MESSAGE_SIZE, ListenTerms, Optional, Transport,
};
use crate::{Error, Result, Target, runtime};

/// How many requests run at once by default: oslo.messaging's `executor_thread_pool_size`.
const DEFAULT_CONCURRENCY: usize = 64;

/// How many requests may wait here for a permit: enough for the broker to keep a busy server busy.
const MOST_WAITING: u16 = 64;

impl Server {
    /// A server called `name`, with its settings to be chosen. It listens at the topic and the exchange that the traits
    /// of its endpoints name.
    ///
    /// Clients direct messages to one server by its name. The servers of one topic need different names.
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

/// Chooses a server's settings.
#[must_use = "a builder does nothing until `start`"]
pub struct ServerBuilder {
    transport: Transport,
    name: String,
    topic: Option<Chosen>,
    exchange: Option<Chosen>,
    endpoints: Vec<Box<dyn Endpoint>>,
    middleware: Vec<Arc<dyn Middleware>>,
    serializer: Option<Box<dyn Serializer>>,
    concurrency: usize,
    max_request_size: usize,
    ping: bool,
}

impl ServerBuilder {
    /// Adds an endpoint. A request goes to the first whose namespace and version take it and that has
    /// the method.
    pub fn endpoint(mut self, endpoint: impl Endpoint) -> Self {
        self.endpoints.push(Box::new(endpoint));
        self
    }

    /// Puts a middleware around the handling of each request, within those that were added before: the first sees a
    /// request first, and its response last. Defaults to none.
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

    /// The topic to listen at. Defaults to the one that the traits of the endpoints name.
    ///
    /// Where a trait names another topic, [`start`](Self::start) fails: its callers would go there. Endpoints that name
    /// none, such as an [`UntypedEndpoint`](crate::server::UntypedEndpoint), need it.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(Chosen::Agreed(topic.into()));
        self
    }

    /// The topic to listen at, whatever the traits of the endpoints name: for clients that are built with that
    /// [`topic`](crate::client::ClientBuilder::topic), too.
    pub fn override_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(Chosen::Overridden(topic.into()));
        self
    }

    /// The exchange to listen at. Defaults to the one that the traits of the endpoints name, or else to what the
    /// transport's configuration says, or to [`DEFAULT_EXCHANGE`](crate::transport::DEFAULT_EXCHANGE); `None` is that
    /// default.
    ///
    /// Where a trait names another exchange, [`start`](Self::start) fails: its callers would go there.
    pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
        self.exchange = exchange.into().into_option().map(Chosen::Agreed);
        self
    }

    /// The exchange to listen at, whatever the traits of the endpoints name: for clients that are built with that
    /// [`exchange`](crate::client::ClientBuilder::exchange), too.
    pub fn override_exchange(mut self, exchange: impl Into<String>) -> Self {
        self.exchange = Some(Chosen::Overridden(exchange.into()));
        self
    }

    /// How many requests run at once. Of each of its queues as many more, 64 at most, may wait here,
    /// unacknowledged: they go to other servers when this one ends. All others stay with the broker. Defaults to 64, as in
    /// oslo.messaging.
    pub fn concurrency(mut self, limit: usize) -> Self {
        self.concurrency = limit;
        self
    }

    /// How large a request may be, in bytes on the wire. A larger request is not run, and takes no memory. Its
    /// caller, if there is one, gets a `ValueError`. Defaults to
    /// [`DEFAULT_MAX_MESSAGE_SIZE`](crate::transport::DEFAULT_MAX_MESSAGE_SIZE).
    pub fn max_request_size(mut self, bytes: usize) -> Self {
        self.max_request_size = bytes;
        self
    }

    /// Answers `oslo_rpc_server_ping`, as oslo.messaging does with `rpc_ping_enabled`. Defaults to
    /// no.
    pub fn ping(mut self, enabled: bool) -> Self {
        self.ping = enabled;
        self
    }

    /// A hook that rewrites entities and contexts. Defaults to none.
    pub fn serializer(mut self, serializer: impl Serializer) -> Self {
        self.serializer = Some(Box::new(serializer));
        self
    }

    /// Starts to listen; done when requests would arrive.
    ///
    /// It waits for the broker as long as it takes. A dropped future leaves nothing running.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for settings that cannot work, such as endpoints whose traits name different topics; what the
    /// broker refuses.
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
                "the server {target} would run no request: allow at least one at once"
            )));
        }
        if ping {
            endpoints.push(Box::new(Ping));
        }
        let prefetch =
            u16::try_from(concurrency).map_or(MOST_WAITING, |limit| limit.min(MOST_WAITING));
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
                "a method is never called: an earlier endpoint has it, in the same namespace and version; give each \
                 trait a namespace of its own"
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
    /// Where to listen: as it was chosen, or as the endpoints say, who must agree.
    fn target(&self) -> Result<Target> {
        let scopes = self.endpoints.iter().map(|endpoint| endpoint.scope());
        let interfaces: Vec<_> = scopes.filter_map(|scope| scope.interface()).collect();
        let topics = interfaces
            .iter()
            .filter_map(|interface| Some((interface.name(), interface.topic()?)));
        let topic = agreed("topic", self.topic.as_ref(), topics)?;
        let default = self.transport.defaults().exchange.as_deref();
        let default = default.unwrap_or(DEFAULT_EXCHANGE);
        // The callers of a trait with a topic and no exchange go to the default one; a trait without either goes anywhere.
        let is_chosen = self.exchange.is_some();
        let exchanges = interfaces.iter().filter_map(|interface| {
            let unnamed = interface.topic().filter(|_| !is_chosen).map(|_| default);
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

/// A topic or an exchange that was chosen by hand.
#[derive(Debug)]
enum Chosen {
    /// The traits must say the same, or nothing.
    Agreed(String),
    /// The traits do not count.
    Overridden(String),
}

/// What was chosen, or what the traits name, each with the trait's name. An error names what does not agree.
fn agreed<'i>(
    what: &str,
    chosen: Option<&Chosen>,
    mut named: impl Iterator<Item = (&'i str, &'i str)>,
) -> Result<Option<String>> {
    let own = match chosen {
        Some(Chosen::Overridden(own)) => return Ok(Some(own.clone())),
        Some(Chosen::Agreed(own)) => own,
        None => {
            let Some((first, place)) = named.next() else {
                return Ok(None);
            };
            return match named.find(|(_, other)| *other != place) {
                None => Ok(Some(place.to_owned())),
                Some((second, other)) => Err(Error::Config(format!(
                    "the endpoints of one server are at different {what}s: `{first}` at `{place}`, and `{second}` at \
                     `{other}`: give each a server of its own, or use `override_{what}` if their clients are built \
                     with one {what}, too"
                ))),
            };
        }
    };
    match named.find(|(_, place)| place != own) {
        None => Ok(Some(own.clone())),
        Some((name, place)) => Err(Error::Config(format!(
            "the server is at the {what} `{own}`, and the callers of its endpoint `{name}` go to the {what} `{place}`, \
             which the trait names: leave `{what}` out, or use `override_{what}` if its clients are built with `{own}`, \
             too"
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
