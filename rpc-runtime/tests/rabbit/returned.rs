//! Messages that the broker returns, among others that it delivers.

use std::sync::Arc;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_returned_message_fails_only_its_own_send() {
    const TASKS: usize = 64;
    const EACH: usize = 100;
    let (served, nowhere) = (topic(), topic());
    let transport = Arc::new(transport(""));
    // The listener acknowledges a few requests. The others stay in their queue, which suffices here.
    let listener = listen(&transport, &Target::new(&*served).server("s")).await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (transport, served, nowhere) = (transport.clone(), served.clone(), nowhere.clone());
            tokio::spawn(async move {
                for number in 0..EACH {
                    let lost = (task + number) % 4 == 0;
                    // The first message of a topic, and each large message, is published alone.
                    let target = Target::new(match lost {
                        false => served.clone(),
                        true if number % 16 == 0 => topic(),
                        true => nowhere.clone(),
                    });
                    let length = match number % 50 {
                        0 => 1_100_000,
                        // The body needs several frames.
                        1 | 2 => 300_000,
                        _ => 10 + number,
                    };
                    let body = request(&"m".repeat(length));
                    let mut terms = casting(Retry::Times(0), true);
                    terms.queue_wait = Duration::ZERO;
                    let sent = transport.driver().send(&target, body, &terms).await;
                    match sent {
                        Ok(()) if !lost => {}
                        Err(Error::Undeliverable { .. }) if lost => {}
                        other => panic!("{task}/{number}, lost: {lost}: {other:?}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    drop(listener);
    transport.close().await;
}
