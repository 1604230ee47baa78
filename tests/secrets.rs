//! No output contains a password. The test has a program of its own, since it records the log of all crates at every
//! level.

mod log;

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::Duration;

use log::Log;
use rpc_runtime::{CallOptions, Error, RpcClient, Server, Target, Transport, TransportUrl, args};
use rpc_tests::{broker_tls_port, broker_url, rabbitmqctl, tls_file, unique_topic};
use tracing_subscriber::fmt::format::FmtSpan;

/// A text in each password, and in nothing else here.
const MARK: &str = "hunter2";
const USER: &str = "careful";
/// The password, encoded for a URL.
const PASSWORD: &str = "hunter2%2Fse%3Acret%40sauce";
const WRONG: &str = "hunter2%2Fwrong";
/// The body of a message.
const BODY: &str = "a-body-that-is-nobodys-business";

/// All output so far.
struct Record(Log);

impl Record {
    /// Records everything that is logged from now on.
    fn of_all_logs() -> Self {
        let log = Log::default();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(log.clone())
            .init();
        Self(log)
    }

    fn add(&self, text: &str) {
        let line = format!("{text}\n");
        let written = self.0.clone().write_all(line.as_bytes());
        written.expect("it is kept in memory");
    }

    /// Records the `Debug` forms of a value.
    fn debug(&self, value: &dyn fmt::Debug) {
        self.add(&format!("{value:?}\n{value:#?}"));
    }

    fn error(&self, error: &Error) {
        self.debug(error);
        self.add(&error.to_string());
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            self.add(&format!("{cause} {cause:?}"));
            source = cause.source();
        }
    }

    fn text(&self) -> String {
        self.0.lines("").join("\n")
    }
}

/// The forms in which the mark could appear.
fn forms() -> Vec<String> {
    let bytes = MARK.as_bytes();
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let list = format!("{bytes:?}");
    let mut forms = vec![
        MARK.to_owned(),
        hex.to_uppercase(),
        hex,
        list.trim_matches(['[', ']']).to_owned(),
        format!("{bytes:02x?}").trim_matches(['[', ']']).to_owned(),
    ];
    forms.extend((0..3).map(|offset| base64_inner(bytes, offset)));
    forms
}

/// The base64 digits that depend only on `bytes`, if `bytes` begin at `offset` within a group of three.
fn base64_inner(bytes: &[u8], offset: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = std::iter::repeat_n(0, offset * 8)
        .chain(
            bytes
                .iter()
                .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)),
        )
        .collect();
    bits.chunks_exact(6)
        .skip((offset * 8).div_ceil(6))
        .map(|six| {
            six.iter()
                .fold(0, |digit, bit| digit << 1 | usize::from(*bit))
        })
        .map(|digit| char::from(DIGITS[digit]))
        .collect()
}

fn assert_no_password(text: &str) {
    for form in forms() {
        if let Some(line) = text.lines().find(|line| line.contains(&form)) {
            panic!("a password, as `{form}`, in: {line}");
        }
    }
}

#[test]
fn a_password_is_found_in_each_form() {
    for offset in 0..3 {
        // The encodings of `xhunter2x`, `xxhunter2x` and `xxxhunter2x` by another program.
        let encoded = ["eHh4aHVudGVyMng=", "eGh1bnRlcjJ4", "eHhodW50ZXIyeA=="][offset];
        let form = base64_inner(MARK.as_bytes(), offset);
        assert!(encoded.contains(&form), "{form}");
    }
    for text in [
        format!("{:?}", b"\0user\0hunter2"),
        "68756e74657232".to_owned(),
        format!("rabbit://user:{PASSWORD}@host"),
    ] {
        assert!(std::panic::catch_unwind(|| assert_no_password(&text)).is_err());
    }
}

/// A transport with the user `USER`.
fn transport(record: &Record, password: &str, address: &str, options: &str) -> Transport {
    let base = broker_url();
    let (_, virtual_host) = base.rsplit_once('/').expect("a virtual host");
    let url = format!("rabbit://{USER}:{password}@{address}/{virtual_host}?{options}");
    let parsed: TransportUrl = url.parse().expect("a URL");
    record.debug(&parsed);
    record.add(&parsed.to_string());
    let transport = Transport::new(&url).expect("a transport");
    record.debug(&transport);
    transport
}

fn once() -> CallOptions {
    let once = CallOptions::new().retry(0).queue_wait(Duration::ZERO);
    once.timeout(Duration::from_secs(20))
}

