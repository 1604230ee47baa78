//! [`Call`] and [`Cast`]: the builders that typed clients return. Setters adjust one call; `.await` runs it.
//!
//! A builder encodes its request before its future exists, so the future holds neither arguments nor context.
//! The client owns all settings; a builder owns only its overrides.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use tracing::Span;

use super::RpcClient;
use super::options::CallOptions;
use super::result_traits::{CallResult, CastResult};
use super::rung::rung;
use super::settings::{MethodTimes, Settings};
use super::version_cap::VersionCap;
use super::versioned_args::{Extra, TypedArgs, TypedRequest};
use crate::future::BoxFuture;
use crate::interface::{Method, Timing};
use crate::span::{self, Operation, Sending};
use crate::transport::{Optional, Retry};
use crate::wire::RequestBody;
use crate::{Error, Version};

/// The closure that encodes the arguments of one call.
///
/// It is boxed so that the type of a call does not depend on the method: `Call<'_, Result<Host>>` can be
/// read, stored and returned. The alternative, a type parameter `impl EncodeRequest`, was measured with a
/// trait of 100 methods that are all called. With the box, `cargo check` takes 0.97 CPU seconds instead of
/// 1.12, and `cargo build` 2.5 instead of 5.8, because the code that runs a call is compiled once for each
/// return type instead of once for each method. A `Call` is five words, instead of three plus its arguments.
/// The cost is one allocation for each call and cast.
type Encode<'a> = Box<dyn FnOnce(&mut TypedArgs<'_>) + Send + 'a>;

/// The common part of calls and casts: a method, the closure that encodes its arguments, and overrides.
struct Prepared<'a> {
    client: &'a RpcClient,
    method: &'static Method,
    options: Option<Box<CallOptions>>,
    args: Encode<'a>,
}

impl<'a> Prepared<'a> {
    fn new(client: &'a RpcClient, method: &'static Method, args: Encode<'a>) -> Self {
        Self {
            client,
            method,
            options: None,
            args,
        }
    }

    fn adjust(&mut self, adjust: impl FnOnce(CallOptions) -> CallOptions) {
        let options = self.options.get_or_insert_default();
        **options = adjust(std::mem::take(&mut **options));
    }

    /// Encodes the request.
    fn encode(self, operation: Operation) -> Encoded<'a> {
        let mut settings = Cow::Borrowed(self.client.settings());
        let (mut own_topic, mut own_server, mut names_server) = (false, false, false);
        if let Some(options) = self.options {
            own_topic = options.topic.is_some();
            own_server = options.server.is_some();
            names_server = options.server.as_ref().is_some_and(Option::is_some);
            settings.to_mut().apply(*options, self.client.defaults());
        }
        let (cap, method) = (settings.cap(), self.method);
        let rung = rung(method, settings.version, cap);
        let name = match &rung {
            Ok((rung, _)) => method.name_in(*rung),
            Err(_) => method.name(),
        };
        let span = self.client.span(operation, &settings, name);
        let request = rung.and_then(|(rung, stamp)| {
            let span = span.as_deref();
            let sending = span.map(|span| Sending::new(span, name, own_topic));
            let args = self.client.args(&settings, name, Some(stamp), sending);
            let mut args = TypedArgs::new(args, method, rung, cap);
            // Entering a span fixes its OpenTelemetry name, which contains the topic. So the span is not entered
            // while the arguments are encoded if one of them may set the topic.
            let scope = span.filter(|_| own_topic || !method.names_topic());
            span::in_scope(scope, || {
                (self.args)(&mut args);
                args.into_request()
            })
        });
        let request = request.and_then(|TypedRequest { body, extra }| {
            let Extra { route, timeout } = extra;
            if let Some(reason) = route.refused.filter(|_| !names_server) {
                return Err(Error::new_invalid_target(&settings.target, reason));
            }
            if let Some(topic) = route.topic.filter(|_| !own_topic) {
                settings.to_mut().target.topic = topic;
            }
            if let Some(server) = route.server.filter(|_| !own_server) {
                settings.to_mut().target.server = Some(server);
            }
            let own = |timing: Option<Timing>| timing.and_then(|timing| settings.time(timing));
            let times = MethodTimes {
                method: Some(method),
                timeout: timeout.or_else(|| own(method.timeout())),
                monitor: own(method.monitor()),
            };
            Ok((body, times))
        });
        Encoded {
            settings,
            span,
            request,
        }
    }
}

