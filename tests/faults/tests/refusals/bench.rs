//! A broker that refuses large messages, a server there, and requests to it.

use std::time::Duration;

use rpc_faults::echo::{self, EchoClient, EchoServer};
use rpc_faults::node::Node;
use rpc_faults::testing::{self, SharedNode};
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{CallOptions, Context, Result, Transport};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{sleep, timeout};

use crate::findings::Findings;

/// The greatest size of a message that the broker accepts, in bytes.
pub(crate) const LIMIT: usize = 512 * 1024;
/// The size of the arguments of a message that the broker refuses.
pub(crate) const TOO_LARGE: usize = 600_000;
/// A message is larger than its arguments by this at most.
pub(crate) const ENVELOPE: usize = 4096;
/// The broker's settings. The frames are small, so that the broker refuses a message before all of it is written.
const SETTINGS: &str = "max_message_size = 524288\nframe_max = 8192";

/// How long a result may take that must come at once.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(15);
/// The timeout of calls.
pub(crate) const CALL: Duration = Duration::from_secs(60);
/// How long a cast may take in a test.
pub(crate) const CAST: Duration = Duration::from_secs(30);

/// The tests measure times, so they take turns on the machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// A broker with a server of the topic `good`.
pub(crate) struct Bench {
    server: EchoServer,
    pub(crate) node: SharedNode,
    _turn: MutexGuard<'static, ()>,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let turn = TURN.lock().await;
        let node = testing::shared_node(SETTINGS).await;
        let server = serve(&node, DEFAULT_EXCHANGE, "good").await;
        Self {
            node,
            server,
            _turn: turn,
        }
    }

    /// A new transport with this user, whose password is the name.
    pub(crate) fn transport(&self, user: &str) -> Transport {
        transport(&format!("rabbit://{user}:{user}@{}/", self.node.address()))
    }

    /// Stops the server of `good`.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }

    /// The connections at the broker. The broker lists a closed connection for a moment, so this waits until the list no
    /// longer changes.
    async fn connections(&self) -> Vec<u16> {
        let list = async || self.node.connections().await.unwrap();
        let mut last = list().await;
        loop {
            sleep(Duration::from_millis(50)).await;
            let now = list().await;
            if now == last {
                return now;
            }
            last = now;
        }
    }

    /// Makes a queue that holds one message and is full.
    pub(crate) async fn fill_queue(&self, topic: &str) {
        let filling = serve(&self.node, DEFAULT_EXCHANGE, topic).await;
        filling.stop().await;
        self.node.limit_queue(topic, 1).await.unwrap();
        let transport = self.transport("rpc");
        cast(&client(&transport, topic), 1).await.unwrap();
        transport.close().await;
        assert_eq!(self.node.ready_messages(topic).await.unwrap(), 1);
    }
}

/// A client of the topic `good`, whose connections must stay open.
pub(crate) struct Session<'b> {
    bench: &'b Bench,
    pub(crate) transport: Transport,
    pub(crate) good: EchoClient,
    pub(crate) findings: Findings,
    connections: Vec<u16>,
}

impl<'b> Session<'b> {
    /// Opens the connections of a transport by a call and a cast, which also make the routes of later ones known.
    pub(crate) async fn start(bench: &'b Bench, transport: Transport) -> Self {
        let good = client(&transport, "good");
        call(&good, 1).await.unwrap();
        cast(&good, 1).await.unwrap();
        Self {
            bench,
            transport,
            good,
            findings: Findings::default(),
            connections: bench.connections().await,
        }
    }

    /// Checks that the connections have stayed open, and closes them.
    pub(crate) async fn end(mut self) -> Findings {
        let connections = self.bench.connections().await;
        self.findings.stay_open(&self.connections, &connections);
        self.transport.close().await;
        self.findings
    }
}

pub(crate) async fn serve(node: &Node, exchange: &str, topic: &str) -> EchoServer {
    testing::serve_at(&node.url(""), exchange, topic).await
}

pub(crate) fn transport(url: &str) -> Transport {
    Transport::new(url).unwrap()
}

pub(crate) fn client(transport: &Transport, topic: &str) -> EchoClient {
    client_at(transport, DEFAULT_EXCHANGE, topic)
}

pub(crate) fn client_at(transport: &Transport, exchange: &str, topic: &str) -> EchoClient {
    echo::client(transport, exchange, topic).prepare(CallOptions::new().timeout(CALL))
}

/// Makes a call with `bytes` bytes.
pub(crate) async fn call(client: &EchoClient, bytes: usize) -> Result<()> {
    let size = client.size(&Context::new(), "x".repeat(bytes)).await?;
    assert_eq!(size, bytes);
    Ok(())
}

/// Makes a cast with `bytes` bytes.
pub(crate) async fn cast(client: &EchoClient, bytes: usize) -> Result<()> {
    let ctxt = Context::new();
    let cast = client.note(&ctxt, "x".repeat(bytes));
    let ended = timeout(CAST, cast.into_future()).await;
    ended.unwrap_or_else(|_| panic!("a cast does not end within {CAST:?}"))
}

/// Makes a call or a cast.
pub(crate) async fn send(client: &EchoClient, is_call: bool, bytes: usize) -> Result<()> {
    if is_call {
        call(client, bytes).await
    } else {
        cast(client, bytes).await
    }
}
