//! Requests run at most once, and none is lost silently, when connections end while messages are in flight.

use rpc_runtime::{Context, Result, Server, rpc_client};
use tokio::sync::mpsc;

use super::*;

#[rpc_client(topic = "work", version = "1.0")]
trait Work {
    #[rpc(cast)]
    async fn begin(&self, ctxt: &Context, number: u32) -> Result<()>;
    async fn done(&self, ctxt: &Context) -> Result<()>;
}

/// A service that reports each request when it begins. It completes requests only if `finishes` is set.
struct Worker {
    begun: mpsc::UnboundedSender<u32>,
    finishes: bool,
}

impl Work for Worker {
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
        .endpoint(WorkEndpoint::new(Worker { begun, finishes }))
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
async fn a_dying_server_loses_only_the_requests_that_it_had_begun() {
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
    // The second server runs one request at a time, in order. So all earlier requests have arrived before the
    // last one.
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
async fn unconfirmed_messages_are_published_again_only_with_resend() {
    const LIMIT: Duration = Duration::from_millis(1200);
    let topic = topic();
    let serving = transport("");
    let (_server, mut begins) = server(&serving, &topic, "s", 1, true).await;
    let relay = Relay::to(&broker()).await;
    // Each transport has its own connection and an open channel, so that the following messages are written
    // immediately.
    let [keeping, sending, calling] = std::array::from_fn(|_| transport_at(&relay.address(), ""));
    let ctxt = Context::new();
    for transport in [&keeping, &sending, &calling] {
        client(transport, &topic).done(&ctxt).await.unwrap();
    }

    // The broker never gets what the relay holds back when it cuts. The driver cannot know that.
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
