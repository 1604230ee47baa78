//! Configuration files: their values are compared with those of oslo.config, and the list of options with that of the
//! installed oslo.messaging.

mod log;

use rpc_runtime::Transport;
use rpc_runtime::oslo_config::{OsloConfig, OsloOption};
use rpc_tests::{Python, Seeded};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

/// Python's description of one option of oslo.messaging.
#[derive(Debug, Deserialize)]
struct Listed {
    group: String,
    name: String,
    deprecated: Vec<String>,
    /// The other groups of its deprecated names.
    groups: Vec<String>,
    default: Value,
}

/// The values that Python reads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Read {
    /// The files cannot be read.
    #[expect(dead_code, reason = "shown when a test fails")]
    Raised(String),
    Values(Vec<Found>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Found {
    #[expect(dead_code, reason = "shown when a test fails")]
    Raised(String),
    Value(Value),
}

/// The lines that `run` logs, from `INFO` on.
fn logged(run: impl FnOnce()) -> Vec<String> {
    let log = log::Log::default();
    let guard = log.install_at(LevelFilter::INFO);
    run();
    drop(guard);
    log.lines("")
}

/// Programs in both languages share one URL, or one file.
#[test]
fn one_line_names_the_options_that_change_nothing() {
    let url = "rabbit://u:p@h/?conn_pool_ttl=9&ssl=false&kombu_failover_strategy=shuffle";
    let lines = logged(|| drop(Transport::new(url).unwrap()));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("INFO"), "{lines:?}");
    assert!(
        lines[0].contains("conn_pool_ttl, kombu_failover_strategy"),
        "{lines:?}"
    );

    let text = "[oslo_messaging_rabbit]\nheartbeat_rate=3\nkombu_reconnect_timeout=5\nrabbit_userid=x\n\
                [oslo_messaging_notifications]\ndriver=noop\n";
    let config = OsloConfig::builder().text("x.conf", text).read().unwrap();
    let lines = logged(|| drop(config.transport().unwrap()));
    let [idle, unknown] = &lines[..] else {
        panic!("{lines:?}");
    };
    let named = "[oslo_messaging_rabbit] heartbeat_rate, [oslo_messaging_notifications] driver";
    assert!(idle.contains("INFO") && idle.contains(named), "{idle}");
    assert!(
        unknown.contains("WARN") && unknown.contains("rabbit_userid"),
        "{unknown}"
    );
    assert!(!unknown.contains("kombu_reconnect_timeout"), "{unknown}");
}

type Options<'a> = &'a [(&'a str, &'a str)];

/// Reads the files on both sides, and fails if the values differ. Returns whether the files can be read.
async fn compare(
    python: &mut Python,
    files: &[&str],
    environment: Options<'_>,
    options: Options<'_>,
) -> bool {
    let case = format!("{files:#?} {environment:?}");
    let variables: serde_json::Map<_, _> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let request =
        json!({ "op": "read", "files": files, "environment": variables, "options": options });
    let theirs: Read = python.ask(request).await.expect("an answer");
    let mut builder = OsloConfig::builder().environment(environment.iter().copied());
    for (index, text) in files.iter().enumerate() {
        builder = builder.text(format!("{index}.conf"), *text);
    }
    let (ours, theirs) = match (builder.read(), theirs) {
        (Err(_), Read::Raised(_)) => return false,
        (Ok(ours), Read::Values(theirs)) => (ours, theirs),
        (ours, theirs) => panic!("{case}: {ours:?} here, {theirs:?} in Python"),
    };
    for (&(group, name), theirs) in options.iter().zip(theirs) {
        let agree = match &theirs {
            Found::Value(Value::Array(values)) => {
                let ours = ours.get_all(group, name);
                ours.is_ok_and(|ours| {
                    values
                        .iter()
                        .map(Value::as_str)
                        .eq(ours.iter().map(|it| Some(&**it)))
                })
            }
            Found::Value(value) => match ours.get(group, name) {
                Ok(Some(ours)) => is_text_of(&ours, value),
                Ok(None) => default(group, name).is_none_or(|default| is_text_of(default, value)),
                Err(_) => false,
            },
            Found::Raised(_) => ours.get(group, name).is_err(),
        };
        assert!(
            agree,
            "{case}: [{group}] {name} is {:?} here, {theirs:?} in Python",
            ours.get_all(group, name)
        );
    }
    true
}

fn default(group: &str, name: &str) -> Option<&'static str> {
    let mut options = OsloConfig::options().iter();
    let option = options.find(|option| option.group == group && option.name == name);
    option.and_then(|option| option.default)
}

/// Whether `text`, as written in a file, equals the `value` that Python read.
fn is_text_of(text: &str, value: &Value) -> bool {
    match value {
        Value::Bool(value) => match text.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => *value,
            "false" | "no" | "off" | "0" => !*value,
            _ => false,
        },
        Value::Number(number) => text.trim().parse().ok() == number.as_f64(),
        Value::String(value) => value == text,
        Value::Array(values) => {
            let texts = text.split(',').filter(|text| !text.is_empty());
            values.iter().map(Value::as_str).eq(texts.map(Some))
        }
        Value::Null | Value::Object(_) => false,
    }
}

