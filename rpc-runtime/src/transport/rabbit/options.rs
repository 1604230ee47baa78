//! What a `rabbit://` URL says: hosts, credentials, and the options behind the question mark.
//!
//! Options have oslo.messaging's names. All are read when the transport is made, so that a bad one fails
//! at start-up; one that is unknown is an error that says what may be written. One that changes nothing here is taken
//! all the same.
//! Nothing in here connects, and no password is shown by `Debug`.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::backoff::Backoff;
use super::compression::Compression;
use super::effects::{UrlEffect, effect};
use crate::transport::{Host, Secret, TransportUrl, UrlError};

/// All that a driver needs to know.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) hosts: Vec<Address>,
    pub(crate) virtual_host: String,
    pub(crate) login: Login,
    /// Seconds of silence after which a connection is dead; 0 leaves it to the broker.
    pub(crate) heartbeat: u16,
    /// For TCP, TLS and the AMQP handshake together.
    pub(crate) connect_timeout: Duration,
    pub(crate) backoff: Backoff,
    /// How many requests of each queue may wait here; 0 leaves it to the server.
    pub(crate) prefetch: u16,
    /// How long a reply whose queue is missing is tried again.
    pub(crate) missing_reply_queue: Duration,
    /// How messages are compressed, if they are.
    pub(crate) compression: Option<Compression>,
    pub(crate) topology: TopologyOptions,
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "always absent"))]
    pub(crate) tls: Option<TlsOptions>,
    /// The names of the options that were given and change nothing.
    pub(crate) without_effect: Vec<String>,
}

/// One broker.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Secret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    Plain,
    AmqPlain,
    External,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct TlsOptions {
    /// Authorities; absent for the system's.
    pub(crate) ca: Option<String>,
    /// The client's certificate, and its key.
    pub(crate) cert: Option<String>,
    pub(crate) key: Option<String>,
}

/// The options that shape exchanges and queues.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(crate) struct TopologyOptions {
    pub(crate) durable_queues: bool,
    pub(crate) auto_delete: bool,
    pub(crate) quorum_queue: bool,
    pub(crate) quorum: QuorumLimits,
    pub(crate) transient_quorum_queue: bool,
    /// Seconds without use after which reply and fanout queues expire; 0 for never.
    pub(crate) ttl: u32,
    pub(crate) stream_fanout: bool,
    pub(crate) queue_manager: bool,
    pub(crate) host_name: Option<String>,
    pub(crate) process_name: Option<String>,
}

/// Limits of quorum queues; 0 leaves them to the broker.
#[derive(Debug, Clone, Default)]
pub(crate) struct QuorumLimits {
    /// How often a message may come back before the queue drops it; -1 for any number.
    pub(crate) delivery_limit: i64,
    pub(crate) max_memory_length: u32,
    pub(crate) max_memory_bytes: u32,
}

impl Default for TopologyOptions {
    fn default() -> Self {
        Self {
            durable_queues: false,
            auto_delete: false,
            quorum_queue: false,
            quorum: QuorumLimits::default(),
            transient_quorum_queue: false,
            ttl: 1800,
            stream_fanout: false,
            queue_manager: false,
            host_name: None,
            process_name: None,
        }
    }
}

impl TopologyOptions {
    /// Refuses what oslo.messaging refuses.
    pub(crate) fn check(&self, prefetch: u16) -> Result<(), UrlError> {
        if !self.stream_fanout {
            return Ok(());
        }
        let missing = if prefetch == 0 {
            "`rabbit_qos_prefetch_count` above 0"
        } else if !self.transient_quorum_queue {
            "`rabbit_transient_quorum_queue=true`"
        } else {
            return Ok(());
        };
        Err(UrlError::Conflict(format!(
            "`rabbit_stream_fanout` needs {missing}"
        )))
    }
}

const KNOWN: &str = "amqp_auto_delete, amqp_durable_queues, heartbeat_timeout_threshold, hostname, \
    kombu_compression, kombu_missing_consumer_retry_timeout, processname, rabbit_connect_timeout, rabbit_interval_max, \
    rabbit_login_method, rabbit_qos_prefetch_count, rabbit_quorum_delivery_limit, \
    rabbit_quorum_max_memory_bytes, rabbit_quorum_max_memory_length, rabbit_quorum_queue, \
    rabbit_retry_backoff, rabbit_retry_interval, rabbit_stream_fanout, rabbit_transient_queues_ttl, \
    rabbit_transient_quorum_queue, ssl, ssl_ca_file, ssl_cert_file, ssl_key_file, use_queue_manager";

