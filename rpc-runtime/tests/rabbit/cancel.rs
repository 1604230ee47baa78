//! Futures of the driver that are dropped after their first poll, their second, and so on up to their end.
//! The connection and its channels must stay, and nothing else may be left.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use tokio::net::TcpStream;

use super::*;

/// Polls the future up to `times` times, whenever it is woken, and drops it. Returns its output, if it
/// completed.
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

/// A relay, and the number of connections that it has accepted.
async fn counting() -> (Relay, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let relay = Relay::start(move |mut client| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            if let Ok(mut server) = TcpStream::connect(broker()).await {
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            }
        }
    });
    (relay.await, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn futures_dropped_at_any_poll_leave_the_connection_unchanged() {
    let (relay, connections) = counting().await;
    let topic = topic();
    let server = transport("");
    let mut listener = listen(&server, &Target::new(&*topic).server("s")).await;
    let (ran, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let serving = tokio::spawn(async move {
        while let Some(arrival) = listener.next().await {
            let Arrival::Request(incoming) = arrival else {
                continue;
            };
            match method_of(&incoming).as_str() {
                "m" => {
                    let to = reply_to(&incoming);
                    let reply = success(&to, "s").unwrap();
                    let _ = incoming.responder.clone().reply(&to, reply).await;
                }
                cast => drop(ran.send(cast.to_owned())),
            }
        }
    });
    let client = transport_at(&relay.address(), "");
    let target = Target::new(&*topic);
    let other = Target::new(format!("{topic}-other")).server("o");
    call(&client, &target).await.unwrap();
    let send = casting(Retry::Forever, true);
    client
        .driver()
        .send(&target, request("warm"), &send)
        .await
        .unwrap();
    listen(&client, &other).await.close().await;
    assert_eq!(seen.recv().await.unwrap(), "warm");
    let opened = connections.load(Ordering::Relaxed);
    until("all is quiet", || async {
        format!("{client:?}").contains("calls: 0")
    })
    .await;
    let before = tasks();

    let mut longest = [0; 3];
    for round in 0..10 {
        for times in 0.. {
            let ended = polled(call(&client, &target), times).await;
            let shown = format!("{client:?}");
            assert!(shown.contains("calls: 0"), "{shown}");
            assert_eq!(call(&client, &target).await.unwrap(), "s");
            if let Some(called) = ended {
                assert_eq!(called.unwrap(), "s");
                longest[0] = longest[0].max(times);
                break;
            }
        }
        let mut accepted = String::new();
        for times in 0.. {
            let name = format!("cast-{round}-{times}");
            let cast = client.driver().send(&target, request(&name), &send);
            let ended = polled(cast, times).await;
            assert_eq!(call(&client, &target).await.unwrap(), "s");
            if let Some(cast) = ended {
                cast.unwrap();
                longest[1] = longest[1].max(times);
                accepted = name;
                break;
            }
        }
        let mut ran = HashSet::new();
        while !ran.contains(&accepted) {
            let name = timeout(LONG, seen.recv()).await.expect("in time").unwrap();
            assert!(ran.insert(name), "a cast ran twice");
        }
        for times in 0.. {
            let begun = ListenTerms::new(1, 1);
            let begun = client.driver().listen(&other, &begun);
            let ended = polled(begun, times).await;
            // No other listener is left: the next one gets all requests.
            let done = ended.is_some();
            drop(ended);
            let listener = listen(&client, &other).await;
            let serving = serve(listener, "o");
            let topic = Target::new(&*other.topic);
            for _ in 0..3 {
                assert_eq!(call(&client, &topic).await.unwrap(), "o");
            }
            serving.abort();
            if done {
                longest[2] = longest[2].max(times);
                break;
            }
        }
    }
    assert!(longest.iter().all(|polls| *polls > 1), "{longest:?}");
    until("no more tasks than before", || async { tasks() <= before }).await;
    assert_eq!(connections.load(Ordering::Relaxed), opened, "a reconnect");
    assert!(seen.try_recv().is_err(), "a cast ran twice");
    client.close().await;
    server.close().await;
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_close_dropped_at_any_poll_still_closes() {
    let before = tasks();
    for times in 0.. {
        let topic = topic();
        let transport = transport("");
        let target = Target::new(&*topic);
        let mut listener = listen(&transport, &target.clone().server("s")).await;
        let (called, ()) = tokio::join!(call(&transport, &target), async {
            answer(&next(&mut listener).await, "x").await;
        });
        called.unwrap();
        let listening = polled(listener.close(), times).await;
        let closing = polled(transport.close(), times).await;
        if times > 0 {
            let after = timeout(LONG, call(&transport, &target)).await;
            assert!(matches!(after.expect("at once"), Err(Error::Closed { .. })));
        }
        drop((listener, transport));
        until("all tasks have ended", || async { tasks() <= before }).await;
        if listening.is_some() && closing.is_some() {
            break;
        }
    }
}
