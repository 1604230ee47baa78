//! The answers that a channel's messages get: from confirms, from returns, and from the end of the channel.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;

use super::*;

fn new() -> Confirms {
    Confirms::new(Arc::default())
}

fn publish(confirms: &Confirms) -> Confirm {
    confirms.publish(false, 1, |_, _| Ok(()))
}

/// The answer, if it has come.
fn now(confirm: &mut Confirm) -> Option<Answer> {
    confirm.now()
}

#[test]
fn each_message_has_its_own_answer() {
    let confirms = new();
    let mut numbers = Vec::new();
    let mut sent: Vec<_> = (0..6)
        .map(|_| {
            confirms.publish(false, 1, |number, _| {
                numbers.push(number);
                Ok(())
            })
        })
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    confirms.settle(2, false, true);
    confirms.settle(5, false, false);
    confirms.returned(3);
    // The sender of this message no longer waits.
    drop(sent.remove(3));
    confirms.settle(4, true, true);
    confirms.settle(4, true, true);
    let answers: Vec<_> = sent.iter_mut().map(now).collect();
    assert!(matches!(
        answers[..],
        [
            Some(Ok(Confirmed::Taken)),
            Some(Ok(Confirmed::Taken)),
            Some(Ok(Confirmed::Returned)),
            Some(Ok(Confirmed::Rejected)),
            None,
        ]
    ));
    assert_eq!(
        confirms.waiting.lock().messages.len(),
        1,
        "settled messages are removed"
    );
    confirms.settle(0, true, true);
    assert!(matches!(now(&mut sent[4]), Some(Ok(Confirmed::Taken))));
}

#[test]
fn a_quiet_confirm_wakes_the_task_only_if_the_message_was_not_taken() {
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let confirms = new();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let mut context = Context::from_waker(&waker);
    let mut sent = [(); 3].map(|()| confirms.publish(true, 1, |_, _| Ok(())));
    for sent in &mut sent {
        sent.keep(Bytes::from_static(b"body"));
        assert!(Pin::new(sent).poll(&mut context).is_pending());
    }
    confirms.settle(1, false, true);
    assert_eq!(count.0.load(Ordering::Relaxed), 0);
    let taken = Pin::new(&mut sent[0]).poll(&mut context);
    assert!(matches!(taken, Poll::Ready(Ok(Confirmed::Taken))));
    confirms.returned(2);
    confirms.settle(2, false, true);
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    confirms.lost(&"cut".into());
    assert_eq!(count.0.load(Ordering::Relaxed), 2);
    assert_eq!(
        sent.map(|sent| sent.kept().len()),
        [0, 4, 4],
        "bodies of messages that may be sent again are kept"
    );
}

#[test]
fn each_callback_is_called_exactly_once() {
    let confirms = new();
    let (tell, told) = std::sync::mpsc::channel();
    let callback = || -> ConfirmCallback {
        let tell = tell.clone();
        Box::new(move |answer| tell.send(answer).unwrap())
    };
    for _ in 0..3 {
        confirms.publish_with_callback(callback(), 1, |_, _| Ok(()));
    }
    confirms.settle(1, false, true);
    confirms.returned(2);
    confirms.settle(2, false, true);
    confirms.lost(&"cut".into());
    confirms.publish_with_callback(callback(), 1, |_, _| unreachable!("it is closed"));
    let answers: Vec<_> = told.try_iter().collect();
    assert!(matches!(
        answers[..],
        [
            Ok(Confirmed::Taken),
            Ok(Confirmed::Returned),
            Err(Failure::Unanswered(_)),
            Err(Failure::NotProcessed(_)),
        ]
    ));
}