/// Whether the driver follows the option called `name`.
#[cfg(feature = "oslo-config")]
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.split(", ").any(|known| known == name)
}

impl Options {
    /// Reads a URL. With `has_provider`, its users and passwords do not count: somebody is asked for them.
    pub(crate) fn new(url: &TransportUrl, has_provider: bool) -> Result<Self, UrlError> {
        let mut ssl = false;
        let mut tls = TlsOptions::default();
        let mut topology = TopologyOptions::default();
        let mut login = Login::Plain;
        let mut heartbeat = 60;
        let mut connect_timeout = Duration::from_secs(10);
        // oslo.messaging waits 1, 3, 5 and up to 30 seconds: for half a minute after the broker came back,
        // nothing would work. A refused connection costs next to nothing, and jitter spreads them.
        let mut backoff = Backoff {
            interval: Duration::from_millis(100),
            step: Duration::from_millis(200),
            max: Duration::from_millis(500),
        };
        let mut prefetch = 0;
        let mut missing_reply_queue = Duration::from_secs(60);
        let mut compression = None;
        let mut without_effect = Vec::new();
        for (name, value) in url.options() {
            let option = Given { name, value };
            match name.as_str() {
                "amqp_durable_queues" => topology.durable_queues = option.boolean()?,
                "amqp_auto_delete" => topology.auto_delete = option.boolean()?,
                "rabbit_quorum_queue" => topology.quorum_queue = option.boolean()?,
                "rabbit_quorum_delivery_limit" => {
                    topology.quorum.delivery_limit = option.number(-1, u32::MAX.into())?;
                }
                "rabbit_quorum_max_memory_length" => {
                    topology.quorum.max_memory_length = option.number(0, u32::MAX)?;
                }
                "rabbit_quorum_max_memory_bytes" => {
                    topology.quorum.max_memory_bytes = option.number(0, u32::MAX)?;
                }
                "rabbit_transient_quorum_queue" => {
                    topology.transient_quorum_queue = option.boolean()?;
                }
                // RabbitMQ keeps the time in milliseconds, in 32 bits.
                "rabbit_transient_queues_ttl" => topology.ttl = option.number(0, 4_294_967)?,
                "rabbit_stream_fanout" => topology.stream_fanout = option.boolean()?,
                "use_queue_manager" => topology.queue_manager = option.boolean()?,
                "hostname" => topology.host_name = Some(option.text()?),
                "processname" => topology.process_name = Some(option.text()?),
                "rabbit_qos_prefetch_count" => prefetch = option.number(0, u16::MAX)?,
                "heartbeat_timeout_threshold" => heartbeat = option.number(0, u16::MAX)?,
                "rabbit_connect_timeout" => connect_timeout = option.seconds(0.001, 3600.0)?,
                "rabbit_retry_interval" => backoff.interval = option.seconds(0.001, 3600.0)?,
                "rabbit_retry_backoff" => backoff.step = option.seconds(0.0, 3600.0)?,
                "rabbit_interval_max" => backoff.max = option.seconds(0.001, 3600.0)?,
                "kombu_missing_consumer_retry_timeout" => {
                    missing_reply_queue = option.seconds(0.0, 3600.0)?;
                }
                "kombu_compression" => compression = option.compression()?,
                "rabbit_login_method" => login = option.login()?,
                "ssl" => ssl = option.boolean()?,
                "ssl_ca_file" => tls.ca = Some(option.text()?),
                "ssl_cert_file" => tls.cert = Some(option.text()?),
                "ssl_key_file" => tls.key = Some(option.text()?),
                _ => match effect(name) {
                    UrlEffect::Without(_) => without_effect.push(name.clone()),
                    UrlEffect::Refused(why) => option.refuse(why)?,
                    UrlEffect::Other => {
                        return Err(UrlError::UnknownOption(
                            name.clone(),
                            format!(": it knows {KNOWN}"),
                        ));
                    }
                },
            }
        }
        let tls = check_tls(ssl, tls)?;
        topology.check(prefetch)?;
        if login == Login::External {
            check_external(tls.as_ref(), has_provider)?;
        }
        let needs_user = login != Login::External && !has_provider;
        Ok(Self {
            hosts: addresses(url.hosts(), tls.is_some(), needs_user)?,
            virtual_host: url.virtual_host().unwrap_or("/").to_owned(),
            login,
            heartbeat,
            connect_timeout,
            backoff,
            prefetch,
            missing_reply_queue,
            compression,
            topology,
            tls,
            without_effect,
        })
    }
}

