//! Chooses a server's settings, and starts it: settings that cannot work are an error here.

use std::fmt;
use std::sync::Arc;

use super::dispatch::{Dispatcher, Ping};
use super::duplicates::Duplicates;
use super::middleware::Middleware;
use super::request::Service;
use super::{Endpoint, Server};
use crate::serializer::Serializer;
use crate::sync::Mutex;
use crate::transport::{DEFAULT_MAX_MESSAGE_SIZE, ListenTerms, Optional, Transport};
use crate::{Error, Result, Target, runtime};

/// How many requests run at once by default: oslo.messaging's `executor_thread_pool_size`.
const DEFAULT_CONCURRENCY: usize = 64;

/// How many requests may wait here for a permit: enough for the broker to keep a busy server busy.
const MOST_WAITING: u16 = 64;

impl Server {
    /// A server called `name` on `topic`, with its settings to be chosen.
    ///
    /// The name is what clients direct messages to; servers of one topic need different ones.
    pub fn builder(
        transport: &Transport,
        topic: impl Into<String>,
        name: impl Into<String>,
    ) -> ServerBuilder {
        let defaults = transport.defaults();
        ServerBuilder {
            transport: transport.clone(),
            target: defaults.target(Target::new(topic).server(name.into())),
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
    target: Target,
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
    /// let builder = Server::builder(transport, "inventory", "rack-7").middleware(tell);
    /// # let _ = builder;
    /// # }
    /// ```
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.middleware.push(Arc::new(middleware));
        self
    }

    /// The exchange to listen at. Defaults to what the transport's configuration says, or to
    /// [`DEFAULT_EXCHANGE`](crate::transport::DEFAULT_EXCHANGE); `None` is that default.
    pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
        let exchange = exchange.into().into_option();
        self.target.exchange = exchange.or_else(|| self.transport.defaults().exchange.clone());
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
    /// [`Error::Config`] for settings that cannot work; what the broker refuses.
    pub async fn start(self) -> Result<Server> {
        let Self {
            transport,
            target,
            mut endpoints,
            middleware,
            serializer,
            concurrency,
            max_request_size,
            ping,
        } = self;
        runtime::check()?;
        if target.topic.is_empty() || target.server.as_deref().is_none_or(str::is_empty) {
            return Err(Error::Config("a server needs a topic and a name".into()));
        }
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
        let listener = driver.listen(&target, &terms).await?;
        let service = Service {
            system: driver.system(),
            target: target.clone(),
            dispatcher: Dispatcher::new(endpoints),
            middleware: (!middleware.is_empty()).then(|| middleware.into()),
            serializer,
            max_request_size,
            duplicates: Mutex::new(Duplicates::new()),
        };
        Ok(super::spawn(target, listener, service))
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            transport,
            target,
            endpoints,
            middleware,
            serializer,
            concurrency,
            max_request_size,
            ping,
        } = self;
        f.debug_struct("ServerBuilder")
            .field("transport", transport)
            .field("target", target)
            .field("endpoints", endpoints)
            .field("middlewares", &middleware.len())
            .field("serializer", serializer)
            .field("concurrency", concurrency)
            .field("max_request_size", max_request_size)
            .field("ping", ping)
            .finish()
    }
}
