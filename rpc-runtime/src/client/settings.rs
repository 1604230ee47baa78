//! What a client sends with, and how overrides are laid over it.

use std::sync::Arc;
use std::time::Duration;

use super::options::{CallOptions, DEFAULT_TIMEOUT};
use super::version_cap::VersionCap;
use crate::interface::{Interface, Timing};
use crate::transport::{DEFAULT_MAX_MESSAGE_SIZE, Defaults, Retry};
use crate::{Target, Version};

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
    /// Of a typed client: its interface's name, namespace and version.
    interface: Option<Spoken>,
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

/// What tells an interface from another: name, namespace and version.
type Spoken = (&'static str, Option<&'static str>, Version);

fn spoken(interface: &Interface) -> Spoken {
    let version = interface.declared_version();
    (interface.name(), interface.namespace(), version)
}

impl Settings {
    /// Those of a client of an interface.
    pub(crate) fn of(interface: &Interface, defaults: &Defaults) -> Self {
        Self {
            interface: Some(spoken(interface)),
            ..Self::new(interface.target(), defaults)
        }
    }

    /// Whether these are of a client of the interface.
    pub(crate) fn speaks(&self, interface: &Interface) -> bool {
        self.interface == Some(spoken(interface))
    }

    /// Makes them those of a client of the interface, which has the same servers.
    ///
    /// Namespace, versions and named times mean something to the interface alone that they were made for. An untyped
    /// client has them from the user, who may mean them; what it lacks is the interface's.
    pub(crate) fn retarget(&mut self, interface: &Interface) {
        let own = interface.target();
        if self.interface.is_some() {
            self.target.namespace = None;
            self.target.version = None;
            self.version = None;
            self.version_cap = VersionCap::None;
            self.times = Arc::default();
        }
        self.interface = Some(spoken(interface));
        self.target.namespace = self.target.namespace.take().or(own.namespace);
        self.target.version = self.target.version.or(own.version);
    }

    pub(crate) fn new(target: Target, defaults: &Defaults) -> Self {
        Self {
            interface: None,
            target: defaults.target(target),
            version: None,
            fanout: None,
            default_timeout: default_timeout(defaults),
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
        set(&mut self.target.exchange, exchange);
        set(&mut self.target.topic, topic);
        set(&mut self.target.namespace, namespace);
        set(&mut self.target.server, server);
        set(&mut self.target.fanout, fanout);
        set(&mut self.fanout, fanout.map(Some));
        set(&mut self.version, version);
        set(&mut self.timeout, timeout);
        set(&mut self.version_cap, version_cap);
        set(&mut self.retry, retry);
        set(&mut self.monitor, monitor.map(Some));
        set(&mut self.mandatory, mandatory);
        set(&mut self.queue_wait, queue_wait);
        set(&mut self.resend, resend);
    }
}

/// How long a call may take for which nobody says it.
pub(crate) fn default_timeout(defaults: &Defaults) -> Duration {
    defaults.timeout.unwrap_or(DEFAULT_TIMEOUT)
}

fn set<T>(setting: &mut T, option: Option<T>) {
    if let Some(value) = option {
        *setting = value;
    }
}
