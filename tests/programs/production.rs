//! The server with configuration, logs, signals and a readiness probe, over `memory://`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::RecvTimeoutError;

use rpc_tests::{PATIENCE, VirtualHost, unique_topic};

use super::{Running, built, ended};

/// The program, with no setting but those that a test gives.
fn program() -> Command {
    let mut command = built("production");
    for name in ["RPC_TRANSPORT_URL", "RPC_CONFIG_FILES", "RUST_LOG"] {
        command.env_remove(name);
    }
    command
        .env("SERVER_NAME", unique_topic("production"))
        .env("READY_ADDRESS", "127.0.0.1:0");
    command
}

/// Sends SIGTERM, and waits for the end.
fn terminate(mut program: Running) -> ExitStatus {
    let id = program.child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.expect("kill can be run").success());
    program.printed("the server has stopped");
    // Its output ends with it.
    let end = loop {
        if let Err(end) = program.lines.recv_timeout(PATIENCE) {
            break end;
        }
    };
    assert_eq!(end, RecvTimeoutError::Disconnected, "it does not end");
    program.child.wait().expect("it is a child")
}

/// What the readiness probe gets.
fn probe(address: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(b"GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Starts the program, probes it, and stops it.
fn assert_serves(mut command: Command) {
    let started = Running::spawn(&mut command);
    let line = started.printed("the readiness probe is answered");
    let (_, address) = line.split_once("address=").expect("it logs the address");
    started.printed("the server has started");
    let answer = probe(address.trim()).expect("the probe is answered");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("Connected") && answer.contains("Listening"),
        "{answer}"
    );
    assert!(!answer.contains("guest"), "{answer}");
    assert!(terminate(started).success());
}

#[test]
fn a_server_is_ready_when_it_listens_and_ends_at_sigterm() {
    let mut command = program();
    command.env("RPC_TRANSPORT_URL", "memory://");
    assert_serves(command);
}

/// A file, removed when dropped.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_server_is_configured_by_files_of_oslo_config() {
    let name = format!("{}.conf", unique_topic("production"));
    let file = File(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
    std::fs::write(&file.0, "[DEFAULT]\ntransport_url = memory://\n").unwrap();
    let mut command = program();
    command.env("RPC_CONFIG_FILES", &file.0);
    assert_serves(command);
}

#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn a_server_over_a_broker_is_ready_and_ends_at_sigterm() {
    let host = VirtualHost::new("production");
    let mut command = program();
    command.env("RPC_TRANSPORT_URL", host.url());
    assert_serves(command);
}

/// What the program prints when it cannot start.
fn failed(mut command: Command) -> String {
    let output = ended(&mut command);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).expect("it prints UTF-8")
}

#[test]
fn a_wrong_configuration_ends_the_program_with_one_readable_line() {
    let text = failed(program());
    assert!(
        text.starts_with("Error: no broker is configured: set RPC_TRANSPORT_URL"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1, "{text}");

    let mut command = program();
    command.env(
        "RPC_TRANSPORT_URL",
        "rabbit://guest:secret@localhost/?no_such_option=1",
    );
    let text = failed(command);
    assert!(
        text.starts_with("Error: ") && text.contains("no_such_option"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");

    let mut command = program();
    command
        .env("RPC_TRANSPORT_URL", "memory://")
        .env("READY_ADDRESS", "127.0.0.1:no-port");
    let text = failed(command);
    assert!(
        text.contains("cannot listen at 127.0.0.1:no-port"),
        "{text}"
    );
    assert!(text.contains("set READY_ADDRESS"), "{text}");
}
