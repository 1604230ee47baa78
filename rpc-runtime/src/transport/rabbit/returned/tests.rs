//! Streams of random frames, cut at random places.

use std::collections::BTreeSet;

use super::*;

/// A generator of numbers that a seed repeats.
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
        // Full of frame ends and of beginnings of returns.
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

/// The properties of a message that is published as `message_id`.
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

/// A message as the broker sends it: its method, its header, its body in some frames.
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
    // A body frame after the last byte would belong to nothing.
    let mut left = size;
    for body in bodies {
        if left > 0 {
            frames.push(frame(BODY, channel, &body));
            left -= body.len();
        }
    }
    frames
}

struct Stream {
    all: Vec<u8>,
    /// Without what was returned.
    expected: Vec<u8>,
    returned: BTreeSet<u64>,
}

/// Messages on several channels, their frames interleaved.
fn stream(random: &mut Random) -> Stream {
    let mut stream = Stream {
        all: Vec::new(),
        expected: Vec::new(),
        returned: BTreeSet::new(),
    };
    // The id of the message that is being returned there, and the frames to come.
    let mut channels: Vec<(Option<u64>, Vec<Vec<u8>>)> = vec![(None, Vec::new()); 5];
    for message_id in 0..60 {
        let index = random.below(channels.len());
        let channel = u16::try_from(index * 300).unwrap();
        let (returned, frames) = &mut channels[index];
        if frames.is_empty() {
            *returned = None;
            *frames = match random.below(5) {
                0 | 1 => {
                    *returned = Some(message_id);
                    message(random, channel, 50, message_id)
                }
                2 => message(random, channel, 60, message_id),
                3 => vec![method(random, channel, 60, 80)],
                _ => vec![frame(HEARTBEAT, 0, &[])],
            };
        }
        let frame = frames.remove(0);
        stream.all.extend(&frame);
        match *returned {
            None => stream.expected.extend(frame),
            Some(id) if frame[0] == CONTENT_HEADER => drop(stream.returned.insert(id)),
            Some(_) => {}
        }
    }
    stream
}

/// What comes out when the stream arrives in pieces, each read with a buffer of some size; both may
/// say "none now".
fn filtered(
    all: &[u8],
    mut piece: impl FnMut() -> usize,
    mut room: impl FnMut() -> usize,
) -> (io::Result<Vec<u8>>, Returned) {
    let returned = Returned::default();
    let mut filter = ReturnFilter::new(returned.clone());
    let mut rest = all;
    let mut out = Vec::new();
    loop {
        let mut buffer = vec![0xAA; room()];
        let read = filter.poll_read(&mut buffer, |into| {
            assert!(!into.is_empty(), "a read without room looks like the end");
            let length = piece().min(rest.len()).min(into.len());
            if length == 0 && !rest.is_empty() {
                return Poll::Pending;
            }
            let (now, later) = rest.split_at(length);
            into[..length].copy_from_slice(now);
            rest = later;
            Poll::Ready(Ok(length))
        });
        match read {
            Poll::Ready(Ok(0)) => return (Ok(out), returned),
            Poll::Ready(Ok(length)) => out.extend(&buffer[..length]),
            Poll::Ready(Err(error)) => return (Err(error), returned),
            Poll::Pending => {}
        }
    }
}

#[test]
fn returned_messages_and_nothing_else_are_withheld_however_the_stream_is_cut() {
    for seed in 0..2_000 {
        let mut random = Random(seed);
        let stream = stream(&mut random);
        let (pieces, rooms) = (1 + random.below(400), 1 + random.below(300));
        let mut cuts = Random(seed + 1);
        let mut sizes = Random(seed + 2);
        let (out, returned) = filtered(
            &stream.all,
            || cuts.below(pieces + 1),
            || 1 + sizes.below(rooms),
        );
        assert_eq!(out.unwrap(), stream.expected, "seed {seed}");
        assert_eq!(
            returned.lock().iter().copied().collect::<BTreeSet<_>>(),
            stream.returned,
            "seed {seed}"
        );
    }
}

#[test]
fn one_cut_at_each_place_changes_nothing() {
    let stream = stream(&mut Random(7));
    for at in 1..stream.all.len() {
        for room in [12, 19, 20, 1_000_000] {
            let mut pieces = [at, usize::MAX].into_iter().cycle();
            let (out, _) = filtered(&stream.all, || pieces.next().unwrap(), || room);
            assert_eq!(out.unwrap(), stream.expected, "cut at {at}, room {room}");
        }
    }
}

#[test]
fn a_note_is_taken_once() {
    let returned = Returned::default();
    returned.note(3);
    assert!(!returned.take(4) && returned.take(3) && !returned.take(3));
}

#[test]
fn what_is_no_amqp_is_left_for_lapin_to_refuse() {
    let mut random = Random(1);
    let good = frame(METHOD, 1, &[0, 60, 0, 80, 9]);
    let mut endless = good.clone();
    *endless.last_mut().unwrap() = 7;
    let returned: Vec<u8> = message(&mut random, 1, 50, 1).concat();
    for foreign in [
        b"AMQP\0\0\x09\x01".to_vec(),
        b"\x15\x03\x03\0\x02\x02\x46".to_vec(),
        [endless, returned.clone()].concat(),
    ] {
        let all = [good.clone(), foreign].concat();
        let (out, notes) = filtered(&all, || 5, || 64);
        assert_eq!(out.unwrap(), all);
        assert!(!notes.take(1));
    }
    // But when a part was withheld already, nothing can be made of the rest.
    let mut cut = returned;
    let end = FRAME_HEADER + usize::from(cut[6]);
    cut[end] = 7;
    let (out, _) = filtered(&cut, || 5, || 64);
    assert_eq!(out.unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn a_returned_message_of_somebody_else_is_withheld_too() {
    let nameless = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let broken = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 9];
    for header in [&nameless[..], &broken] {
        let method = frame(METHOD, 1, &[0, 60, 0, 50]);
        let all = [method, frame(CONTENT_HEADER, 1, header)].concat();
        let (out, notes) = filtered(&all, || 5, || 64);
        assert!(out.unwrap().is_empty() && notes.lock().is_empty());
    }
}

#[test]
fn content_that_does_not_come_ends_with_the_next_method() {
    let unwelcome = frame(METHOD, 1, &[0, 60, 0, 50]);
    let visible = [
        frame(METHOD, 1, &[0, 60, 0, 60]),
        frame(CONTENT_HEADER, 1, &[0; 14]),
    ]
    .concat();
    let (out, _) = filtered(&[unwelcome, visible.clone()].concat(), || 64, || 64);
    assert_eq!(out.unwrap(), visible);
}
