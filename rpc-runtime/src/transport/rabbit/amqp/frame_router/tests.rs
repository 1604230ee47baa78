//! Streams of random frames, split at random places. Time is paused: otherwise a heartbeat for lapin might be inserted.

mod deliveries;

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::super::channel::Channel;
use super::super::channel_state::Role;
use super::super::confirm::{Confirm, Confirmed};
use super::super::confirms::Confirms;
use super::super::outgoing::Outgoing;
use super::super::write_queue::Next;
use super::*;
use crate::sync::Mutex;

/// How many messages are published on each channel.
const PUBLISHED: u64 = 60;

/// A random number generator. Equal seeds give equal numbers.
struct Random(u64);

impl Random {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        // Bytes that look like frame ends and like the beginnings of returns.
        (0..length)
            .map(|_| [0xCE, 1, 0, 60, 0, 50, 2, 3][self.below(8)])
            .collect()
    }
}

fn frame(kind: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap();
    let mut frame = vec![kind];
    frame.extend(channel.to_be_bytes());
    frame.extend(size.to_be_bytes());
    frame.extend(payload);
    frame.push(FRAME_END);
    frame
}

fn method(random: &mut Random, channel: u16, class: u8, method: u8) -> Vec<u8> {
    let length = random.below(40);
    let mut payload = vec![0, class, 0, method];
    payload.extend(random.bytes(length));
    frame(METHOD, channel, &payload)
}

/// The properties of a message with this message id.
fn properties(message_id: u64) -> Vec<u8> {
    let id = message_id.to_string();
    let length = u8::try_from(id.len()).unwrap();
    // Content type, delivery mode, expiration and message id.
    [
        &[0b1001_0001, 0b1000_0000, 2, b'a', b'b', 2, 1, b'7', length],
        id.as_bytes(),
    ]
    .concat()
}

/// A message as the broker sends it: a method, a content header, and the body in several frames.
fn message(random: &mut Random, channel: u16, id: u8, message_id: u64) -> Vec<Vec<u8>> {
    let bodies: Vec<_> = (0..random.below(4))
        .map(|_| {
            let length = random.below(3) * random.below(60);
            random.bytes(length)
        })
        .collect();
    let size: usize = bodies.iter().map(Vec::len).sum();
    let mut header = vec![0, 60, 0, 0];
    header.extend(u64::try_from(size).unwrap().to_be_bytes());
    header.extend(properties(message_id));
    let mut frames = vec![
        method(random, channel, 60, id),
        frame(CONTENT_HEADER, channel, &header),
    ];
    // No body frame may follow the last byte.
    let mut left = size;
    for body in bodies {
        if left > 0 {
            frames.push(frame(BODY, channel, &body));
            left -= body.len();
        }
    }
    frames
}

/// The broker's answer to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Taken,
    Returned,
    Rejected,
    Failed,
    Nothing,
}

/// basic.ack or basic.nack.
fn confirm(channel: u16, method: u8, number: u64, multiple: bool) -> Vec<u8> {
    let payload = [
        &[0, 60, 0, method][..],
        &number.to_be_bytes(),
        &[multiple.into()],
    ]
    .concat();
    frame(METHOD, channel, &payload)
}

struct Stream {
    all: Vec<u8>,
    /// The frames of channel 0, which lapin must get.
    expected: Vec<u8>,
    /// The answers, by channel and number.
    answers: BTreeMap<(u16, u64), Answer>,
}

#[tokio::test(start_paused = true)]
async fn lapin_gets_heartbeats_while_other_channels_receive_frames() {
    let publishing = Publishing::new();
    let mut router = FrameRouter::new(publishing.io.clone());
    let mut seen = Vec::new();
    for number in 1..=8 {
        tokio::time::advance(LAPIN_BEAT / 4).await;
        let bytes = confirm(300, 80, number, false);
        assert_eq!(router.read(&bytes).unwrap(), bytes.len());
        let passed = emptied(&publishing.io);
        if !passed.is_empty() {
            seen.push((number, passed));
        }
    }
    let beat = HEARTBEAT_FRAME.to_vec();
    assert_eq!(seen, [(4, beat.clone()), (8, beat)]);
}

