//! Futures are dropped after their first poll, after their second, and so on up to their end. Nothing of them remains,
//! and the resources that they used can be used again.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::*;

/// Polls the future up to `times` times, each time when it is woken, then drops it. Returns its output if it ended.
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn tasks() -> usize {
    let runtime = tokio::runtime::Handle::current();
    runtime.metrics().num_alive_tasks()
}

/// Waits until the condition holds. The case's limit ends the wait.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Fails if the reply table of the client's transport has a call.
fn assert_no_call_waits(client: &StockClient) {
    let shown = format!("{:?}", client.rpc().transport());
    let empty = shown.contains("calls_waiting: 0") || shown.contains("calls: 0");
    assert!(empty, "{shown}");
}

/// Opens all connections that servers and clients keep.
async fn warm(stage: &Bench, client: &StockClient) {
    let server = stage.serve("first", 1).await;
    client.whoami(&ctxt()).await.unwrap();
    server.stop().await;
}

pub(crate) async fn a_call_dropped_at_any_poll_leaves_nothing_behind(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("s", 64).await;
    let client = client(&world);
    client.whoami(&ctxt()).await.unwrap();
    let mut before = tasks();
    // This call certainly waits for its reply. It is dropped at the end of the block.
    {
        let ctxt = ctxt();
        let mut call = pin!(client.wait(&ctxt, 7).into_future());
        tokio::select! {
            ended = &mut call => panic!("nobody has let it: {ended:?}"),
            seen = stage.next() => assert_eq!(seen, Seen::Waiting("s".into(), 7)),
        }
    }
    assert_no_call_waits(&client);
    stage.release.notify_one();
    until(|| tasks() <= before).await;
    for monitor in [None, Some(Duration::from_secs(5))] {
        for times in 0.. {
            let ctxt = ctxt();
            let call = client.whoami(&ctxt).monitor(monitor);
            let ended = polled(call.into_future(), times).await;
            assert_no_call_waits(&client);
            assert_eq!(client.whoami(&ctxt).await.unwrap(), "s");
            until(|| tasks() <= before).await;
            before = tasks();
            if let Some(name) = ended {
                assert_eq!(name.unwrap(), "s");
                break;
            }
        }
    }
}

pub(crate) async fn a_cast_dropped_at_any_poll_runs_once_at_most(world: World) {
    let mut stage = Bench::new(&world);
    let server = stage.serve("s", 1).await;
    let client = client(&world);
    client.whoami(&ctxt()).await.unwrap();
    let before = tasks();
    let mut sent = 0;
    // Repeated, since the time of the broker's answer varies.
    for _ in 0..20 {
        for times in 0.. {
            sent += 1;
            let ctxt = ctxt();
            let cast = client.note(&ctxt, sent);
            let ended = polled(cast.into_future(), times).await;
            assert_eq!(client.whoami(&ctxt).await.unwrap(), "s");
            if let Some(cast) = ended {
                cast.unwrap();
                break;
            }
        }
        // The accepted cast has run, and none of the earlier ones has run twice.
        let mut ran = HashSet::new();
        while !ran.contains(&sent) {
            let Seen::Note(_, number) = stage.next().await else {
                panic!("nothing but notes");
            };
            assert!(ran.insert(number), "{number} ran twice");
        }
    }
    until(|| tasks() <= before).await;
    assert!(server.stop().await.is_clean());
    stage.assert_nothing_more();
}

pub(crate) async fn a_start_dropped_at_any_poll_leaves_no_server(world: World) {
    let stage = Bench::new(&world);
    let client = client(&world);
    warm(&stage, &client).await;
    let before = tasks();
    for times in 0.. {
        let started = polled(stage.serve("s", 1), times).await;
        let ended = started.is_some();
        drop(started);
        // The unfinished start was undone: a server of the same name gets all requests.
        until(|| tasks() <= before).await;
        let server = stage.serve("s", 1).await;
        for _ in 0..3 {
            assert_eq!(client.whoami(&ctxt()).await.unwrap(), "s");
        }
        server.stop().await;
        if ended {
            break;
        }
    }
}

pub(crate) async fn a_stop_that_is_dropped_continues(world: World) {
    let mut stage = Bench::new(&world);
    let client = client(&world);
    warm(&stage, &client).await;
    let before = tasks();
    // Not polled, and polled once. Nothing wakes the future again while a request runs.
    for times in 0..2 {
        let server = stage.serve("s", 1).await;
        let waiting = {
            let client = client.clone();
            tokio::spawn(async move { client.wait(&ctxt(), 7).await })
        };
        assert_eq!(stage.next().await, Seen::Waiting("s".into(), 7));
        assert!(
            polled(server.stop(), times).await.is_none(),
            "a request runs"
        );
        // The running request ends, and its caller gets the reply.
        stage.release.notify_one();
        assert_eq!(waiting.await.unwrap().unwrap(), 7);
        until(|| tasks() <= before).await;
    }
}

pub(crate) async fn a_close_dropped_at_any_poll_ends_the_calls(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("s", 64).await;
    let other = client(&world);
    other.whoami(&ctxt()).await.unwrap();
    let before = tasks();
    for times in 1.. {
        let client = client(&world);
        let waiting = {
            let client = client.clone();
            tokio::spawn(async move { client.wait(&ctxt(), 7).await })
        };
        assert_eq!(stage.next().await, Seen::Waiting("s".into(), 7));
        let ended = polled(client.rpc().transport().close(), times).await;
        assert!(matches!(waiting.await.unwrap(), Err(Error::Closed { .. })));
        assert!(matches!(
            client.whoami(&ctxt()).await,
            Err(Error::Closed { .. })
        ));
        drop(client);
        // The method continues each time, since the server does not know that the call was dropped.
        until(|| tasks() <= before + times).await;
        if ended.is_some() {
            break;
        }
    }
}