/// The options that are compared in each case.
const COMPARED: Options<'_> = &[
    ("DEFAULT", "a"),
    ("DEFAULT", "b"),
    ("DEFAULT", "many"),
    ("own", "a"),
    ("own", "b"),
    ("own", "c"),
    ("own", "many"),
    ("upgrade_levels", "compute"),
    ("DEFAULT", "transport_url"),
    ("DEFAULT", "control_exchange"),
    ("DEFAULT", "rpc_response_timeout"),
    ("DEFAULT", "executor_thread_pool_size"),
    ("DEFAULT", "rpc_ping_enabled"),
    (
        "oslo_messaging_rabbit",
        "kombu_missing_consumer_retry_timeout",
    ),
    ("oslo_messaging_rabbit", "ssl"),
    ("oslo_messaging_rabbit", "ssl_ca_file"),
    ("oslo_messaging_rabbit", "kombu_reconnect_delay"),
];

/// The cases: files, and variables of the environment.
const CASES: &[(&[&str], Options<'_>)] = &[
    (&[], &[]),
    (&[""], &[]),
    // Lines, quotes, comments, continuations.
    (
        &["[DEFAULT]\na = x \nb:'y '\n#c\n;d\n[own]\na=\"z\nb=q'\nc=\"\n"],
        &[],
    ),
    (&["[DEFAULT]\r\na=1\r\nb=2\ra=3\n"], &[]),
    (&["[DEFAULT]\na = one\n  two\n\tthree\n\nb=\n x\n"], &[]),
    (
        &["[DEFAULT]\na=x#y\nb = k=v:w\n[own]\na:=x\nb=:y\nc=é\u{a0}\n"],
        &[],
    ),
    (
        &["[DEFAULT]\na=\"x\" \"y\"\nb='\n[own]\na=''\nb=\"it's\"\nc='a\" \n"],
        &[],
    ),
    (
        &["[DEFAULT]\n[own]\na=1\n[DEFAULT]\na=2\n[own]\na=3\n"],
        &[],
    ),
    // Malformed files.
    (&["a=1"], &[]),
    (&["[DEFAULT]\na"], &[]),
    (&["[DEFAULT]\n=1"], &[]),
    (&["[DEFAULT\na=1"], &[]),
    (&["[]\na=1"], &[]),
    (&["[DEFAULT]\na=1\n\n b"], &[]),
    (&["[DEFAULT]\na=1\n# x\n b"], &[]),
    (&["\u{feff}[DEFAULT]\na=1"], &[]),
    (&["[DEFAULT]\na=1", "[DEFAULT"], &[]),
    // Groups, and their case.
    (
        &["[OWN]\na=1\n[Upgrade_Levels]\ncompute=auto\n[default]\na=no\n[ own ]\nb=no"],
        &[],
    ),
    // Several files, several values.
    (
        &[
            "[DEFAULT]\na=1\nb=1\nmany=1\nmany=2",
            "[DEFAULT]\na=2\nmany=3\n[own]\nmany=4",
        ],
        &[],
    ),
    // Deprecated names, in one file and in two.
    (
        &[
            "[DEFAULT]\nrpc_thread_pool_size = 5\n[oslo_messaging_rabbit]\nkombu_reconnect_timeout=7",
        ],
        &[],
    ),
    (
        &["[DEFAULT]\nrpc_thread_pool_size=5\nexecutor_thread_pool_size=6"],
        &[],
    ),
    (
        &[
            "[DEFAULT]\nexecutor_thread_pool_size=6",
            "[DEFAULT]\nrpc_thread_pool_size=5",
        ],
        &[],
    ),
    // The environment.
    (
        &["[DEFAULT]\na=file\nstate_path=/x\n[own]\nb=file\n[oslo_messaging_rabbit]\nssl=no"],
        &[
            ("OS_DEFAULT__A", "variable"),
            ("OS_OWN__B", " \"$state_path\" "),
            ("OS_OSLO_MESSAGING_RABBIT__SSL", "ON"),
            ("OS_UPGRADE_LEVELS__COMPUTE", ""),
            ("OS_DEFAULT__RPC_THREAD_POOL_SIZE", "9"),
            ("OS_OSLO_MESSAGING_RABBIT__KOMBU_RECONNECT_TIMEOUT", "9"),
        ],
    ),
    // Names in values.
    (
        &["[DEFAULT]\na=1\nb=$a-${a}b-$$a-\\$a-$-$9-${a-$own.b.\n[own]\nb=2\na=$b$c\nc=\"$a\"\n"],
        &[],
    ),
    (
        &[
            "[DEFAULT]\na=1\nb=$a.\n[own]\na=$state_path/x\n",
            "[DEFAULT]\nstate_path=$a/y",
        ],
        &[],
    ),
    (
        &["[DEFAULT]\na=$nobody\nb=${nobody.knows}\n[own]\na=$nobody\n"],
        &[],
    ),
    (&["[DEFAULT]\na=$a\nb=$own.c\n[own]\nc=$b\nb=$A"], &[]),
    (
        &[
            "[DEFAULT]\na=$control_exchange $rpc_response_timeout $rpc_ping_enabled $executor_thread_pool_size\n\
               b=$oslo_messaging_rabbit.ssl $oslo_messaging_rabbit.heartbeat_rate\nrpc_ping_enabled=YES\n\
               rpc_response_timeout= 07 \n",
        ],
        &[],
    ),
    (
        &[
            "[oslo_messaging_rabbit]\nssl_ca_file=/x/$control_exchange$ssl_version\nssl=$rpc_ping_enabled",
        ],
        &[],
    ),
    (
        &[
            "[DEFAULT]\ntransport_url = rabbit://u:p%40$$w@h:1,v:q@[::1]/x?ssl=1 \nrpc_response_timeout=180\n",
        ],
        &[],
    ),
    (
        &["[oslo_messaging_rabbit]\nkombu_reconnect_delay = 2.5\nssl_ca_file =\n"],
        &[],
    ),
];

#[tokio::test]
#[ignore = "needs oslo.messaging: tests/run"]
async fn files_are_read_as_oslo_config_reads_them() {
    let mut python = Python::spawn("oslo_config_reader.py", &[]).await;
    for (files, environment) in CASES {
        compare(&mut python, files, environment, COMPARED).await;
    }
    python.stop().await;
}

/// Files of random lines. Most are malformed, or refer to each other.
#[tokio::test]
#[ignore = "needs oslo.messaging: tests/run"]
async fn random_files_are_read_as_oslo_config_reads_them() {
    const NAMES: [&str; 5] = ["a", "b", "c", "state_path", "unused"];
    const PIECES: [&str; 20] = [
        "x", "$a", "${b}", "$own.c", "$$", "\\$", "$", "\"", "'", " ", "\t", ".", "$c", "é", "=",
        ":", "[", "]", "#", "${a",
    ];
    // Each name has a value, since Python returns a default for a registered option that is not set.
    const BASE: &str = "[DEFAULT]\na=1\nb=2\nc=0\nstate_path=3\n[own]\na=4\nb=5\nc=6\n";
    let options = [
        ("DEFAULT", "a"),
        ("DEFAULT", "b"),
        ("DEFAULT", "state_path"),
        ("own", "a"),
        ("own", "b"),
        ("own", "c"),
    ];
    let mut python = Python::spawn("oslo_config_reader.py", &[]).await;
    let mut readable = 0;
    for seed in 0..300 {
        let mut random = Seeded::new(seed);
        let mut text = "[DEFAULT]\n".to_owned();
        for _ in 0..random.below(12) {
            let mut value = || -> String {
                let count = random.below(6);
                (0..count).map(|_| *random.pick(&PIECES)).collect()
            };
            let value = value();
            let line = match random.below(24) {
                0 => "[own]".into(),
                1 => "[OWN]".into(),
                2 => "\r".into(),
                3 => format!("  {value}"),
                4 => format!("# {value}"),
                5 if random.below(8) == 0 => value,
                _ => {
                    let name = random.pick(&NAMES);
                    let sign = random.pick(&["=", ":", " = "]);
                    format!("{name}{sign}{value}")
                }
            };
            text.push_str(&line);
            text.push('\n');
        }
        readable += u32::from(compare(&mut python, &[BASE, &text], &[], &options).await);
    }
    assert!(
        (100..300).contains(&readable),
        "{readable} of 300 files can be read"
    );
    python.stop().await;
}

/// Finds the options of a new release: each option must be in one of the three lists.
#[tokio::test]
#[ignore = "needs oslo.messaging: tests/run"]
async fn the_list_of_options_is_the_installed_oslo_messagings() {
    let mut python = Python::spawn("oslo_config_reader.py", &[]).await;
    let theirs: Vec<Listed> = python.ask(json!({ "op": "options" })).await.unwrap();
    let ours = OsloConfig::options();
    let find = |listed: &Listed| {
        let same =
            |option: &&OsloOption| option.group == listed.group && option.name == listed.name;
        ours.iter().find(same)
    };
    for listed in &theirs {
        let option = find(listed).unwrap_or_else(|| panic!("{listed:?} is in no list"));
        assert_eq!(option.deprecated, listed.deprecated, "{listed:?}");
        assert!(listed.groups.is_empty(), "{listed:?}");
        // The program determines these names.
        let decided = matches!(option.name, "hostname" | "processname");
        match option.default {
            None => assert!(decided || listed.default.is_null(), "{listed:?}"),
            Some(default) => assert!(
                is_text_of(default, &listed.default),
                "{option:?}: {listed:?}"
            ),
        }
    }
    assert_eq!(
        ours.len(),
        theirs.len(),
        "options that oslo.messaging has no more"
    );
    python.stop().await;
}
