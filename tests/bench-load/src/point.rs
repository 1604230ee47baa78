//! One point of a curve, in a process of its own, so that memory and CPU time are its own. It prints the CPU
//! microseconds for a call, both ends together. It also prints the bytes for a call in flight, or for a transport: in
//! the memory of the process, and on the heap without the caller's own task. The heap is known only if allocations are
//! counted.

use std::future::{pending, poll_fn};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rpc_faults::heap::Heap;
use rpc_runtime::interface::{Method, Mode};
use rpc_runtime::server::{BoxFuture, Invocation, Outcome, Scope};
use rpc_runtime::transport::Transport;
use rpc_runtime::{
    CallOptions, Context, Endpoint, Interface, RemoteError, Result as RpcResult, RpcClient, Server,
    Target, Version, rpc_client,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::{Result, cpu};

/// The least time of calls for one point.
const EACH: Duration = Duration::from_millis(700);
const TIMEOUT: Duration = Duration::from_secs(600);
const VERSION: Version = Version::new(1, 0);

/// Measures `what` at `count`.
pub(crate) async fn measure(what: &str, count: usize, url: &str) -> Result<()> {
    let transport = Transport::new(url)?;
    let none = Bytes::default();
    let (micros, bytes) = match what {
        "in-flight" => in_flight(&transport, count).await?,
        "methods" => (dispatch(&transport, count, 1).await?, none),
        "endpoints" => (dispatch(&transport, 1, count).await?, none),
        "clones" => (clones(&transport, count, false).await?, none),
        "prepared" => (clones(&transport, count, true).await?, none),
        "transports" => transports(&transport, url, count).await?,
        other => return Err(format!("no such curve: {other}").into()),
    };
    println!("{micros} {} {}", bytes.resident, bytes.heap);
    transport.close().await;
    Ok(())
}

#[rpc_client(topic = "points", version = "1.0")]
trait Gate {
    /// Returns when the gate is open.
    async fn pass(&self, ctxt: &Context) -> RpcResult<()>;
}

struct Gates(watch::Receiver<bool>);

impl Gate for Gates {
    async fn pass(&self, _: &Context) -> RpcResult<()> {
        // The sender outlives the server.
        let _ = self.0.clone().wait_for(|open| *open).await;
        Ok(())
    }
}

/// The bytes for a call in flight, or for a transport.
#[derive(Default)]
struct Bytes {
    resident: f64,
    heap: f64,
}

/// Makes `count` calls at a time. Measures the memory of the first ones while they wait, and the cost of the others.
async fn in_flight(transport: &Transport, count: usize) -> Result<(f64, Bytes)> {
    let (gate, watching) = watch::channel(true);
    let endpoint = GateEndpoint::new(Gates(watching));
    let server = Server::builder(transport, "one").endpoint(endpoint);
    let server = server.start().await?;
    let client = GateClient::new(transport);
    client.pass(&Context::new()).await?;

    let own = own_tasks(&client, count).await;
    let pass = || {
        let client = client.clone();
        Box::pin(async move {
            let ctxt = Context::new();
            client.pass(&ctxt).timeout(TIMEOUT).await
        })
    };
    let end = async |calls: JoinSet<RpcResult<()>>| -> Result<()> {
        gate.send_replace(true);
        for done in calls.join_all().await {
            done?;
        }
        gate.send_replace(false);
        Ok(())
    };

    gate.send_replace(false);
    let memory = resident();
    let (calls, heap) = on_heap(async || all_under_way(count, pass).await).await;
    let bytes = Bytes {
        resident: resident().saturating_sub(memory) as f64 / count as f64,
        heap: heap.saturating_sub(own) as f64 / count as f64,
    };
    end(calls).await?;
    // The memory was allocated before, so that the cost of a call does not include the allocation.
    let mut cost = Cost::begin()?;
    while cost.goes_on() {
        end(all_under_way(count, pass).await).await?;
        cost.calls += count;
    }
    let micros = cost.end()?;
    gate.send_replace(true);
    server.stop().await;
    Ok((micros, bytes))
}

/// Makes `count` transports, each of which has made a call. Measures the memory of an idle one, and the cost of calls
/// over one after the other.
async fn transports(serving: &Transport, url: &str, count: usize) -> Result<(f64, Bytes)> {
    let (_gate, watching) = watch::channel(true);
    let endpoint = GateEndpoint::new(Gates(watching));
    let server = Server::builder(serving, "one").endpoint(endpoint);
    let server = server.start().await?;
    let ctxt = Context::new();
    // The first transport is not counted, since the server and the process allocate some memory once.
    let first = Transport::new(url)?;
    GateClient::new(&first).pass(&ctxt).await?;

    let memory = resident();
    let connect = async || -> Result<Vec<Transport>> {
        let mut transports = Vec::new();
        for _ in 0..count {
            let transport = Transport::new(url)?;
            GateClient::new(&transport).pass(&ctxt).await?;
            transports.push(transport);
        }
        Ok(transports)
    };
    let (transports, heap) = on_heap(connect).await;
    let transports = transports?;
    let bytes = Bytes {
        resident: resident().saturating_sub(memory) as f64 / count as f64,
        heap: heap as f64 / count as f64,
    };
    let clients: Vec<_> = transports.iter().map(GateClient::new).collect();
    let mut cost = Cost::begin()?;
    while cost.goes_on() {
        for client in &clients {
            client.pass(&ctxt).await?;
        }
        cost.calls += count;
    }
    let micros = cost.end()?;
    for transport in transports.iter().chain([&first]) {
        transport.close().await;
    }
    server.stop().await;
    Ok((micros, bytes))
}

/// The heap of the callers without their calls, if allocations are counted.
async fn own_tasks(client: &GateClient, count: usize) -> usize {
    if Heap::now().is_none() {
        return 0;
    }
    let waiting = || {
        let own = (client.clone(), Context::new());
        Box::pin(async move {
            pending::<()>().await;
            drop(own);
        })
    };
    let (mut tasks, bytes) = on_heap(async || all_under_way(count, waiting).await).await;
    tasks.shutdown().await;
    bytes
}

/// Starts `count` calls at once. All are in flight when this returns.
async fn all_under_way<F>(count: usize, make: impl Fn() -> F) -> JoinSet<F::Output>
where
    F: Future<Output: Send> + Unpin + Send + 'static,
{
    let under_way = Arc::new(AtomicUsize::new(0));
    let all = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (mut task, under_way, all) = (make(), under_way.clone(), all.clone());
        tasks.spawn(async move {
            let mut begun = false;
            poll_fn(|context| {
                let polled = Pin::new(&mut task).poll(context);
                if !std::mem::replace(&mut begun, true)
                    && under_way.fetch_add(1, Ordering::Relaxed) + 1 == count
                {
                    all.notify_one();
                }
                polled
            })
            .await
        });
    }
    all.notified().await;
    tasks
}