/// Frames: whether each one is kept from lapin, its bytes, and the answers that it brings.
type Frames = Vec<(bool, Vec<u8>, Vec<(u64, Answer)>)>;

/// Messages and confirms on several channels, their frames interleaved. Channel 0 is lapin's; the others publish.
fn stream(random: &mut Random) -> Stream {
    let mut stream = Stream {
        all: Vec::new(),
        expected: Vec::new(),
        answers: BTreeMap::new(),
    };
    // For each channel, how many messages are settled, and the next frames.
    let mut channels: Vec<(u64, Frames)> = vec![(0, Vec::new()); 5];
    for _ in 0..90 {
        let index = random.below(channels.len());
        let channel = u16::try_from(index * 300).unwrap();
        let (settled, frames) = &mut channels[index];
        if frames.is_empty() {
            let all = |withheld, frames: Vec<Vec<u8>>| -> Frames {
                let frames = frames.into_iter();
                frames.map(|frame| (withheld, frame, vec![])).collect()
            };
            let next = *settled + 1;
            *frames = match random.below(8) {
                0 | 1 if index > 0 => {
                    *settled += 1;
                    let mut frames = all(true, message(random, channel, 50, next));
                    frames.push((
                        true,
                        confirm(channel, 80, next, false),
                        vec![(next, Answer::Returned)],
                    ));
                    frames
                }
                2 | 3 if index > 0 => {
                    *settled += 3;
                    let answers = (next..=*settled)
                        .map(|number| (number, Answer::Taken))
                        .collect();
                    vec![(true, confirm(channel, 80, *settled, true), answers)]
                }
                4 if index > 0 => {
                    *settled += 1;
                    vec![(
                        true,
                        confirm(channel, 120, next, false),
                        vec![(next, Answer::Rejected)],
                    )]
                }
                // A delivery on a channel without a handler.
                5 if index > 0 => all(true, message(random, channel, 60, next)),
                // A delivery on a channel that is not open.
                6 => all(true, message(random, channel + 8, 60, next)),
                7 if index == 0 => all(false, vec![method(random, 0, 10, 30)]),
                _ => all(false, vec![frame(HEARTBEAT, 0, &[])]),
            };
        }
        let (withheld, frame, answers) = frames.remove(0);
        stream.all.extend(&frame);
        if !withheld {
            stream.expected.extend(frame);
        }
        let answers = answers
            .into_iter()
            .map(|(number, answer)| ((channel, number), answer));
        stream.answers.extend(answers);
    }
    stream
}

/// The publishing channels, and what was published on them.
struct Publishing {
    io: Arc<Io>,
    sent: BTreeMap<(u16, u64), Confirm>,
}

impl Publishing {
    fn new() -> Self {
        let io = Arc::new(Io::new(None, None));
        let mut sent = BTreeMap::new();
        for channel in [1, 300, 600, 900, 1200] {
            let state = io.channels.insert(
                channel,
                Role::Publish(Arc::new(Confirms::new(Arc::default()))),
            );
            for number in 1..=PUBLISHED {
                let confirms = state.confirms().unwrap();
                sent.insert((channel, number), confirms.publish(false, 1, |_, _| Ok(())));
            }
        }
        Self { io, sent }
    }

