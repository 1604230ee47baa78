//! The examples, run as a reader would run them.

#[path = "programs/gateway.rs"]
mod gateway;
#[path = "programs/production.rs"]
mod production;
#[path = "programs/tracing.rs"]
mod tracing;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use rpc_tests::{PATIENCE, VirtualHost, broker_url, python, root};

/// A program in the background, killed when dropped.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Returns when the program has printed a line that contains `ready`.
    fn start(command: &mut Command, ready: &str) -> Self {
        let running = Self::spawn(command);
        running.printed(ready);
        running
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let output = child.stdout.take().expect("it is piped");
        let (said, lines) = mpsc::channel();
        // The thread reads all lines: the program would block if nothing read its output.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        Self { child, lines }
    }

    /// Waits for the next line that contains `text`.
    fn printed(&self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended, and did not print `{text}`")
                }
                Err(RecvTimeoutError::Timeout) => panic!("it does not print `{text}`"),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program of an example in Rust, over the broker.
fn example(name: &str, url: &str) -> Command {
    let mut command = built(name);
    command.env("RPC_TRANSPORT_URL", url);
    command
}

/// The program of an example in Rust. The build comes first, so that it is not part of the time that a test waits. It
/// has the features of the build of all tests, which has built the examples, too.
fn built(name: &str) -> Command {
    let build = [
        "build",
        "--quiet",
        "--workspace",
        "--all-features",
        "--example",
        name,
    ];
    let built = Command::new(env!("CARGO"))
        .args(build)
        .current_dir(root())
        .status();
    assert!(
        built.expect("cargo runs").success(),
        "{name} does not build"
    );
    let mut program = std::env::current_exe().expect("a test has a path");
    // target/debug/deps/examples-… → target/debug/examples/NAME
    program.pop();
    program.pop();
    Command::new(program.join("examples").join(name))
}

fn script(name: &str, url: &str) -> Command {
    let mut command = Command::new(python());
    let script = root().join("examples/python").join(name);
    command.arg(script).arg(url);
    command
}

/// Waits for the end of a program.
fn ended(command: &mut Command) -> Output {
    command.stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().expect("it starts");
    let id = child.id().to_string();
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").args(["-KILL", &id]).status();
        panic!("{command:?} has not ended after {PATIENCE:?}");
    };
    output.expect("its output can be read")
}

fn output(command: &mut Command) -> String {
    let output = ended(command);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

fn assert_called(text: &str) {
    for wanted in ["db-1", "rack-7", "HostNotFound: no host nowhere"] {
        assert!(text.contains(wanted), "{text}");
    }
}

#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn each_caller_meets_each_server() {
    // Several examples serve `inventory`. Each test of one has a virtual host of its own.
    let host = VirtualHost::new("inventory");
    let mut rust = example("inventory_caller", host.url());
    let mut python = script("client.py", host.url());
    {
        let mut server = example("inventory_server", host.url());
        let _server = Running::start(&mut server, "is served");
        assert_called(&output(&mut rust));
        assert_called(&output(&mut python));
    }
    let mut server = script("server.py", host.url());
    let _server = Running::start(&mut server, "serves inventory");
    assert_called(&output(&mut rust));
    assert_called(&output(&mut python));
}

#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn the_quickstart_runs_over_a_broker() {
    let text = output(&mut example("quickstart", &broker_url()));
    for line in [
        "call:",
        "directed:  bert",
        "cast:",
        "fanout:",
        "refused:",
        "remote:    NoName",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("unexpected"), "{text}");
}

#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn two_majors_are_served_by_one_server() {
    let text = output(&mut example("two_majors", &broker_url()));
    for line in [
        "volume 0 and grows it: true",
        "one that is not there: false",
        "bytes: 5368709120",
        "NotFound: no volume 9",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

/// What Prometheus would scrape of the example.
fn assert_scraped(text: &str, system: &[&str]) {
    let of_size = r#"topic="inventory",namespace="",method="size""#;
    for line in [
        "# TYPE rpc_client_finished_total counter",
        "# HELP rpc_client_seconds How long a call waited for its reply",
        &format!(r#"rpc_client_finished_total{{{of_size},operation="call",outcome="ok"}} 2"#),
        &format!(
            r#"rpc_client_finished_total{{{of_size},operation="call",outcome="HostNotFound"}} 1"#
        ),
        &format!(r#"rpc_server_finished_total{{{of_size},outcome="ok"}} 2"#),
        &format!("rpc_server_in_flight{{{of_size}}} 0"),
        &format!("rpc_server_seconds_count{{{of_size}}} 3"),
        r#"rpc_server_started_total{topic="inventory",namespace="",method="touch"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for line in system {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn metrics_are_scraped() {
    assert_scraped(&output(&mut built("metrics")), &[]);
}

#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn metrics_of_connections_are_scraped() {
    let made = [
        r#"rpc_connections_made_total{role="publish"} 1"#,
        r#"rpc_connections_made_total{role="consume"} 1"#,
    ];
    let host = VirtualHost::new("metrics");
    assert_scraped(&output(&mut example("metrics", host.url())), &made);
}
