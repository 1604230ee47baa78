//! At most once, and nothing lost in silence: connections that end while a message is on its way.

use rpc_runtime::{Context, Result, Server, rpc_client};
use tokio::sync::mpsc;

use super::*;

#[rpc_client(topic = "work", version = "1.0")]
trait Work {
    #[rpc(cast)]
    async fn begin(&self, ctxt: &Context, number: u32) -> Result<()>;
    async fn done(&self, ctxt: &Context) -> Result<()>;
}

/// Tells what it begins, and does or does not come to its end.
struct Hands {
    begun: mpsc::UnboundedSender<u32>,
    finishes: bool,
}

impl Work for Hands {
    async fn begin(&self, _: &Context, number: u32) -> Result<()> {
        self.begun.send(number).unwrap();
        if !self.finishes {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn done(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

async fn server(
    transport: &Transport,
    topic: &str,
    name: &str,
    concurrency: usize,
    finishes: bool,
) -> (Server, mpsc::UnboundedReceiver<u32>) {
    let (begun, begins) = mpsc::unbounded_channel();
    let server = Server::builder(transport, name)
        .override_topic(topic)
        .endpoint(WorkEndpoint::new(Hands { begun, finishes }))
        .concurrency(concurrency);
    (
        timeout(LONG, server.start()).await.unwrap().unwrap(),
        begins,
    )
}

fn client(transport: &Transport, topic: &str) -> WorkClient {
    WorkClient::builder(transport).topic(topic).build().unwrap()
}

async fn begun(begins: &mut mpsc::UnboundedReceiver<u32>) -> u32 {
    timeout(LONG, begins.recv())
        .await
        .expect("begun in time")
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_server_that_dies_takes_with_it_what_it_had_begun_and_no_more() {
    const LAST: u32 = 100;
    let topic = topic();
    let relay = Relay::to(&broker()).await;
    let dying = transport_at(&relay.address(), "");
    let (_dying_server, mut begins) = server(&dying, &topic, "dying", 4, false).await;
    let calling = transport("");
    let client = client(&calling, &topic);
    for number in 0..LAST {
        client.begin(&Context::new(), number).await.unwrap();
    }
    let mut run = HashSet::new();
    for _ in 0..4 {
        run.insert(begun(&mut begins).await);
    }
    drop(relay);
    let living = transport("");
    let (_server, mut others) = server(&living, &topic, "living", 1, true).await;
    // Requests run in their order there: what comes before the last one has come.
    for _ in 4..LAST {
        let number = begun(&mut others).await;
        assert!(run.insert(number), "{number} ran twice");
    }
    client.begin(&Context::new(), LAST).await.unwrap();
    assert_eq!(begun(&mut others).await, LAST);
    assert_eq!(run, (0..LAST).collect());
    assert!(begins.try_recv().is_err(), "more than its permits");
    calling.close().await;
    living.close().await;
    dying.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn what_may_have_come_through_is_sent_again_only_when_asked() {
    const LIMIT: Duration = Duration::from_millis(1200);
    let topic = topic();
    let serving = transport("");
    let (_server, mut begins) = server(&serving, &topic, "s", 1, true).await;
    let relay = Relay::to(&broker()).await;
    // Each has a connection, and a channel to publish on, of its own: what follows is written at once.
    let [keeping, sending, calling] = std::array::from_fn(|_| transport_at(&relay.address(), ""));
    let ctxt = Context::new();
    for transport in [&keeping, &sending, &calling] {
        client(transport, &topic).done(&ctxt).await.unwrap();
    }

    // What the relay holds back when it cuts has not reached the broker: nobody can tell.
    relay.silence(true);
    let mut kept = tokio::spawn({
        let client = client(&keeping, &topic);
        async move { client.begin(&Context::new(), 1).await }
    });
    let mut again = tokio::spawn({
        let client = client(&sending, &topic);
        async move { client.begin(&Context::new(), 2).resend(true).await }
    });
    let mut called = tokio::spawn({
        let client = client(&calling, &topic);
        async move { client.done(&Context::new()).timeout(LIMIT).await }
    });
    tokio::select! {
        early = &mut kept => panic!("{early:?}"),
        early = &mut again => panic!("{early:?}"),
        early = &mut called => panic!("{early:?}"),
        () = until("all three are held back", || async { relay.held() == 3 }) => {}
    }
    relay.cut();
    let error = kept.await.unwrap().unwrap_err();
    relay.silence(false);
    assert!(matches!(error, Error::Delivery { .. }), "{error}");
    assert!(error.may_have_run(), "{error}");
    assert!(error.to_string().contains("may or may not"), "{error}");
    again.await.unwrap().unwrap();
    assert_eq!(begun(&mut begins).await, 2);
    let error = called.await.unwrap().unwrap_err();
    let Error::Timeout { waiting_for, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        matches!(waiting_for, Stage::Confirmation(Some(_))),
        "{error}"
    );
    assert!(error.may_have_run());
    client(&calling, &topic).begin(&ctxt, 3).await.unwrap();
    assert_eq!(begun(&mut begins).await, 3, "neither lost one came");
    for transport in [keeping, sending, calling] {
        transport.close().await;
    }
    serving.close().await;
}
