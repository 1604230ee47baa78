//! A gateway between two brokers. It serves a topic at one of them, and forwards each request to the other unchanged.
//! It knows no interface: it passes method, arguments, context, namespace and version of the caller, and returns the
//! result or the error of the method.
//!
//! ```text
//! cargo run --example gateway -- FROM_URL TO_URL TOPIC [EXCHANGE]
//! ```
//!
//! The gateway does not know the caller's timeout, so it allows ten minutes. A fanout is forwarded to one server, since
//! its message does not say that it is a fanout.

use std::env;
use std::time::Duration;

use rpc_runtime::server::UntypedEndpoint;
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::wire::RawRequest;
use rpc_runtime::{Error, Result, RpcClient, Server, Target, Transport};

const LONGEST_CALL: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (from, to, topic, exchange) = match &arguments[..] {
        [from, to, topic] => (from, to, topic, DEFAULT_EXCHANGE),
        [from, to, topic, exchange] => (from, to, topic, exchange.as_str()),
        _ => {
            let usage = "write `gateway FROM_URL TO_URL TOPIC [EXCHANGE]`";
            return Err(Error::Config(usage.into()));
        }
    };
    let (here, there) = (Transport::new(from)?, Transport::new(to)?);
    let client = RpcClient::builder(&there, Target::new(topic).exchange(exchange))
        .timeout(LONGEST_CALL)
        .build()?;
    let endpoint = UntypedEndpoint::new(move |request: RawRequest| {
        let client = client.clone();
        async move { client.forward(&request).await }
    });
    let server = Server::builder(&here, "gateway")
        .topic(topic)
        .exchange(exchange)
        .endpoint(endpoint)
        .start()
        .await?;
    println!("{} is sent on; ctrl-c stops it", server.target());
    if tokio::signal::ctrl_c().await.is_ok() {
        server.stop().await;
        here.close().await;
        there.close().await;
    }
    Ok(())
}