/// The heap that `work` leaves allocated when all tasks are idle. It is zero if allocations are not counted.
async fn on_heap<T>(work: impl AsyncFnOnce() -> T) -> (T, usize) {
    let before = Heap::now();
    let left = work().await;
    let Some(before) = before else {
        return (left, 0);
    };
    let mut least = usize::MAX;
    while let Some(now) = Heap::at_rest().await.filter(|now| now.bytes < least) {
        least = now.bytes;
    }
    (left, least.saturating_sub(before.bytes))
}

/// The cost of calls in a period.
struct Cost {
    began: Instant,
    used: f64,
    calls: usize,
}

impl Cost {
    fn begin() -> Result<Self> {
        Ok(Self {
            began: Instant::now(),
            used: cpu::own()?,
            calls: 0,
        })
    }

    /// Whether more calls are needed for a figure.
    fn goes_on(&self) -> bool {
        self.calls == 0 || self.began.elapsed() < EACH
    }

    /// The CPU microseconds for a call.
    fn end(self) -> Result<f64> {
        Ok((cpu::own()? - self.used) * 1e6 / self.calls as f64)
    }
}

/// An endpoint with any number of methods.
#[derive(Debug)]
struct Many(&'static Interface);

impl Endpoint for Many {
    fn scope(&self) -> Scope {
        Scope::of(self.0)
    }

    fn dispatch<'a>(&'a self, incoming: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { incoming.reply::<_, RemoteError>(Ok(())) })
    }
}

/// Calls the last method of the last endpoint.
async fn dispatch(transport: &Transport, methods: usize, endpoints: usize) -> Result<f64> {
    let mut server = Server::builder(transport, "one").topic("points");
    for endpoint in 0..endpoints {
        let methods: Vec<Method> = (0..methods)
            .map(|method| Method::new(format!("method_{method}").leak(), Mode::Call, VERSION))
            .collect();
        let namespace = format!("endpoint-{endpoint}").leak();
        let interface = Interface::new("Many", VERSION, methods.leak()).with_namespace(namespace);
        server = server.endpoint(Many(Box::leak(Box::new(interface))));
    }
    let server = server.start().await?;
    let target = Target::new("points").namespace(format!("endpoint-{}", endpoints - 1));
    let client = RpcClient::new(transport, target);
    let name = format!("method_{}", methods - 1);
    let args = serde_json::Map::new();
    let ctxt = Context::new();
    let () = client.call(&ctxt, &name, &args).await?;
    let mut cost = Cost::begin()?;
    while cost.goes_on() {
        let () = client.call(&ctxt, &name, &args).await?;
        cost.calls += 1;
    }
    let micros = cost.end()?;
    server.stop().await;
    Ok(micros)
}

/// Calls with many clients in turn.
async fn clones(transport: &Transport, count: usize, prepared: bool) -> Result<f64> {
    let (_gate, watching) = watch::channel(true);
    let endpoint = GateEndpoint::new(Gates(watching));
    let server = Server::builder(transport, "one").endpoint(endpoint);
    let server = server.start().await?;
    let client = GateClient::new(transport);
    let clients: Vec<_> = (0..count)
        .map(|_| {
            if prepared {
                client.prepare(CallOptions::new().timeout(TIMEOUT))
            } else {
                client.clone()
            }
        })
        .collect();
    let ctxt = Context::new();
    client.pass(&ctxt).await?;
    let mut cost = Cost::begin()?;
    while cost.goes_on() {
        for client in &clients {
            client.pass(&ctxt).await?;
        }
        cost.calls += count;
    }
    let micros = cost.end()?;
    server.stop().await;
    Ok(micros)
}

/// The memory of the process, in bytes.
fn resident() -> u64 {
    rpc_faults::servers::memory(Path::new("/proc/self")) * 1024
}