#[tokio::test(start_paused = true)]
async fn silence_begins_with_a_waiting_message_and_ends_with_a_confirm() {
    let (long, confirms) = (Duration::from_secs(1), new());
    tokio::time::advance(long).await;
    let _sent = [publish(&confirms), publish(&confirms)];
    assert_eq!(confirms.health(), Health::Healthy);
    tokio::time::advance(long).await;
    assert_eq!(confirms.health(), Health::Silent);
    // A confirm of the second message, which is not timed: so nothing is measured.
    confirms.settle(2, false, true);
    assert_eq!(confirms.health(), Health::Healthy);
    tokio::time::advance(long).await;
    assert_eq!(confirms.health(), Health::Silent);
    confirms.settle(1, false, true);
    assert_eq!(confirms.health(), Health::Healthy, "no message waits");
    confirms.lost(&"cut".into());
    assert_eq!(confirms.health(), Health::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_silent_once_confirms_take_longer_than_usual() {
    let round_trip = Duration::from_secs(1);
    let confirms = new();
    for number in 1..=20 {
        let _sent = publish(&confirms);
        tokio::time::advance(round_trip).await;
        // Before the first confirm, nothing is known about the round trip.
        let expected = if number == 1 {
            Health::Silent
        } else {
            Health::Healthy
        };
        assert_eq!(confirms.health(), expected, "{number}");
        confirms.settle(number, false, true);
    }
    let _sent = publish(&confirms);
    tokio::time::advance(2 * round_trip).await;
    assert_eq!(confirms.health(), Health::Silent);
}

#[tokio::test(start_paused = true)]
async fn one_message_is_timed_at_a_time() {
    let confirms = new();
    let _sent = [publish(&confirms), publish(&confirms)];
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(confirms.waiting.lock().settle(2, false).took, None);
    let _third = publish(&confirms);
    tokio::time::advance(Duration::from_secs(1)).await;
    // A confirm of the third message, which was sent later, settles the timed first one, too.
    let settled = confirms.waiting.lock().settle(3, true);
    assert_eq!(settled.took, Some(Duration::from_secs(2)));
    assert_eq!(settled.silence, Duration::from_secs(1));
    let _fourth = publish(&confirms);
    assert_eq!(
        confirms.waiting.lock().settle(4, false).took,
        Some(Duration::ZERO)
    );
}

#[test]
fn a_message_that_was_not_sent_gets_no_number() {
    let confirms = new();
    let mut refused = confirms.publish(false, 1, |_, _| Err(Fault::lost("closed")));
    assert!(matches!(
        now(&mut refused),
        Some(Err(Failure::NotProcessed(_)))
    ));
    let mut sent = publish(&confirms);
    confirms.settle(1, false, true);
    assert!(now(&mut sent).is_some());
    // Numbers that were not used are ignored.
    confirms.settle(9, false, true);
    confirms.returned(9);
}

#[test]
fn the_refused_message_is_known_only_if_no_other_one_waits() {
    let missing = Fault::Missing("no exchange".into());
    let confirms = new();
    let mut settled = publish(&confirms);
    confirms.settle(1, false, true);
    let mut sent = publish(&confirms);
    confirms.refused(&missing);
    assert!(matches!(now(&mut settled), Some(Ok(_))));
    assert!(matches!(
        now(&mut sent),
        Some(Err(Failure::NotTaken(Fault::Missing(_))))
    ));
    let mut late = confirms.publish(false, 1, |_, _| unreachable!("it is closed"));
    assert!(matches!(
        now(&mut late),
        Some(Err(Failure::NotProcessed(Fault::Lost(_))))
    ));

    let confirms = new();
    let mut sent = [publish(&confirms), publish(&confirms)];
    confirms.refused(&missing);
    for sent in &mut sent {
        assert!(matches!(
            now(sent),
            Some(Err(Failure::Unanswered(Fault::Lost(_))))
        ));
    }
}

#[test]
fn a_message_that_is_too_large_is_identified_by_its_size() {
    let text = "message size 600 is larger than configured max size 500";
    let refusal = Fault::coded(406, text);
    let confirms = new();
    let mut sent = [7, 600, 600, 8].map(|size| confirms.publish(false, size, |_, _| Ok(())));
    confirms.refused(&refusal);
    let answers = sent.each_mut().map(now);
    assert!(matches!(
        answers,
        [
            Some(Err(Failure::Unanswered(Fault::Lost(_)))),
            Some(Err(Failure::NotTaken(Fault::Refused(_)))),
            Some(Err(Failure::NotProcessed(_))),
            Some(Err(Failure::NotProcessed(_))),
        ]
    ));
}

#[test]
fn a_message_that_waits_for_too_long_fails() {
    let confirms = new();
    let mut first = publish(&confirms);
    confirms.tick(1, "late");
    let mut second = publish(&confirms);
    confirms.tick(1, "late");
    assert!(matches!(now(&mut first), Some(Err(Failure::Unanswered(_)))));
    assert!(now(&mut second).is_none());
    confirms.settle(2, true, true);
    assert!(matches!(now(&mut second), Some(Ok(Confirmed::Taken))));
}