/// Makes calls and casts, and provokes their errors on an open connection.
async fn use_it(record: &Record, transport: &Transport) {
    let topic = unique_topic("secrets");
    let builder = Server::builder(transport, "one").topic(&topic).ping(true);
    record.debug(&builder);
    let server = builder.start().await.expect("a server");
    let client = RpcClient::new(transport, Target::new(&topic)).prepare(once());
    record.debug(&client);
    record.debug(&once());
    client.ping().await.expect("a pong");
    let marked = args! { marked: BODY };
    client.cast(&(), "unknown", marked).await.expect("a cast");
    let unknown = client.call::<()>(&(), "unknown", args! {}).await;
    record.error(&unknown.expect_err("no such method"));
    let nobody = RpcClient::new(transport, Target::new(unique_topic("nobody"))).prepare(once());
    let lost = nobody.cast(&(), "lost", args! {}).await;
    record.error(&lost.expect_err("nobody serves that"));

    // The broker closes all connections, and the transport connects again.
    let _ = rabbitmqctl(&["close_all_connections", "away for a moment"]);
    let patient = client.prepare(CallOptions::new().timeout(Duration::from_secs(30)));
    patient.ping().await.expect("a pong again");
    server.stop().await;
    transport.close().await;
    record.debug(transport);
}

/// The error of a call that cannot be sent.
async fn refused(record: &Record, transport: &Transport) -> String {
    let client = RpcClient::new(transport, Target::new("secrets")).prepare(once());
    let refused = client.cast(&(), "never", args! {}).await;
    let error = refused.expect_err("no connection");
    record.error(&error);
    record.debug(transport);
    transport.close().await;
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn no_output_at_any_level_holds_a_password() {
    let plain_password = PASSWORD
        .replace("%2F", "/")
        .replace("%3A", ":")
        .replace("%40", "@");
    let _ = rabbitmqctl(&["add_user", USER, &plain_password]);
    let _ = rabbitmqctl(&["set_permissions", "-p", "rpc/tests", USER, ".*", ".*", ".*"]);
    let record = Record::of_all_logs();
    let base: TransportUrl = broker_url().parse().expect("a URL");
    let port = base.hosts()[0].port.expect("a port");
    let broker = format!("127.0.0.1:{port}");

    for method in ["PLAIN", "AMQPLAIN"] {
        let options = format!("rabbit_login_method={method}");
        use_it(&record, &transport(&record, PASSWORD, &broker, &options)).await;
        let why = refused(&record, &transport(&record, WRONG, &broker, &options)).await;
        assert!(why.contains("ACCESS_REFUSED"), "{why}");
    }
    let tls = format!("localhost:{}", broker_tls_port());
    for (ca, works) in [("ca.pem", true), ("other-ca.pem", false)] {
        let file = tls_file(ca);
        let options = format!("ssl=true&ssl_ca_file={}", file.display());
        let transport = transport(&record, PASSWORD, &tls, &options);
        if works {
            use_it(&record, &transport).await;
        } else {
            let _ = refused(&record, &transport).await;
        }
    }
    // A port without a listener, and a broker that gets the wrong protocol.
    for (address, options) in [
        ("127.0.0.1:1", ""),
        (tls.as_str(), ""),
        (&broker, "ssl=true"),
    ] {
        let _ = refused(&record, &transport(&record, PASSWORD, address, options)).await;
    }
    for bad in ["", "host:port", "[host", "h/?unknown=1", "h/?ssl_ca_file=x"] {
        let error = Transport::new(&format!("rabbit://{USER}:{PASSWORD}@{bad}"));
        record.error(&error.expect_err("a bad URL"));
    }

    let text = record.text();
    assert_no_password(&text);
    assert!(!text.contains(BODY), "a message's body was logged");
    // Without a log, the test would prove nothing.
    for heard in ["DEBUG rpc_runtime", "WARN rpc_runtime", USER] {
        assert!(text.contains(heard), "nothing was heard of {heard}");
    }
    // lapin would log frames, so only this library may log. lapin's thread begins with a span without fields, before it
    // can be silenced.
    let is_span = |line: &str| {
        [": new", ": enter", ": exit", ": close"]
            .iter()
            .any(|event| line.contains(&format!(" io_loop: lapin::io_loop{event}")))
    };
    let of_lapin = text
        .lines()
        .find(|line| line.contains(" lapin::") && !is_span(line));
    assert_eq!(of_lapin, None);
}
