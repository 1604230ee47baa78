//! The end of cancelled calls, of listeners, of drivers, and of reply queues.

use std::sync::Arc;

use rpc_runtime::server::{ServerState, UntypedEndpoint};
use rpc_runtime::wire::RawRequest;
use rpc_runtime::{RemoteError, RpcClient, Server, args};
use serde_json::value::to_raw_value;
use tokio::sync::{Notify, mpsc};

use super::*;

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn closing_a_listener_requeues_requests_that_have_not_begun() {
    let topic = topic();
    let transport = transport("");
    let send = casting(Retry::Forever, true);
    let mut first = listen_with(&transport, &Target::new(&*topic).server("a"), 1).await;
    for method in ["one", "two", "three"] {
        transport
            .driver()
            .send(&Target::new(&*topic), request(method), &send)
            .await
            .unwrap();
    }
    let begun = next(&mut first).await;
    first.close().await;
    drop(begun);
    assert!(first.next().await.is_none());
    let mut second = listen(&transport, &Target::new(&*topic).server("b")).await;
    let mut methods = HashSet::new();
    for _ in 0..2 {
        methods.insert(method_of(&next(&mut second).await));
    }
    assert_eq!(methods, HashSet::from(["two".into(), "three".into()]));
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn closing_ends_waiting_calls_and_deletes_the_reply_queue() {
    let topic = topic();
    let (aside, _channel) = aside().await;
    let server = transport("");
    let client = transport("");
    let mut listener = listen(&server, &Target::new(&*topic).server("s")).await;
    let waiting = {
        let (client, topic) = (client.clone(), topic.clone());
        tokio::spawn(async move { call(&client, &Target::new(topic)).await })
    };
    let queue = reply_to(&next(&mut listener).await).queue;
    assert!(queue_exists(&aside, &queue).await);
    client.close().await;
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed { .. })));
    assert!(matches!(
        call(&client, &Target::new(&*topic)).await,
        Err(Error::Closed { .. })
    ));
    let send = casting(Retry::Forever, true);
    let cast = client
        .driver()
        .send(&Target::new(&*topic), request("m"), &send)
        .await;
    assert!(matches!(cast, Err(Error::Closed { .. })));
    assert!(!queue_exists(&aside, &queue).await);
    // The listener ends, too.
    server.close().await;
    while listener.next().await.is_some() {}
    let target = Target::new(topic).server("s");
    let again = server
        .driver()
        .listen(&target, &ListenTerms::new(1, 1))
        .await;
    assert!(matches!(again.map(drop), Err(Error::Closed { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn no_task_outlives_the_driver() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    for orderly in [true, false] {
        let topic = topic();
        let transport = transport("");
        let mut listener = listen(&transport, &Target::new(&*topic).server("s")).await;
        let target = Target::new(topic);
        let (called, ()) = tokio::join!(call(&transport, &target), async {
            answer(&next(&mut listener).await, "x").await;
        });
        called.unwrap();
        if orderly {
            transport.close().await;
        }
        drop((transport, listener));
        until("all tasks have ended", || async { tasks() <= before }).await;
    }
    // A transport that never connects.
    let closed = relay::closed_address().await;
    let transport = transport_at(&closed.to_string(), "");
    let short = terms(Duration::from_millis(50));
    transport
        .driver()
        .call(&Target::new("t"), request("m"), &short)
        .await
        .unwrap_err();
    drop(transport);
    until("the dialling has ended", || async { tasks() <= before }).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_reply_waits_for_its_queue_and_is_then_dropped() {
    let topic = topic();
    let transport = transport("kombu_missing_consumer_retry_timeout=1");
    let mut listener = listen(&transport, &Target::new(&*topic).server("s")).await;
    let send = casting(Retry::Forever, true);
    transport
        .driver()
        .send(&Target::new(&*topic), request("m"), &send)
        .await
        .unwrap();
    let incoming = next(&mut listener).await;
    let (_connection, channel) = aside().await;
    let queue = format!("reply_{}", MessageId::unique());
    let to = ReplyTo::new(&*queue, "id");
    let reply = || {
        incoming
            .responder
            .clone()
            .reply(&to, success(&to, "x").unwrap())
    };
    for _ in 0..3 {
        reply().await.unwrap();
    }
    // The queue is declared in time, and all waiting replies arrive.
    let declare = channel.queue_declare(
        queue.as_str().into(),
        QueueDeclareOptions::default(),
        FieldTable::default(),
    );
    declare.await.unwrap();
    let consume = channel.basic_consume(
        queue.as_str().into(),
        "".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    let mut consumer = consume.await.unwrap();
    for _ in 0..3 {
        let next =
            std::future::poll_fn(|context| std::pin::Pin::new(&mut consumer).poll_next(context));
        timeout(LONG, next)
            .await
            .expect("in time")
            .unwrap()
            .unwrap();
    }
    // The queue stays missing: the reply is dropped, and later ones are dropped immediately.
    delete_queue(&channel, &queue).await;
    reply().await.unwrap();
    let given_up = || async { format!("{transport:?}").contains("Gone(") };
    until("the queue is given up", given_up).await;
    reply().await.unwrap();
    let far = ReplyTo::new("q".repeat(300), "id");
    incoming
        .responder
        .clone()
        .reply(&far, success(&far, "x").unwrap())
        .await
        .unwrap();
    transport.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn calls_cancelled_at_any_time_leave_nothing_behind() {
    let topic = topic();
    let transport = transport("");
    let listener = listen(&transport, &Target::new(&*topic).server("s")).await;
    serve(listener, "s");
    let target = Target::new(&*topic);
    for microseconds in (0..6000).step_by(20) {
        let call = call(&transport, &target);
        let _ = timeout(Duration::from_micros(microseconds), call).await;
    }
    let text = format!("{transport:?}");
    assert!(text.contains("calls: 0"), "{text}");
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let (transport, target) = (transport.clone(), target.clone());
            tokio::spawn(async move { call(&transport, &target).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "s");
    }
    transport.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_state_of_a_server_shows_a_cut_and_a_stop() {
    let relay = Relay::returning(&broker()).await;
    let address = relay.socket_address();
    let transport = transport_at(&relay.address(), "");
    let topic = topic();
    let (started, mut runs) = mpsc::unbounded_channel();
    let finish = Arc::new(Notify::new());
    let held = finish.clone();
    let hold = move |_: RawRequest| {
        let (started, held) = (started.clone(), held.clone());
        async move {
            started.send(()).unwrap();
            held.notified().await;
            Ok::<_, RemoteError>(to_raw_value(&()).unwrap())
        }
    };
    let server = Server::builder(&transport, "s")
        .topic(&*topic)
        .endpoint(UntypedEndpoint::new(hold))
        .start()
        .await
        .unwrap();
    let handle = server.handle();
    let changed = async |seen: &ServerState| {
        let changed = timeout(LONG, handle.state_changed(seen)).await;
        changed.expect("another state in time")
    };
    let listening = server.state();
    assert!(listening.is_listening(), "{listening:?}");

    drop(relay);
    let cut_off = changed(&listening).await;
    let ServerState::CutOff { why, .. } = &cut_off else {
        panic!("{cut_off:?}");
    };
    assert!(!why.is_empty());
    let _relay = Relay::at(address, &broker()).await;
    let mut again = cut_off;
    while !again.is_listening() {
        again = changed(&again).await;
    }

    let client = RpcClient::new(&transport, Target::new(&*topic));
    client.cast(&(), "hold", args! {}).await.unwrap();
    runs.recv().await.unwrap();
    let (report, ()) = tokio::join!(server.stop(), async {
        let stopping = changed(&again).await;
        assert!(
            matches!(stopping, ServerState::Stopping { .. }),
            "{stopping:?}"
        );
        finish.notify_one();
        assert_eq!(changed(&stopping).await, ServerState::Stopped);
    });
    assert_eq!((report.finished, report.cut_off), (1, 0));
    assert_eq!(handle.state(), ServerState::Stopped);
    transport.close().await;
}