    /// The answers that have come.
    fn answers(self) -> BTreeMap<(u16, u64), Answer> {
        let now = |confirm: Confirm| {
            let waiting = std::pin::pin!(confirm);
            match waiting.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(Confirmed::Taken)) => Answer::Taken,
                Poll::Ready(Ok(Confirmed::Returned)) => Answer::Returned,
                Poll::Ready(Ok(Confirmed::Rejected)) => Answer::Rejected,
                Poll::Ready(Err(_)) => Answer::Failed,
                Poll::Pending => Answer::Nothing,
            }
        };
        let answers = self
            .sent
            .into_iter()
            .map(|(sent, confirm)| (sent, now(confirm)));
        answers
            .filter(|(_, answer)| *answer != Answer::Nothing)
            .collect()
    }
}

/// The bytes that lapin gets when the stream arrives in pieces, and the publishing channels.
fn filtered(all: &[u8], piece: impl FnMut() -> usize) -> (io::Result<Vec<u8>>, Publishing) {
    let publishing = Publishing::new();
    (read(&publishing.io, all, piece), publishing)
}

fn read(io: &Arc<Io>, all: &[u8], mut piece: impl FnMut() -> usize) -> io::Result<Vec<u8>> {
    let mut router = FrameRouter::new(io.clone());
    let (mut from, mut to) = (0, 0);
    while to < all.len() {
        to = all.len().min(to + piece());
        from += router.read(&all[from..to])?;
    }
    assert_eq!(from, to, "some bytes were not routed");
    Ok(emptied(io))
}

/// Takes the bytes for lapin out of the pipe.
fn emptied(io: &Io) -> Vec<u8> {
    let mut out = Vec::new();
    let mut buffer = [0; 999];
    let context = Context::from_waker(Waker::noop());
    while let Poll::Ready(read) = io.lapin_pipe.poll_read(&context, &mut buffer) {
        out.extend(&buffer[..read.unwrap()]);
    }
    out
}

