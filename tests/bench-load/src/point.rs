//! One point of a curve, in a process of its own, so that it has its memory and CPU time to itself. It prints
//! microseconds of CPU for a call, both ends together, and bytes of memory for one that is under way.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rpc_runtime::transport::Transport;
use rpc_runtime::{
    BoxFuture, CallOptions, Context, Endpoint, Interface, Invocation, Method, Mode, Outcome,
    RemoteError, Result as RpcResult, RpcClient, Server, Target, Version, rpc_client,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::{Result, cpu};

/// How long calls are made for one point, at least.
const EACH: Duration = Duration::from_millis(700);
const TIMEOUT: Duration = Duration::from_secs(600);
const VERSION: Version = Version::new(1, 0);

/// Measures `what` at `count`.
pub(crate) async fn measure(what: &str, count: usize, url: &str) -> Result<()> {
    let transport = Transport::new(url)?;
    let (micros, bytes) = match what {
        "in-flight" => in_flight(&transport, count).await?,
        "methods" => (dispatch(&transport, count, 1).await?, 0.0),
        "endpoints" => (dispatch(&transport, 1, count).await?, 0.0),
        "clones" => (clones(&transport, count, false).await?, 0.0),
        "prepared" => (clones(&transport, count, true).await?, 0.0),
        other => return Err(format!("no such curve: {other}").into()),
    };
    println!("{micros} {bytes}");
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
        // The gate outlives the server.
        let _ = self.0.clone().wait_for(|open| *open).await;
        Ok(())
    }
}

/// So many calls at a time: the memory of the first of them while they wait, and the cost of the others.
async fn in_flight(transport: &Transport, count: usize) -> Result<(f64, f64)> {
    let (gate, watching) = watch::channel(true);
    let endpoint = GateEndpoint::new(Gates(watching));
    let server = Server::builder(transport, "points", "one").endpoint(endpoint);
    let server = server.start().await?;
    let client = GateClient::new(transport);
    client.pass(&Context::new()).await?;

    let mut bytes = None;
    let mut cost = Cost::begin()?;
    while cost.goes_on() {
        gate.send_replace(false);
        let memory = resident()?;
        let under_way = Arc::new(AtomicUsize::new(0));
        let all = Arc::new(Notify::new());
        let mut calls = JoinSet::new();
        for _ in 0..count {
            let (client, under_way, all) = (client.clone(), under_way.clone(), all.clone());
            calls.spawn(async move {
                let ctxt = Context::new();
                let mut call = pin!(client.pass(&ctxt).timeout(TIMEOUT).into_future());
                let mut begun = false;
                poll_fn(|context| {
                    let polled = call.as_mut().poll(context);
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
        let taken = resident()?.saturating_sub(memory) as f64 / count as f64;
        gate.send_replace(true);
        while let Some(done) = calls.join_next().await {
            done??;
        }
        if bytes.is_none() {
            // The memory is here to stay: what it cost to get is not what a call costs.
            bytes = Some(taken);
            cost = Cost::begin()?;
        } else {
            cost.calls += count;
        }
    }
    let micros = cost.end()?;
    server.stop().await;
    Ok((micros, bytes.unwrap_or_default()))
}

/// What calls cost from one time to another.
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

    /// Whether there are too few for a figure yet.
    fn goes_on(&self) -> bool {
        self.calls == 0 || self.began.elapsed() < EACH
    }

    /// Microseconds of CPU for a call.
    fn end(self) -> Result<f64> {
        Ok((cpu::own()? - self.used) * 1e6 / self.calls as f64)
    }
}

/// An endpoint with methods of any number.
#[derive(Debug)]
struct Many(&'static Interface);

impl Endpoint for Many {
    fn interface(&self) -> &'static Interface {
        self.0
    }

    fn dispatch<'a>(&'a self, _: usize, incoming: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { incoming.reply::<_, RemoteError>(Ok(())) })
    }
}

/// The last method of the last endpoint.
async fn dispatch(transport: &Transport, methods: usize, endpoints: usize) -> Result<f64> {
    let mut server = Server::builder(transport, "points", "one");
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

/// Many clients in turn.
async fn clones(transport: &Transport, count: usize, prepared: bool) -> Result<f64> {
    let (_gate, watching) = watch::channel(true);
    let endpoint = GateEndpoint::new(Gates(watching));
    let server = Server::builder(transport, "points", "one").endpoint(endpoint);
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

/// Bytes of memory that the process has.
fn resident() -> Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("no VmRSS")?.parse::<usize>()? * 1024)
}