/// An encoded call or cast.
struct Encoded<'a> {
    /// The settings of the client, with the changes for this message.
    settings: Cow<'a, Settings>,
    span: Option<Box<Span>>,
    /// The message, and the method's own times.
    request: crate::Result<(RequestBody, MethodTimes)>,
}

impl fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            client,
            method,
            options,
            args: _,
        } = self;
        f.debug_struct("Prepared")
            .field("target", client.target())
            .field("method", &method.name())
            .field("options", options)
            .finish()
    }
}

macro_rules! setters {
    () => {
        /// The exchange to publish to. `None` means the transport's default exchange, which is
        /// [`DEFAULT_EXCHANGE`](crate::transport::DEFAULT_EXCHANGE) unless the transport's configuration names another
        /// one.
        pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
            self.0.adjust(|options| options.exchange(exchange));
            self
        }

        /// The topic, in place of the client's.
        pub fn topic(mut self, topic: impl Into<String>) -> Self {
            self.0.adjust(|options| options.topic(topic));
            self
        }

        /// The namespace of the interface. `None` addresses endpoints without a namespace.
        pub fn namespace(mut self, namespace: impl Into<Optional<String>>) -> Self {
            self.0.adjust(|options| options.namespace(namespace));
            self
        }

        /// The version to stamp the message with, in place of the method's own; see [`CallOptions::version`].
        pub fn version(mut self, version: impl Into<Optional<Version>>) -> Self {
            self.0.adjust(|options| options.version(version));
            self
        }

        /// The server that the message goes to. `None` means any server of the topic.
        pub fn server(mut self, server: impl Into<Optional<String>>) -> Self {
            self.0.adjust(|options| options.server(server));
            self
        }

        /// Sends the message to any server of the topic.
        pub fn any_server(mut self) -> Self {
            self.0.adjust(CallOptions::any_server);
            self
        }

        /// The highest version that all servers are known to accept.
        pub fn version_cap(mut self, cap: impl Into<VersionCap>) -> Self {
            self.0.adjust(|options| options.version_cap(cap));
            self
        }

        /// How often to retry when a message cannot be handed to the broker; see [`CallOptions::retry`].
        pub fn retry(mut self, retry: impl Into<Retry>) -> Self {
            self.0.adjust(|options| options.retry(retry));
            self
        }

        /// Whether it is an error if the message reaches no queue; see [`CallOptions::mandatory`].
        pub fn mandatory(mut self, mandatory: bool) -> Self {
            self.0.adjust(|options| options.mandatory(mandatory));
            self
        }

        /// How long the message waits for a queue that does not exist yet; see [`CallOptions::queue_wait`].
        pub fn queue_wait(mut self, wait: impl Into<Option<Duration>>) -> Self {
            self.0.adjust(|options| options.queue_wait(wait));
            self
        }

        /// Whether to publish the message again if the connection broke before the broker confirmed it; see
        /// [`CallOptions::resend`].
        pub fn resend(mut self, resend: bool) -> Self {
            self.0.adjust(|options| options.resend(resend));
            self
        }
    };
}

