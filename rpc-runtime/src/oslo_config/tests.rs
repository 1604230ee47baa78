//! Options have their effects, and errors name the option and its file. Other tests, which need Python,
//! compare the parsing of files with oslo.config.

use std::fmt::Write as _;
use std::time::Duration;

use super::*;
use crate::Target;

fn config(text: &str) -> OsloConfig {
    let builder = OsloConfig::builder().text("x.conf", text);
    builder.environment([("", ""); 0]).read().unwrap()
}

#[tokio::test]
async fn clients_and_servers_use_the_defaults_of_their_transport() {
    let transport = config(
        "[DEFAULT]\ntransport_url=memory://\ncontrol_exchange=nova\nrpc_response_timeout=7\n\
         rpc_thread_pool_size=3\nrpc_ping_enabled=yes\n",
    );
    let transport = transport.transport().unwrap();
    let defaults = transport.defaults();
    assert_eq!(defaults.timeout, Some(Duration::from_secs(7)));
    assert_eq!((defaults.concurrency, defaults.ping), (Some(3), true));
    let exchange = |target| {
        let client = RpcClient::new(&transport, target);
        client.target().exchange.clone()
    };
    assert_eq!(exchange(Target::new("t")).as_deref(), Some("nova"));
    assert_eq!(
        exchange(Target::new("t").exchange("e")).as_deref(),
        Some("e")
    );
    let server = crate::Server::builder(&transport, "s").topic("t");
    let text = format!("{server:?}");
    for part in ["concurrency: 3", "ping: true"] {
        assert!(text.contains(part), "{text}");
    }
    let server = server.start().await.unwrap();
    assert_eq!(server.target().exchange.as_deref(), Some("nova"));
    server.stop().await;
}

#[test]
fn the_url_takes_precedence_over_the_group_and_the_environment_over_files() {
    let text = "[DEFAULT]\ntransport_url = rabbit://u:p@h/v?ssl=false\n[Oslo_Messaging_Rabbit]\nssl=true\n\
                kombu_reconnect_timeout=5\nssl_ca_file=\nconn_pool_ttl=3\nrabbit_connect_timeout=2\nfake_rabbit=1\n";
    let config = OsloConfig::builder()
        .text("x.conf", text)
        .environment([("OS_OSLO_MESSAGING_RABBIT__RABBIT_QUORUM_QUEUE", "on")])
        .read()
        .unwrap();
    let url = config.transport_url().unwrap();
    assert_eq!(
        url.to_string(),
        "rabbit://u:***@h/v?ssl=false&kombu_missing_consumer_retry_timeout=5\
         &rabbit_connect_timeout=2&rabbit_quorum_queue=on"
    );
    assert!(config.transport().is_ok());
}

#[test]
fn errors_name_the_option_and_its_file() {
    for (text, parts) in [
        (
            "[DEFAULT]\nrpc_response_timeout=",
            &["`rpc_response_timeout`", "x.conf", "at least 0"][..],
        ),
        ("[DEFAULT]\nexecutor_thread_pool_size=0", &["at least 1"]),
        (
            "[DEFAULT]\nrpc_ping_enabled=maybe",
            &["x.conf", "true or false"],
        ),
        ("[DEFAULT]\ncontrol_exchange=", &["write a name"]),
        ("[DEFAULT]\ntransport_url=kafka://h", &["driver `kafka`"]),
        (
            "[oslo_messaging_rabbit]\nssl=2",
            &["[oslo_messaging_rabbit]", "x.conf", "true or false"],
        ),
        (
            "[oslo_messaging_rabbit]\nkombu_compression=lzma",
            &["x.conf", "gzip or bzip2"],
        ),
        (
            "[oslo_messaging_rabbit]\nssl_enforce_fips_mode=on",
            &["FIPS"],
        ),
        (
            "[oslo_messaging_rabbit]\nrabbit_login_method=RABBIT-CR-DEMO",
            &["PLAIN"],
        ),
        (
            "[DEFAULT]\ncontrol_exchange=$control_exchange",
            &["refers to itself"],
        ),
    ] {
        let error = config(text).transport().unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
    let missing = OsloConfig::from_files(["/nonexistent/x.conf"]).unwrap_err();
    assert!(
        missing.to_string().contains("/nonexistent/x.conf"),
        "{missing}"
    );
}

#[test]
fn no_password_is_shown() {
    let text = "[DEFAULT]\ntransport_url = rabbit://u:a$hunter2@h/";
    let read = config(text);
    let error = read.transport().unwrap_err();
    let builder = OsloConfig::builder().text("x.conf", text);
    for text in [
        format!("{read:?}"),
        format!("{builder:?}"),
        error.to_string(),
    ] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(error.to_string().contains("`$$`"), "{error}");
}

#[test]
fn a_directory_is_read_in_the_order_of_its_names() {
    let directory = std::env::temp_dir().join(format!("oslo-config-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    for (name, value) in [
        ("b.conf", "2"),
        ("a.conf", "1"),
        (".c.conf", "3"),
        ("d.txt", "4"),
    ] {
        std::fs::write(directory.join(name), format!("[own]\nx={value}\n")).unwrap();
    }
    let config = OsloConfig::builder().directory(&directory).read();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(config.unwrap().get_all("own", "x").unwrap(), ["1", "2"]);
}

#[test]
fn upgrade_levels_cap_a_client() {
    let config = config("[upgrade_levels]\ncompute=2.3\nempty=\n");
    let transport = Transport::new("memory://").unwrap();
    let cap = |interface: &str| {
        let builder = RpcClient::builder(&transport, Target::new("t"));
        let client: RpcClient = builder
            .upgrade_level(&config, interface)
            .unwrap()
            .build()
            .unwrap();
        client.version_cap()
    };
    assert_eq!(cap("compute"), Some((2, 3).into()));
    assert_eq!((cap("empty"), cap("other")), (None, None));
}

/// The driver and the catalogue must agree about each option.
#[test]
fn the_driver_accepts_exactly_the_honoured_options() {
    for option in OPTIONS.iter().filter(|option| option.group == RABBIT) {
        let honoured = option.effect == Effect::Honoured;
        assert_eq!(is_rabbit_option(option.name), honoured, "{option:?}");
    }
}

#[test]
fn the_documentation_lists_each_option() {
    let mut table = String::new();
    for option in OPTIONS.iter() {
        let effect = match option.effect {
            Effect::Honoured => "honoured".into(),
            Effect::None(why) => format!("no effect: {why}"),
            Effect::Refused(why) => format!("refused: {why}"),
        };
        let deprecated = match option.deprecated {
            [] => String::new(),
            names => format!(", once `{}`", names.join("`, `")),
        };
        writeln!(
            table,
            "| `{}` | `{}`{deprecated} | {effect} |",
            option.group, option.name
        )
        .unwrap();
    }
    let documented = include_str!("options.md");
    assert!(
        documented.contains(&table),
        "options.md lacks, as it must stand there:\n{table}"
    );
}