/// The user is the client's certificate's.
fn check_external(tls: Option<&TlsOptions>, has_provider: bool) -> Result<(), UrlError> {
    let instead = if tls.is_none_or(|tls| tls.cert.is_none()) {
        "set `ssl=true`, `ssl_cert_file` and `ssl_key_file`"
    } else if has_provider {
        "leave the provider of credentials out"
    } else {
        return Ok(());
    };
    Err(UrlError::Conflict(format!(
        "`rabbit_login_method=EXTERNAL` takes the user from the client's certificate: {instead}"
    )))
}

fn addresses(hosts: &[Host], tls: bool, needs_user: bool) -> Result<Vec<Address>, UrlError> {
    let default_port = if tls { 5671 } else { 5672 };
    if hosts.is_empty() {
        return Ok(vec![Address {
            name: "localhost".into(),
            port: default_port,
            user: "guest".into(),
            password: Secret::new("guest"),
        }]);
    }
    hosts
        .iter()
        .map(|host| {
            let user = match &host.user {
                Some(user) => user.clone(),
                None if !needs_user => String::new(),
                None => {
                    return Err(UrlError::Conflict(format!(
                        "host `{host}` has no user: write `user:password@` before each host"
                    )));
                }
            };
            Ok(Address {
                name: host.name.clone(),
                port: host.port.unwrap_or(default_port),
                user,
                password: host.password.clone().unwrap_or_default(),
            })
        })
        .collect()
}

/// A certificate that would be ignored is worse than none: who names one means to be safe.
fn check_tls(ssl: bool, tls: TlsOptions) -> Result<Option<TlsOptions>, UrlError> {
    let TlsOptions { ca, cert, key } = &tls;
    if !ssl {
        return if ca.is_some() || cert.is_some() || key.is_some() {
            Err(UrlError::Conflict("`ssl_…_file` needs `ssl=true`".into()))
        } else {
            Ok(None)
        };
    }
    if cfg!(not(feature = "tls")) {
        return Err(UrlError::Conflict(
            "`ssl=true` needs rpc-runtime built with its feature `tls`".into(),
        ));
    }
    if cert.is_some() != key.is_some() {
        return Err(UrlError::Conflict(
            "`ssl_cert_file` and `ssl_key_file` go together".into(),
        ));
    }
    Ok(Some(tls))
}

/// One option as written.
struct Given<'a> {
    name: &'a str,
    value: &'a str,
}