/// A call that has not been sent. Setters adjust it, and `.await` sends it:
/// `client.method(…).timeout(…).await`.
///
/// A `Call` is not a `Result`: write `.await` before `?`.
///
/// # Concurrent calls
///
/// A `Call` is not a future itself, so that the caller's future stores a pointer and not the arguments.
/// `.await` converts it to a future. Functions that expect futures take one of these:
///
/// - [`into_future`](IntoFuture::into_future), for `join_all`, `tokio::join!` and `FuturesUnordered`. The
///   future borrows the client.
/// - [`detached`](Self::detached), for `tokio::spawn` and `JoinSet`. The future borrows nothing.
///
/// Both encode the request immediately, and send it when the future is first polled.
///
/// ```
/// use rpc_runtime::{Context, Result, rpc_client};
/// use tokio::task::JoinSet;
///
/// #[rpc_client(topic = "inventory", version = "2.0")]
/// trait Inventory {
///     async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
/// }
///
/// async fn two(inventory: &InventoryClient, ctxt: &Context) -> Result<u32> {
///     let first = inventory.size(ctxt, "db-1").into_future();
///     let second = inventory.size(ctxt, "db-2").into_future();
///     let (first, second) = tokio::try_join!(first, second)?;
///     Ok(first + second)
/// }
///
/// async fn all(inventory: &InventoryClient, ctxt: &Context, hosts: &[String]) -> Result<u32> {
///     let mut calls = JoinSet::new();
///     for host in hosts {
///         calls.spawn(inventory.size(ctxt, host).detached());
///     }
///     calls.join_all().await.into_iter().sum()
/// }
/// ```
///
/// # Cancellation
///
/// Dropping the future cancels the call on the client at any point and releases everything that the call
/// holds. The server may still run the method.
///
/// # Parameters
///
/// `R` is the method's return type. `CASTABLE` says whether [`cast`](Call::cast) may send the message as a
/// cast.
#[must_use = "a call does nothing until awaited"]
pub struct Call<'a, R, const CASTABLE: bool = false>(Prepared<'a>, PhantomData<fn() -> R>);

impl<'a, R, const CASTABLE: bool> Call<'a, R, CASTABLE> {
    #[doc(hidden)]
    pub fn new(
        client: &'a RpcClient,
        method: &'static Method,
        args: impl FnOnce(&mut TypedArgs<'_>) + Send + 'a,
    ) -> Self {
        Self(Prepared::new(client, method, Box::new(args)), PhantomData)
    }

    setters!();

    /// The timeout of the whole call: connecting, waiting for a queue, and waiting for the reply. If it is not set,
    /// the first of these applies: the timeout given to `prepare`, the method's timeout, the timeout of
    /// [`ClientBuilder::timeout`](crate::client::ClientBuilder::timeout). `None` removes the timeout given to
    /// `prepare`.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.0.adjust(|options| options.timeout(timeout));
        self
    }

    /// The monitor interval: how long the server may be silent while the method runs. `None` means no
    /// monitoring. See [`CallOptions::monitor`].
    pub fn monitor(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.0.adjust(|options| options.monitor(silence));
        self
    }
}

impl<'a, R: CallResult> Call<'a, R, true> {
    /// Sends the message as a cast: the future completes when the broker has accepted the message. The
    /// method's result is not awaited.
    pub fn cast(self) -> Cast<'a, Result<(), R::Error>> {
        Cast(self.0, PhantomData)
    }
}

impl<R: CallResult, const CASTABLE: bool> Call<'_, R, CASTABLE> {
    /// Converts the call to a future that borrows nothing and can be spawned.
    ///
    /// The request is encoded immediately, so arguments and context may be dropped. The message is sent when
    /// the future is first polled, and the call's timeout begins then.
    #[must_use = "a call does nothing until awaited"]
    pub fn detached(self) -> BoxFuture<'static, R> {
        let client = self.0.client.clone();
        self.run(client)
    }

    fn run<'f>(self, client: impl Borrow<RpcClient> + Send + 'f) -> BoxFuture<'f, R> {
        let method = self.0.method;
        // Encoded outside the future, so that the future does not hold the arguments and they need not be
        // `Send`.
        let Encoded {
            settings,
            span,
            request,
        } = self.0.encode(Operation::Call);
        let planned = request.and_then(|(request, own)| {
            let call = client.borrow().plan(settings, &own)?;
            Ok((call, request))
        });
        match planned {
            Ok((mut call, request)) => Box::pin(async move {
                let client = client.borrow();
                let reply = client.send_call(&mut call, request, span.as_deref()).await;
                R::of(client, method, client.accept(&call, reply), span.as_deref())
            }),
            Err(error) => {
                Box::pin(async move { R::of(client.borrow(), method, Err(error), span.as_deref()) })
            }
        }
    }
}

