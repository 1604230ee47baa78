//! The settings of a client, and the rules by which overrides apply to them.
//!
//! Plain data, owned by one client. `prepare` clones the settings; nothing changes the settings of an
//! existing client.

use std::sync::Arc;
use std::time::Duration;

use super::options::{CallOptions, DEFAULT_TIMEOUT};
use super::version_cap::VersionCap;
use crate::interface::{Interface, Method, Timing};
use crate::transport::{DEFAULT_MAX_MESSAGE_SIZE, Defaults, Retry};
use crate::{Target, Version};

/// The effective settings of a client, including the overrides of each `prepare`.
///
/// For the version, fanout, timeout and monitor, the order of precedence is: `prepare`, the typed method's
/// declaration, the client's builder. These four therefore have separate fields for `prepare` and for the
/// builder.
#[derive(Debug, Clone)]
#[expect(
    clippy::option_option,
    reason = "outer `None`: not set; inner `None`: set to no value"
)]
pub(crate) struct Settings {
    /// The interface of a typed client. `None` for an untyped client.
    interface: Option<InterfaceId>,
    pub(crate) target: Target,
    pub(crate) version: Option<Version>,
    pub(crate) fanout: Option<bool>,
    pub(crate) default_timeout: Duration,
    pub(crate) timeout: Option<Duration>,
    /// Durations that replace those in the trait's `times(…)`, by name.
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

/// The identity of an interface: name, namespace and version.
type InterfaceId = (&'static str, Option<&'static str>, Version);

fn interface_id(interface: &Interface) -> InterfaceId {
    let version = interface.declared_version();
    (interface.name(), interface.namespace(), version)
}

impl Settings {
    /// The default settings of a typed client.
    pub(crate) fn of(interface: &Interface, defaults: &Defaults) -> Self {
        Self {
            interface: Some(interface_id(interface)),
            ..Self::new(interface.target(), defaults)
        }
    }

    /// Whether the client is one of `interface`.
    pub(crate) fn is_of(&self, interface: &Interface) -> bool {
        self.interface == Some(interface_id(interface))
    }

    /// Changes the settings to those of a client of `interface` with the same servers.
    ///
    /// A typed client's namespace, versions and named times belong to its old interface, so they are dropped.
    /// An untyped client's were set by the user, so they are kept. The new interface fills in what is
    /// missing.
    pub(crate) fn retarget(&mut self, interface: &Interface) {
        let own = interface.target();
        if self.interface.is_some() {
            self.target.namespace = None;
            self.target.version = None;
            self.version = None;
            self.version_cap = VersionCap::None;
            self.times = Arc::default();
        }
        self.interface = Some(interface_id(interface));
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

    /// The duration of a method's declared time. `None` for a time that an argument gives, which only the
    /// request knows.
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

    /// Applies the options that are set. `defaults` are those of the client's transport.
    pub(crate) fn apply(&mut self, options: CallOptions, defaults: &Defaults) {
        // Destructured, so that a new option does not compile until it is applied here.
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
        let exchange = exchange.map(|exchange| exchange.or_else(|| defaults.exchange.clone()));
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

/// A method, and the times that it declares. They take precedence over the client's defaults.
#[derive(Debug, Default)]
pub(crate) struct MethodTimes {
    pub(crate) method: Option<&'static Method>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) monitor: Option<Duration>,
}

/// The timeout of a call if neither the call, its method nor the client's builder sets one.
pub(crate) fn default_timeout(defaults: &Defaults) -> Duration {
    defaults.timeout.unwrap_or(DEFAULT_TIMEOUT)
}

fn set<T>(setting: &mut T, option: Option<T>) {
    if let Some(value) = option {
        *setting = value;
    }
}
