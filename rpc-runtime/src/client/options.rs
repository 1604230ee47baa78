//! [`CallOptions`]: the settings that `prepare` overrides, for one call or for a derived client. Plain data.

use std::time::Duration;

use super::version_cap::VersionCap;
use crate::Version;
use crate::transport::{Optional, Retry};

/// The default timeout of a call: oslo.messaging's `rpc_response_timeout`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Overrides for one call, or for a prepared client: oslo.messaging's `prepare()`.
///
/// An option that is not set keeps the client's value. `None` has a meaning of its own for each option:
/// `server(None)` means any server, as [`any_server`](Self::any_server) does; `exchange(None)` means
/// the transport's default exchange, which is [`DEFAULT_EXCHANGE`](crate::transport::DEFAULT_EXCHANGE) unless the
/// transport's configuration names another one; `timeout(None)` means the method's timeout, or else the one of the
/// client's builder.
///
/// ```
/// use std::time::Duration;
/// use rpc_runtime::CallOptions;
///
/// let options = CallOptions::new()
///     .server("rack-7")
///     .version((2, 3))
///     .timeout(Duration::from_secs(10))
///     .retry(2);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "options do nothing until a client or a call takes them"]
#[expect(
    clippy::option_option,
    reason = "outer `None`: not set; inner `None`: set to no value"
)]
pub struct CallOptions {
    pub(crate) exchange: Option<Option<String>>,
    pub(crate) topic: Option<String>,
    pub(crate) namespace: Option<Option<String>>,
    pub(crate) version: Option<Option<Version>>,
    pub(crate) server: Option<Option<String>>,
    pub(crate) fanout: Option<bool>,
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) version_cap: Option<VersionCap>,
    pub(crate) retry: Option<Retry>,
    pub(crate) monitor: Option<Option<Duration>>,
    pub(crate) mandatory: Option<bool>,
    pub(crate) queue_wait: Option<Option<Duration>>,
    pub(crate) resend: Option<bool>,
}

impl CallOptions {
    /// Options that override nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The exchange to publish to. `None` means the transport's default.
    pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
        self.exchange = Some(exchange.into().into_option());
        self
    }

    /// The topic, in place of the client's.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// The namespace of the interface. `None` addresses endpoints without a namespace.
    pub fn namespace(mut self, namespace: impl Into<Optional<String>>) -> Self {
        self.namespace = Some(namespace.into().into_option());
        self
    }

    /// The version to stamp messages with. A typed method is then sent in the form that it has in that
    /// version. Within one major version, it is never stamped below the version that introduced the method. `None`
    /// restores the method's version, or the target's.
    pub fn version(mut self, version: impl Into<Optional<Version>>) -> Self {
        self.version = Some(version.into().into_option());
        self
    }

    /// The server that messages go to. `None` means any server of the topic.
    pub fn server(mut self, server: impl Into<Optional<String>>) -> Self {
        self.server = Some(server.into().into_option());
        self
    }

    /// Sends messages to any server of the topic.
    pub fn any_server(mut self) -> Self {
        self.server = Some(None);
        self
    }

    /// Whether casts go to all servers of the topic. A call with fanout fails with
    /// [`Error::InvalidTarget`](crate::Error::InvalidTarget).
    pub fn fanout(mut self, fanout: bool) -> Self {
        self.fanout = Some(fanout);
        self
    }

    /// The timeout of a whole call: connecting, waiting for a queue, and waiting for the reply. It takes precedence
    /// over the method's timeout. `None` means the method's timeout, or else the one of
    /// [`ClientBuilder::timeout`](crate::client::ClientBuilder::timeout).
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = Some(timeout.into());
        self
    }

    /// The highest version that all servers are known to accept.
    pub fn version_cap(mut self, cap: impl Into<VersionCap>) -> Self {
        self.version_cap = Some(cap.into());
        self
    }

    /// How often to retry when a message cannot be handed to the broker. Defaults to [`Retry::Forever`]. A retry never
    /// repeats a message that may already be in a queue, unless [`CallOptions::resend`] is set.
    pub fn retry(mut self, retry: impl Into<Retry>) -> Self {
        self.retry = Some(retry.into());
        self
    }

    /// The monitor interval: how long the server may be silent while a call runs. The server sends a
    /// heartbeat twice in each interval, and the call fails with [`Error::Timeout`](crate::Error::Timeout) if
    /// none arrives. `None` disables monitoring. A monitor never extends the call's timeout. The first
    /// interval begins when the broker has the request, so it includes the request's wait in the queue.
    ///
    /// This is oslo.messaging's `call_monitor_timeout`. A Python server needs a whole number of seconds, at
    /// least two. Other intervals work only with Rust servers.
    pub fn monitor(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.monitor = Some(silence.into());
        self
    }

    /// Whether a message must reach a queue. Defaults to true. If it is false, a message without a queue is
    /// dropped silently, as in oslo.messaging. A fanout is never mandatory, since it may have no receiver.
    ///
    /// A mandatory message waits for its queue, which a server declares when it starts or reconnects: see
    /// [`CallOptions::queue_wait`].
    pub fn mandatory(mut self, mandatory: bool) -> Self {
        self.mandatory = Some(mandatory);
        self
    }

    /// How long a mandatory message waits for a queue that does not exist yet. Then the message fails with
    /// [`Error::Undeliverable`](crate::Error::Undeliverable). Zero fails immediately.
    ///
    /// Defaults to the whole timeout for a call, and to
    /// [`DEFAULT_QUEUE_WAIT`](crate::transport::DEFAULT_QUEUE_WAIT) for a cast. A call never waits longer
    /// than its timeout. `None` restores the default.
    pub fn queue_wait(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.queue_wait = Some(wait.into());
        self
    }

    /// Whether to publish a message again if its connection broke before the broker confirmed it. Defaults to
    /// false.
    ///
    /// The first copy may already be in a queue, so the method can run twice. Both copies have the same id,
    /// by which a server detects a duplicate; but two servers of a topic may receive one copy each. Set this
    /// only for methods that may run twice.
    ///
    /// Without it, such a cast fails with an [`Error::Delivery`](crate::Error::Delivery) whose
    /// [`may_have_run`](crate::Error::may_have_run) is true, and such a call waits for its reply until its
    /// timeout. oslo.messaging always publishes again.
    pub fn resend(mut self, resend: bool) -> Self {
        self.resend = Some(resend);
        self
    }
}