impl<'a, R: CallResult, const CASTABLE: bool> IntoFuture for Call<'a, R, CASTABLE> {
    type Output = R;
    type IntoFuture = BoxFuture<'a, R>;

    fn into_future(self) -> Self::IntoFuture {
        let client = self.0.client;
        self.run(client)
    }
}

impl<R, const CASTABLE: bool> fmt::Debug for Call<'_, R, CASTABLE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.0).finish()
    }
}

/// A cast that has not been sent. Setters adjust it, and `.await` sends it. It completes when the broker has
/// accepted the message.
///
/// A cast does not wait for a reply, so it has no timeout. While no broker can be reached, it waits: for ever
/// by default. Limit this with [`Cast::retry`] or `tokio::time::timeout`. It waits for a missing queue for
/// one minute, or as [`Cast::queue_wait`] says. After a failure, [`Error::may_have_run`] says whether the
/// message may have been delivered.
///
/// # Cancellation
///
/// If the future is dropped, the message may or may not have been sent.
///
/// # Parameters
///
/// `R` is the method's return type, a `Result<(), _>`.
#[must_use = "a cast does nothing until awaited"]
pub struct Cast<'a, R>(Prepared<'a>, PhantomData<fn() -> R>);

impl<'a, R> Cast<'a, R> {
    #[doc(hidden)]
    pub fn new(
        client: &'a RpcClient,
        method: &'static Method,
        args: impl FnOnce(&mut TypedArgs<'_>) + Send + 'a,
    ) -> Self {
        Self(Prepared::new(client, method, Box::new(args)), PhantomData)
    }

    setters!();

    /// Whether the message goes to all servers of the topic, or to one of them.
    pub fn fanout(mut self, fanout: bool) -> Self {
        self.0.adjust(|options| options.fanout(fanout));
        self
    }
}

impl<R: CastResult> Cast<'_, R> {
    /// Converts the cast to a future that borrows nothing and can be spawned; see [`Call::detached`].
    #[must_use = "a cast does nothing until awaited"]
    pub fn detached(self) -> BoxFuture<'static, R> {
        let client = self.0.client.clone();
        self.run(client)
    }

    fn run<'f>(self, client: impl Borrow<RpcClient> + Send + 'f) -> BoxFuture<'f, R> {
        let method = self.0.method;
        let Encoded {
            settings,
            span,
            request,
        } = self.0.encode(Operation::Cast);
        let own_settings = match settings {
            Cow::Owned(settings) => Some(settings),
            Cow::Borrowed(_) => None,
        };
        Box::pin(async move {
            let client = client.borrow();
            let settings = own_settings.as_ref().unwrap_or(client.settings());
            let sent = match request {
                Ok((request, _)) => {
                    client
                        .send_cast(settings, Some(method), request, span.as_deref())
                        .await
                }
                Err(error) => Err(error),
            };
            R::of(method, sent, span.as_deref())
        })
    }
}

impl<'a, R: CastResult> IntoFuture for Cast<'a, R> {
    type Output = R;
    type IntoFuture = BoxFuture<'a, R>;

    fn into_future(self) -> Self::IntoFuture {
        let client = self.0.client;
        self.run(client)
    }
}

impl<R> fmt::Debug for Cast<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cast").field(&self.0).finish()
    }
}
