//! Private nodes obey commands, and leave nothing behind.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::time::Duration;

use rpc_faults::cluster::{Cluster, QUORUM};
use rpc_faults::node::{Counts, Node};
use rpc_faults::testing::{self, PATIENCE, ground};
use rpc_runtime::{CallOptions, RpcClient, Server, Target, Transport, args};
use tokio::time::{sleep, timeout};

async fn pinged(client: &RpcClient) {
    let quick = client.prepare(CallOptions::new().timeout(Duration::from_millis(500)));
    // Errors meanwhile do not matter: this tests the laboratory.
    let answered = async {
        while quick
            .call::<String>(&(), "oslo_rpc_server_ping", args! {})
            .await
            .is_err()
        {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, answered).await.expect("it is answered");
}

async fn serve(url: &str) -> (Transport, Server, RpcClient) {
    let transport = Transport::new(url).unwrap();
    let builder = Server::builder(&transport, "one").topic("pings").ping(true);
    let server = timeout(PATIENCE, builder.start()).await.unwrap().unwrap();
    let client = RpcClient::new(&transport, Target::new("pings"));
    (transport, server, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_node_fails_on_command_and_recovers() {
    let mut node = testing::node("node").await;
    assert_eq!(node.counts().await.unwrap(), Counts::default());
    let url = format!(
        "rabbit://rpc:rpc@{}/?amqp_durable_queues=true",
        node.address()
    );
    let (transport, server, client) = serve(&url).await;
    pinged(&client).await;
    let counts = node.counts().await.unwrap();
    assert!(
        counts.connections >= 1 && counts.channels >= 1,
        "{counts:?}"
    );
    let queues = node.queues().await.unwrap();
    assert!(
        queues.contains(&"pings".to_owned()) && queues.len() == counts.queues,
        "{queues:?}"
    );

    node.delete_queue("pings").await.unwrap();
    pinged(&client).await;
    node.delete_exchange("openstack").await.unwrap();
    pinged(&client).await;
    node.close_all_connections().await.unwrap();
    pinged(&client).await;

    node.memory_alarm(true).await.unwrap();
    let call = client.prepare(CallOptions::new().timeout(Duration::from_millis(500)));
    // The node notifies its connections one by one.
    let blocked = async {
        loop {
            if let Err(error) = call
                .call::<String>(&(), "oslo_rpc_server_ping", args! {})
                .await
            {
                return error;
            }
        }
    };
    let blocked = timeout(PATIENCE, blocked).await.expect("it is blocked");
    assert!(blocked.is_timeout(), "{blocked}");
    node.memory_alarm(false).await.unwrap();
    pinged(&client).await;

    node.pause().unwrap();
    let stopped = call
        .call::<String>(&(), "oslo_rpc_server_ping", args! {})
        .await;
    assert!(stopped.unwrap_err().is_timeout());
    node.resume().unwrap();
    pinged(&client).await;

    let address = node.address();
    node.kill().await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    node.restart().await.unwrap();
    assert_eq!(node.address(), address);
    assert!(
        node.queues().await.unwrap().contains(&"pings".to_owned()),
        "its data stayed"
    );
    pinged(&client).await;

    server.stop().await;
    transport.close().await;
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_cluster_answers_when_its_leader_is_killed() {
    let mut cluster = Cluster::start(&ground().await).await.unwrap();
    let (transport, server, client) = serve(&cluster.url(QUORUM)).await;
    pinged(&client).await;
    let leader = cluster.leader(0, "pings").await.unwrap();
    cluster.nodes[leader].kill().await.unwrap();
    let other = (leader + 1) % 3;
    let elected = async {
        while cluster.leader(other, "pings").await.unwrap() == leader {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, elected)
        .await
        .expect("another node leads");
    pinged(&client).await;
    server.stop().await;
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_node_that_does_not_start_says_why() {
    let mut node = testing::node("node").await;
    node.kill().await.unwrap();
    let other = tokio::net::TcpListener::bind(node.address()).await.unwrap();
    let other = tokio::spawn(async move { while other.accept().await.is_ok() {} });
    let error = node.restart().await.unwrap_err().to_string();
    other.abort();
    assert!(error.contains("eaddrinuse"), "{error}");
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn nothing_of_a_node_stays_behind() {
    let ground = ground().await;
    let node = Node::start(&ground, "node").await.unwrap();
    let address = node.address();
    let directory = ground.site().directory().to_owned();
    assert!(directory.is_dir());
    drop(ground);
    drop(node);
    let gone = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, gone)
        .await
        .expect("nobody listens any more");
    assert!(!directory.exists());
}
