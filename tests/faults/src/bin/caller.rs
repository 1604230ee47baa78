//! A client in a process of its own: `caller URL TOPIC`.
//!
//! It reads its commands from standard input, one a line: `call N` makes N calls at once; `load` sends casts without a
//! pause until the command `enough`. It reports on standard output: `loading` after the first cast of a load; at the end of
//! a command `failed ERROR` for each request that failed, and `succeeded N`. It ends when its input ends.

use std::time::Duration;

use rpc_faults::echo::{self, EchoClient};
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{CallOptions, Context, Result, Transport};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};
use tokio::task::JoinSet;

/// The number of casts of a load that are in flight at once.
const WIDTH: usize = 32;
/// The timeout of a call.
const TIMEOUT: Duration = Duration::from_secs(5);

type Input = Lines<BufReader<Stdin>>;

async fn calls(client: &EchoClient, calls: usize) -> Vec<Result<()>> {
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let client = client.clone();
        tasks.spawn(async move { client.size(&Context::new(), "x".into()).await.map(drop) });
    }
    tasks.join_all().await
}

async fn load(client: &EchoClient, input: &mut Input) -> rpc_faults::Result<Vec<Result<()>>> {
    let cast = || {
        let client = client.clone();
        async move { client.note(&Context::new(), "x".into()).await }
    };
    let mut ended = vec![cast().await];
    println!("loading");
    let mut tasks = JoinSet::new();
    for _ in 0..WIDTH {
        tasks.spawn(cast());
    }
    loop {
        tokio::select! {
            order = input.next_line() => match order?.as_deref() {
                Some("enough") | None => break,
                Some(other) => return Err(format!("no order during a load: {other}").into()),
            },
            Some(result) = tasks.join_next() => {
                ended.push(result?);
                tasks.spawn(cast());
            }
        }
    }
    ended.extend(tasks.join_all().await);
    Ok(ended)
}

#[tokio::main(worker_threads = 2)]
async fn main() -> rpc_faults::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, topic] = arguments.as_slice() else {
        return Err("usage: caller URL TOPIC".into());
    };
    let transport = Transport::new(url)?;
    let client = echo::client(&transport, DEFAULT_EXCHANGE, topic);
    let client = client.prepare(CallOptions::new().timeout(TIMEOUT));
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = input.next_line().await? {
        let ended = match order.split_once(' ') {
            Some(("call", number)) => calls(&client, number.parse()?).await,
            None if order == "load" => load(&client, &mut input).await?,
            _ => return Err(format!("no such order: {order}").into()),
        };
        for error in ended.iter().filter_map(|result| result.as_ref().err()) {
            println!("failed {error}");
        }
        println!(
            "succeeded {}",
            ended.iter().filter(|result| result.is_ok()).count()
        );
    }
    transport.close().await;
    Ok(())
}
