//! Stable names: two processes with the same host name and process name do not take each other's messages, even if they
//! cannot see each other's counter, as in two containers.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rpc_faults::caller::Caller;
use rpc_faults::node::Node;
use rpc_faults::testing::{self, PATIENCE, serve};
use rpc_faults::work::WorkClient;
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{Context, Transport};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// How long a message may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// A host name and a process name that no other run of this test has.
struct Service {
    host: String,
}

impl Service {
    fn new(test: &str) -> Self {
        let host = format!("{test}{}", std::process::id());
        Self { host }
    }

    fn url(&self, node: &Node) -> String {
        let host = &self.host;
        node.url(&format!(
            "use_queue_manager=true&hostname={host}&processname=svc"
        ))
    }

    fn counter(&self) -> PathBuf {
        Path::new("/dev/shm").join(format!("{}_svc_qmanager", self.host))
    }

    /// Removes the counter, which a process has made, and which would not exist in another container.
    fn forget_counter(&self) {
        std::fs::remove_file(self.counter()).expect("a process has made the counter");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The last process may have made none.
        let _ = std::fs::remove_file(self.counter());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn two_clients_of_one_name_get_their_own_replies() {
    const CALLS: usize = 20;
    let node = testing::shared_node("").await;
    let server = serve(&node.url(""), "good").await;
    let service = Service::new("clients");
    let program = Path::new(env!("CARGO_BIN_EXE_caller"));
    let mut findings = Vec::new();
    let mut callers = Vec::new();
    for _ in 0..2 {
        let mut caller = Caller::spawn(program, &service.url(&node), "good").unwrap();
        // The first call takes a name.
        caller.call(1).await.unwrap();
        findings.extend(caller.tally().await.unwrap().failures);
        service.forget_counter();
        callers.push(caller);
    }
    for caller in &mut callers {
        caller.call(CALLS).await.unwrap();
    }
    for caller in &mut callers {
        let tally = caller.tally().await.unwrap();
        findings.extend(tally.failures);
    }
    let queues = node.queues().await.unwrap();
    drop(callers);
    server.stop().await;
    let failed = findings.len();
    let first = findings.first();
    assert!(
        failed == 0,
        "{failed} of {} calls failed, as {first:?}; the queues are {queues:?}",
        2 * (CALLS + 1)
    );
}

/// A server in a process group of its own, which reports the requests that it runs. It is killed when dropped.
struct ServerProcess {
    _process: Child,
    _input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl ServerProcess {
    async fn start(url: &str, name: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_ledger-server"))
            .args([url, DEFAULT_EXCHANGE, "ledger", name, "64"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = process.stdout.take().unwrap();
        let mut server = Self {
            _process: process,
            _input: input,
            output: BufReader::new(output).lines(),
        };
        let ready = timeout(PATIENCE, server.output.next_line()).await;
        assert_eq!(ready.unwrap().unwrap().as_deref(), Some("ready"));
        server
    }

    /// Waits until it has run `count` requests, or no more come. Returns their numbers.
    async fn ran(&mut self, count: usize) -> BTreeSet<u64> {
        let mut numbers = BTreeSet::new();
        while numbers.len() < count
            && let Ok(line) = timeout(ARRIVAL, self.output.next_line()).await
        {
            let line = line.unwrap().expect("the server has not ended");
            if let Some(number) = line.strip_prefix("done ") {
                numbers.insert(number.parse().unwrap());
            }
        }
        numbers
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn two_servers_of_one_name_both_get_fanouts() {
    const CASTS: u64 = 20;
    let node = testing::shared_node("").await;
    let service = Service::new("servers");
    let mut servers = Vec::new();
    for name in ["one", "two"] {
        servers.push(ServerProcess::start(&service.url(&node), name).await);
        service.forget_counter();
    }
    let transport = Transport::new(&node.url("")).unwrap();
    let client = WorkClient::new(&transport);
    for number in 0..CASTS {
        let ctxt = Context::new();
        client.note(&ctxt, number).fanout(true).await.unwrap();
    }
    let mut ran = Vec::new();
    for server in &mut servers {
        ran.push(server.ran(usize::try_from(CASTS).unwrap()).await.len());
    }
    let queues = node.queues().await.unwrap();
    transport.close().await;
    assert_eq!(
        ran,
        [usize::try_from(CASTS).unwrap(); 2],
        "of {CASTS} to all; the queues are {queues:?}"
    );
}
