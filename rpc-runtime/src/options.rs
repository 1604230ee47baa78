//! What `prepare` may override, for one call or for a client that is passed on.

use std::sync::Arc;
use std::time::Duration;

use crate::interface::Timing;
use crate::{AutoCap, Target, Version};

/// How often to try again when a message cannot be handed to the transport.
///
/// One try is one attempt to reach a broker: to connect, or to publish over a connection that breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retry {
    /// Until it succeeds; a call still ends at its timeout. oslo.messaging's `None` or `-1`.
    #[default]
    Forever,
    /// Once, and then so many times more; then a delivery failure. 0 tries once.
    Times(u32),
}

impl From<u32> for Retry {
    fn from(times: u32) -> Self {
        Self::Times(times)
    }
}

/// The highest version that a client may send, checked before anything leaves the process.
///
/// Written as a version, as `(2, 3)`, as an `Option<Version>`, or as an [`AutoCap`]. An operator's text,
/// which may be a release's alias, is for
/// [`ClientBuilder::version_cap_named`](crate::ClientBuilder::version_cap_named).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionCap {
    /// All versions may be sent.
    None,
    /// What an implementation of this version takes may be sent.
    At(Version),
    /// What the oldest of the servers takes may be sent.
    Auto(AutoCap),
}

impl VersionCap {
    pub(crate) fn version(&self) -> Option<Version> {
        match self {
            Self::None => None,
            Self::At(version) => Some(*version),
            Self::Auto(cap) => cap.version(),
        }
    }
}

impl From<Version> for VersionCap {
    fn from(version: Version) -> Self {
        Self::At(version)
    }
}

impl From<(u32, u32)> for VersionCap {
    fn from(version: (u32, u32)) -> Self {
        Self::At(version.into())
    }
}

impl From<(u32, u32, u32)> for VersionCap {
    fn from(version: (u32, u32, u32)) -> Self {
        Self::At(version.into())
    }
}

impl From<AutoCap> for VersionCap {
    fn from(cap: AutoCap) -> Self {
        Self::Auto(cap)
    }
}

impl From<Option<Version>> for VersionCap {
    fn from(version: Option<Version>) -> Self {
        version.map_or(Self::None, Self::At)
    }
}

/// The timeout of a call for which none is given: oslo.messaging's `rpc_response_timeout`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// How large a message may be, in bytes, that a client or a server reads unless told otherwise: what
/// RabbitMQ lets through before 4.0.
pub const DEFAULT_MAX_MESSAGE_SIZE: usize = 128 * 1024 * 1024;

/// How long a cast waits for a missing queue, unless it is told otherwise with
/// [`CallOptions::queue_wait`].
pub const DEFAULT_QUEUE_WAIT: Duration = Duration::from_secs(60);

/// Overrides for one call, or for a prepared client: oslo.messaging's `prepare()`.
///
/// What is not set stays as the client has it. `namespace`, `server`, `monitor` and `version_cap` can also
/// be taken away: `server(None)` goes back to any server.
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
    pub(crate) exchange: Option<String>,
    pub(crate) topic: Option<String>,
    pub(crate) namespace: Option<Option<String>>,
    pub(crate) version: Option<Version>,
    pub(crate) server: Option<Option<String>>,
    pub(crate) fanout: Option<bool>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) version_cap: Option<VersionCap>,
    pub(crate) retry: Option<Retry>,
    pub(crate) monitor: Option<Option<Duration>>,
    pub(crate) mandatory: Option<bool>,
    pub(crate) queue_wait: Option<Duration>,
    pub(crate) resend: Option<bool>,
}

impl CallOptions {
    /// Overrides nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The exchange to publish to.
    pub fn exchange(mut self, exchange: impl Into<String>) -> Self {
        self.exchange = Some(exchange.into());
        self
    }

