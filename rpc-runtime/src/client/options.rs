//! What `prepare` may override, for one call or for a client that is passed on.

use std::time::Duration;

use super::version_cap::VersionCap;
use crate::Version;
use crate::transport::{Optional, Retry};

/// The timeout of a call for which none is given: oslo.messaging's `rpc_response_timeout`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Overrides for one call, or for a prepared client: oslo.messaging's `prepare()`.
///
/// What is not set stays as the client has it. `None` takes away what the client has: `server(None)` is any server, as
/// [`any_server`](Self::any_server) is, `exchange(None)` the default exchange, `timeout(None)` the method's own time.
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
    reason = "not overridden, or overridden by nothing"
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
    /// Overrides nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The exchange to publish to, or `None` for [`DEFAULT_EXCHANGE`](crate::transport::DEFAULT_EXCHANGE).
    pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
        self.exchange = Some(exchange.into().into_option());
        self
    }

    /// The topic whose servers are meant.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// The namespace of the interface, or `None` for the namespace of endpoints that name none.
    pub fn namespace(mut self, namespace: impl Into<Optional<String>>) -> Self {
        self.namespace = Some(namespace.into().into_option());
        self
    }

    /// The version to stamp messages with. A typed method is then sent in the form that it has in that
    /// version; no message is stamped below the version that its method came with. `None` goes back to the method's
    /// version, or the target's.
    pub fn version(mut self, version: impl Into<Optional<Version>>) -> Self {
        self.version = Some(version.into().into_option());
        self
    }

    /// One server of the topic, or `None` for any of them.
    pub fn server(mut self, server: impl Into<Optional<String>>) -> Self {
        self.server = Some(server.into().into_option());
        self
    }

    /// Any server of the topic.
    pub fn any_server(mut self) -> Self {
        self.server = Some(None);
        self
    }

    /// All servers of the topic. A call refuses it.
    pub fn fanout(mut self, fanout: bool) -> Self {
        self.fanout = Some(fanout);
        self
    }

    /// How long a call may take in all, whatever it waits for. The default is [`DEFAULT_TIMEOUT`]. `None` goes back to
    /// the method's own time, or the client's.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = Some(timeout.into());
        self
    }

    /// The highest version that the servers are known to take.
    pub fn version_cap(mut self, cap: impl Into<VersionCap>) -> Self {
        self.version_cap = Some(cap.into());
        self
    }

    /// How often to try again to reach the broker. The default is [`Retry::Forever`]. A message that was
    /// written is not sent again, whatever is set here: see [`CallOptions::resend`].
    pub fn retry(mut self, retry: impl Into<Retry>) -> Self {
        self.retry = Some(retry.into());
        self
    }

    /// The longest silence of a running call: the server sends a sign of life at each half of it, and
    /// the call fails when none comes. `None` asks for none. It never extends the timeout. The first
    /// silence begins when the broker has the request: a wait in its queue counts.
    ///
    /// This is oslo.messaging's `call_monitor_timeout`. Its servers take whole seconds, two at least:
    /// anything shorter works between Rust programs alone.
    pub fn monitor(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.monitor = Some(silence.into());
        self
    }

    /// Whether a message must reach a queue (the default), or is dropped in silence where there is none, as
    /// oslo.messaging does. A fanout need not, since it may have no receiver.
    ///
    /// A mandatory message waits for its queue, which servers declare when they start or come back: see
    /// [`CallOptions::queue_wait`].
    pub fn mandatory(mut self, mandatory: bool) -> Self {
        self.mandatory = Some(mandatory);
        self
    }

    /// How long a mandatory message waits for a queue where there is none; then it is
    /// [`Error::Undeliverable`](crate::Error::Undeliverable). Zero fails at once.
    ///
    /// The default is all of a call's timeout, and [`DEFAULT_QUEUE_WAIT`](crate::transport::DEFAULT_QUEUE_WAIT) for a cast. A call never waits
    /// longer than its timeout. `None` goes back to the default.
    pub fn queue_wait(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.queue_wait = Some(wait.into());
        self
    }

    /// Whether to send a message again whose connection was cut before the broker had confirmed it. It may
    /// be in a queue already, so that it can run twice: the second message has the identity of the first, by
    /// which a server knows what it has seen, but two servers of a topic may be given one each. For
    /// methods that do no harm when they run twice. The default is no.
    ///
    /// Without it, such a cast is an [`Error::Delivery`](crate::Error::Delivery) that may have run, and such
    /// a call waits for its reply until its timeout. oslo.messaging always sends again.
    pub fn resend(mut self, resend: bool) -> Self {
        self.resend = Some(resend);
        self
    }
}
