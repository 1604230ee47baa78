//! The options of a `rabbit://` URL: reads them into [`Settings`].
//!
//! Options have oslo.messaging's names. All of them are read when the transport is made, so that a bad one fails at
//! startup. An unknown option is an error that lists the known ones. An option of oslo.messaging that has no effect
//! here is accepted (see [`effects`](super::effects)). Nothing in this module connects, and it owns no state.

mod url_option;

use std::time::Duration;

use super::backoff::Backoff;
use super::effects::{UrlEffect, effect};
use super::settings::{Address, Login, Settings, TlsSettings, TopologySettings};
use crate::transport::{Host, Secret, TransportUrl, UrlError};

use url_option::UrlOption;

/// The options that the driver follows.
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

impl Settings {
    /// Reads a URL. With `has_provider`, a provider gives the credentials, and the URL needs none.
    pub(crate) fn from_url(url: &TransportUrl, has_provider: bool) -> Result<Self, UrlError> {
        let mut ssl = false;
        let mut tls = TlsSettings::default();
        let mut topology = TopologySettings::default();
        let mut login = Login::Plain;
        let mut heartbeat = 60;
        let mut connect_timeout = Duration::from_secs(10);
        // oslo.messaging waits for 1, 3, 5 and up to 30 seconds, so it may notice the broker's return half a minute
        // late. Short waits are affordable: a refused connection costs little, and jitter spreads the attempts.
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
            let option = UrlOption { name, value };
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
                // RabbitMQ holds the time in milliseconds, in 32 bits.
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
                            format!(": use one of {KNOWN}"),
                        ));
                    }
                },
            }
        }
        let tls = check_tls(ssl, tls)?;
        check_topology(&topology, prefetch)?;
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

/// With `EXTERNAL`, the client's certificate names the user: TLS is needed, and a provider of credentials is refused.
fn check_external(tls: Option<&TlsSettings>, has_provider: bool) -> Result<(), UrlError> {
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

/// The hosts of a URL with their defaults.
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

/// Refuses TLS files without `ssl=true`: they would be ignored, although their user expects TLS.
fn check_tls(ssl: bool, tls: TlsSettings) -> Result<Option<TlsSettings>, UrlError> {
    let TlsSettings { ca, cert, key } = &tls;
    if !ssl {
        return if ca.is_some() || cert.is_some() || key.is_some() {
            Err(UrlError::Conflict(
                "`ssl_…_file` needs `ssl=true`: set it, or leave the files out".into(),
            ))
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
            "`ssl_cert_file` and `ssl_key_file` need each other: set both, or neither".into(),
        ));
    }
    Ok(Some(tls))
}

/// Refuses `rabbit_stream_fanout` without the options that it needs, as oslo.messaging does.
fn check_topology(topology: &TopologySettings, prefetch: u16) -> Result<(), UrlError> {
    if !topology.stream_fanout {
        return Ok(());
    }
    let missing = if prefetch == 0 {
        "`rabbit_qos_prefetch_count` above 0"
    } else if !topology.transient_quorum_queue {
        "`rabbit_transient_quorum_queue=true`"
    } else {
        return Ok(());
    };
    Err(UrlError::Conflict(format!(
        "`rabbit_stream_fanout` needs {missing}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Settings, UrlError> {
        Settings::from_url(&url.parse()?, false)
    }

    #[test]
    fn hosts_have_defaults() {
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
    fn tls_changes_the_default_port_and_needs_all_its_files() {
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
    fn each_bad_option_is_refused_with_a_hint() {
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
    fn options_without_effect_are_accepted_and_listed() {
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
    fn with_a_provider_of_credentials_the_url_needs_no_users() {
        let asked = Settings::from_url(&"rabbit://h/".parse().unwrap(), true).unwrap();
        assert_eq!(asked.hosts[0].user, "");
        let external =
            "rabbit://h/?rabbit_login_method=EXTERNAL&ssl=1&ssl_cert_file=c&ssl_key_file=k";
        let error = Settings::from_url(&external.parse().unwrap(), true).unwrap_err();
        assert!(error.to_string().contains("provider"), "{error}");
    }

    #[test]
    fn by_default_attempts_are_at_most_half_a_second_apart() {
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