/// Takes the bytes to write out of the write queue.
fn written(io: &Io) -> Vec<u8> {
    let mut out = Outgoing::default();
    match io.write_queue.take(&mut out) {
        Next::Frames => out.to_vec(),
        Next::NothingNow | Next::Nothing => Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn answers_reach_their_messages_wherever_the_stream_is_split() {
    for seed in 0..1_000 {
        let mut random = Random(seed);
        let stream = stream(&mut random);
        let pieces = 1 + random.below(400);
        let mut cuts = Random(seed + 1);
        let (out, publishing) = filtered(&stream.all, || cuts.below(pieces + 1));
        assert_eq!(out.unwrap(), stream.expected, "seed {seed}");
        assert_eq!(publishing.answers(), stream.answers, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_split_at_any_place_has_no_effect() {
    let stream = stream(&mut Random(7));
    for at in 1..stream.all.len() {
        let mut pieces = [at, stream.all.len()].into_iter();
        let (out, _) = filtered(&stream.all, || pieces.next().unwrap());
        assert_eq!(out.unwrap(), stream.expected, "cut at {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_of_a_channel_is_answered_and_fails_only_its_messages() {
    let text = b"NOT_FOUND - no exchange";
    let close = [&[0, 20, 0, 40, 1, 148, 23][..], text, &[0, 60, 0, 40]].concat();
    let close = frame(METHOD, 300, &close);
    let (out, publishing) = filtered(&close, || 7);
    assert_eq!(out.unwrap(), b"");
    assert_eq!(written(&publishing.io), frame(METHOD, 300, &[0, 20, 0, 41]));
    assert!(publishing.io.channels.get(300).is_none());
    assert!(publishing.io.is_up());
    let answers = publishing.answers();
    assert!(answers.len() == 60 && answers.keys().all(|(channel, _)| *channel == 300));
}

#[tokio::test(start_paused = true)]
async fn a_close_of_the_connection_is_answered_and_passed_to_lapin() {
    let text = b"CONNECTION_FORCED";
    let close = [&[0, 10, 0, 50, 1, 64, 17][..], text, &[0, 0, 0, 0]].concat();
    let close = frame(METHOD, 0, &close);
    let (out, publishing) = filtered(&close, || 7);
    assert_eq!(out.unwrap(), close);
    let close_ok = frame(METHOD, 0, &[0, 10, 0, 51]);
    assert_eq!(written(&publishing.io), close_ok);
    assert_eq!(&*publishing.io.down().await, "CONNECTION_FORCED");
    let answers = publishing.answers();
    assert!(answers.len() == 300 && answers.values().all(|answer| *answer == Answer::Failed));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_connection_has_the_brokers_reason() {
    let blocked = frame(METHOD, 0, &[0, 10, 0, 60, 3, b'l', b'o', b'w']);
    let unblocked = frame(METHOD, 0, &[0, 10, 0, 61]);
    let (out, publishing) = filtered(&blocked, || 7);
    assert_eq!(out.unwrap(), blocked);
    assert_eq!(publishing.io.blockage().as_deref(), Some("low"));
    read(&publishing.io, &unblocked, || 7).unwrap();
    assert!(publishing.io.blockage().is_none());
}

#[tokio::test(start_paused = true)]
async fn if_both_sides_close_a_channel_each_close_is_answered() {
    let io = Arc::new(Io::new(None, None));
    let state = io.channels.insert(7, Role::Declare);
    drop(Channel::adopt(&io, &state));
    let own_close = written(&io);
    assert!(own_close.starts_with(&[METHOD, 0, 7]), "{own_close:?}");
    let close = frame(METHOD, 7, &[0, 20, 0, 40, 1, 150, 0, 0, 0, 0, 0]);
    read(&io, &close, || 7).unwrap();
    assert_eq!(written(&io), frame(METHOD, 7, &[0, 20, 0, 41]));
    assert!(
        io.channels.get(7).is_some(),
        "this side's close is not answered yet"
    );
    read(&io, &frame(METHOD, 7, &[0, 20, 0, 41]), || 7).unwrap();
    assert!(io.channels.get(7).is_none());
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_not_amqp_go_to_lapin() {
    let good = frame(METHOD, 0, &[0, 10, 0, 30, 9]);
    let mut endless = good.clone();
    *endless.last_mut().unwrap() = 7;
    for foreign in [
        b"AMQP\0\0\x09\x01".to_vec(),
        b"\x15\x03\x03\0\x02\x02\x46".to_vec(),
        endless,
    ] {
        let all = [good.clone(), foreign].concat();
        let (out, publishing) = filtered(&all, || 5);
        assert_eq!(out.unwrap(), all);
        assert!(publishing.answers().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn frames_of_a_channel_that_is_not_open_are_dropped() {
    let nameless = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let all = [
        frame(METHOD, 5, &[0, 20, 0, 21, 1]),
        frame(METHOD, 5, &[0, 60, 0, 80, 9]),
        frame(METHOD, 5, &[0, 60, 0, 50]),
        frame(CONTENT_HEADER, 5, &nameless),
    ]
    .concat();
    let (out, publishing) = filtered(&all, || 5);
    assert!(out.unwrap().is_empty());
    assert!(written(&publishing.io).is_empty());
    assert!(publishing.answers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_malformed_or_unexpected_frame_ends_the_connection() {
    let header = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 9];
    let returned = [
        frame(METHOD, 1, &[0, 60, 0, 50]),
        frame(CONTENT_HEADER, 1, &header),
    ]
    .concat();
    let mut endless = frame(METHOD, 1, &[0, 60, 0, 50]);
    *endless.last_mut().unwrap() = 7;
    for bad in [
        returned,
        endless,
        frame(METHOD, 1, &[0, 60, 0, 80, 9]),
        frame(METHOD, 1, &[0, 60]),
        // A method that only clients send.
        frame(METHOD, 1, &[0, 50, 0, 10]),
        frame(BODY, 1, b"body"),
        frame(HEARTBEAT, 1, &[]),
    ] {
        let (out, _) = filtered(&bad, || 5);
        assert_eq!(out.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