impl Given<'_> {
    fn bad(&self, reason: impl Into<String>) -> UrlError {
        UrlError::BadOption {
            name: self.name.to_owned(),
            value: self.value.to_owned(),
            reason: reason.into(),
        }
    }

    /// What oslo.config takes for a boolean.
    fn boolean(&self) -> Result<bool, UrlError> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(self.bad("write true or false")),
        }
    }

    fn number<T: FromStr + PartialOrd + Display + Copy>(
        &self,
        min: T,
        max: T,
    ) -> Result<T, UrlError> {
        match self.value.parse::<T>() {
            Ok(number) if number >= min && number <= max => Ok(number),
            _ => Err(self.bad(format!("write a whole number from {min} to {max}"))),
        }
    }

    fn seconds(&self, min: f64, max: f64) -> Result<Duration, UrlError> {
        match self.value.parse::<f64>() {
            // In that range, which excludes what is no number, nothing can fail.
            Ok(seconds) if seconds >= min && seconds <= max => Ok(Duration::from_secs_f64(seconds)),
            _ => Err(self.bad(format!("write seconds, from {min} to {max}"))),
        }
    }

    /// Takes no value but those by which the option does nothing: false, or none.
    fn refuse(&self, why: &str) -> Result<(), UrlError> {
        match self.value {
            "" => Ok(()),
            _ if matches!(self.boolean(), Ok(false)) => Ok(()),
            _ => Err(self.bad(why)),
        }
    }

    fn login(&self) -> Result<Login, UrlError> {
        match self.value.to_ascii_uppercase().as_str() {
            "PLAIN" => Ok(Login::Plain),
            "AMQPLAIN" => Ok(Login::AmqPlain),
            "EXTERNAL" => Ok(Login::External),
            _ => Err(self.bad("write PLAIN, AMQPLAIN or EXTERNAL")),
        }
    }

    /// kombu, too, takes nothing for no compression.
    fn compression(&self) -> Result<Option<Compression>, UrlError> {
        if self.value.is_empty() {
            return Ok(None);
        }
        match Compression::named(self.value) {
            Some(compression) => Ok(Some(compression)),
            None => Err(self.bad("write gzip or bzip2, or leave it out")),
        }
    }

    fn text(&self) -> Result<String, UrlError> {
        match self.value {
            "" => Err(self.bad("write a value, or leave it out")),
            text => Ok(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Options, UrlError> {
        Options::new(&url.parse()?, false)
    }

    #[test]
    fn hosts_take_their_defaults() {
        let options = read("rabbit:///").unwrap();
        let host = &options.hosts[0];
        assert_eq!(
            (&*host.name, host.port, &*host.user),
            ("localhost", 5672, "guest")
        );
        assert_eq!(options.virtual_host, "/");
        let options = read("rabbit://u:p@a,v:q@[::1]:7/x%2Fy").unwrap();
        assert_eq!(options.hosts[0].port, 5672);
        assert_eq!((&*options.hosts[1].name, options.hosts[1].port), ("::1", 7));
        assert_eq!(options.virtual_host, "x/y");
        assert!(matches!(read("rabbit://h/"), Err(UrlError::Conflict(why)) if why.contains("`h`")));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn tls_moves_the_port_and_must_be_whole() {
        assert_eq!(read("rabbit:///?ssl=1").unwrap().hosts[0].port, 5671);
        for url in [
            "rabbit:///?ssl_ca_file=x",
            "rabbit:///?ssl=1&ssl_cert_file=x",
            "rabbit:///?rabbit_login_method=external",
        ] {
            assert!(matches!(read(url), Err(UrlError::Conflict(_))), "{url}");
        }
    }

    #[test]
    fn each_bad_option_says_what_may_be_written() {
        for (query, hint) in [
            ("amqp_durable_queues=maybe", "true or false"),
            ("heartbeat_timeout_threshold=-1", "0 to 65535"),
            ("rabbit_retry_interval=x", "seconds"),
            ("rabbit_connect_timeout=NaN", "seconds"),
            ("rabbit_login_method=RABBIT-CR-DEMO", "PLAIN"),
            ("ssl_enforce_fips_mode=true", "FIPS"),
            ("kombu_compression=lzma", "gzip or bzip2"),
            ("ssl_ca_file=", "leave it out"),
            ("durable=1", "amqp_durable_queues"),
            ("rabbit_stream_fanout=1", "rabbit_qos_prefetch_count"),
            (
                "rabbit_stream_fanout=1&rabbit_qos_prefetch_count=1",
                "rabbit_transient_quorum_queue",
            ),
        ] {
            let error = read(&format!("rabbit:///?{query}")).unwrap_err();
            assert!(error.to_string().contains(hint), "{query}: {error}");
        }
    }

    #[test]
    fn options_that_change_nothing_are_taken_and_named() {
        let options = read(
            "rabbit:///?conn_pool_ttl=1200&ssl_version=TLSv1_2&ssl_enforce_fips_mode=false\
             &kombu_compression=&heartbeat_in_pthread=1",
        );
        let named = options.unwrap().without_effect;
        assert_eq!(
            named,
            ["conn_pool_ttl", "ssl_version", "heartbeat_in_pthread"]
        );
    }

    #[cfg(feature = "tls")]
    #[test]
    fn who_is_asked_for_credentials_takes_the_place_of_the_urls_users() {
        let asked = Options::new(&"rabbit://h/".parse().unwrap(), true).unwrap();
        assert_eq!(asked.hosts[0].user, "");
        let external =
            "rabbit://h/?rabbit_login_method=EXTERNAL&ssl=1&ssl_cert_file=c&ssl_key_file=k";
        let error = Options::new(&external.parse().unwrap(), true).unwrap_err();
        assert!(error.to_string().contains("provider"), "{error}");
    }

    #[test]
    fn attempts_are_a_second_apart_at_most() {
        let backoff = read("rabbit:///").unwrap().backoff;
        let delays: Vec<_> = [1, 2, 3, 4, 5, u32::MAX]
            .map(|n| backoff.delay(n).as_millis())
            .into();
        assert_eq!(delays, [100, 300, 500, 500, 500, 500]);
    }

    #[test]
    fn no_password_is_shown() {
        let text = format!("{:?}", read("rabbit://u:hunter2@h/").unwrap());
        assert!(!text.contains("hunter2"), "{text}");
    }
}