    /// The topic whose servers are meant.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// The namespace of the interface, or `None` for the namespace of endpoints that name none.
    pub fn namespace<'a>(mut self, namespace: impl Into<Option<&'a str>>) -> Self {
        self.namespace = Some(namespace.into().map(str::to_owned));
        self
    }

    /// The version to stamp messages with. A typed method is then sent in the form that it has in that
    /// version; no message is stamped below the version that its method came with.
    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// One server of the topic, or `None` for any of them.
    pub fn server<'a>(mut self, server: impl Into<Option<&'a str>>) -> Self {
        self.server = Some(server.into().map(str::to_owned));
        self
    }

    /// All servers of the topic. A call refuses it.
    pub fn fanout(mut self, fanout: bool) -> Self {
        self.fanout = Some(fanout);
        self
    }

    /// How long a call may take in all, whatever it waits for. The default is [`DEFAULT_TIMEOUT`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
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
    /// The default is all of a call's timeout, and [`DEFAULT_QUEUE_WAIT`] for a cast. A call never waits
    /// longer than its timeout.
    pub fn queue_wait(mut self, wait: Duration) -> Self {
        self.queue_wait = Some(wait);
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

/// What a client sends with: its own settings with the overrides of each `prepare` laid over them.
///
/// A version, fanout, timeout or monitor given to `prepare` goes before what a typed method declares,
/// which goes before what the client was built with. So those four are kept apart.
#[derive(Debug, Clone)]
#[expect(
    clippy::option_option,
    reason = "not overridden, or overridden by nothing"
)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    pub(crate) version: Option<Version>,
    pub(crate) fanout: Option<bool>,
    pub(crate) default_timeout: Duration,
    pub(crate) timeout: Option<Duration>,
    /// Times by the names that the trait gives them, in place of the trait's own.
    pub(crate) times: Arc<Vec<(String, Duration)>>,
    pub(crate) version_cap: VersionCap,
    pub(crate) retry: Retry,
    pub(crate) default_monitor: Option<Duration>,
    pub(crate) monitor: Option<Option<Duration>>,
    pub(crate) mandatory: bool,
    pub(crate) queue_wait: Option<Duration>,
    pub(crate) resend: bool,
    pub(crate) max_reply_size: usize,
}

impl Settings {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            version: None,
            fanout: None,
            default_timeout: DEFAULT_TIMEOUT,
            timeout: None,
            times: Arc::default(),
            version_cap: VersionCap::None,
            retry: Retry::Forever,
            default_monitor: None,
            monitor: None,
            mandatory: true,
            queue_wait: None,
            resend: false,
            max_reply_size: DEFAULT_MAX_MESSAGE_SIZE,
        }
    }

    /// The highest version that may be sent now.
    pub(crate) fn cap(&self) -> Option<Version> {
        self.version_cap.version()
    }

    /// How long a method's own time is; an argument's is known to the request alone.
    pub(crate) fn time(&self, timing: Timing) -> Option<Duration> {
        match timing {
            Timing::Fixed(time) => Some(time),
            Timing::Argument(_) => None,
            Timing::Named { name, default } => {
                let own = self.times.iter().rev().find(|(known, _)| known == name);
                Some(own.map_or(default, |(_, time)| *time))
            }
        }
    }

    /// Lays what is set in `options` over these settings.
    pub(crate) fn apply(&mut self, options: CallOptions) {
        // Destructured, so that a new option cannot be forgotten here.
        let CallOptions {
            exchange,
            topic,
            namespace,
            version,
            server,
            fanout,
            timeout,
            version_cap,
            retry,
            monitor,
            mandatory,
            queue_wait,
            resend,
        } = options;
        set(&mut self.target.exchange, exchange.map(Some));
        set(&mut self.target.topic, topic);
        set(&mut self.target.namespace, namespace);
        set(&mut self.target.server, server);
        set(&mut self.target.fanout, fanout);
        set(&mut self.fanout, fanout.map(Some));
        set(&mut self.version, version.map(Some));
        set(&mut self.timeout, timeout.map(Some));
        set(&mut self.version_cap, version_cap);
        set(&mut self.retry, retry);
        set(&mut self.monitor, monitor.map(Some));
        set(&mut self.mandatory, mandatory);
        set(&mut self.queue_wait, queue_wait.map(Some));
        set(&mut self.resend, resend);
    }
}

fn set<T>(setting: &mut T, option: Option<T>) {
    if let Some(value) = option {
        *setting = value;
    }
}
