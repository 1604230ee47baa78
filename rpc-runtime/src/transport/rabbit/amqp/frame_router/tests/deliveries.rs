//! Deliveries: which handler gets them, wherever the stream is split, and bodies above a handler's limit.

use super::*;

fn whole(body: Body) -> Vec<u8> {
    match body {
        Body::Whole(body) => body.to_vec(),
        Body::End { .. } => panic!("the handler sets no limit: {body:?}"),
    }
}

/// Keeps the tags and bodies of deliveries.
#[derive(Default)]
struct Kept(Mutex<Vec<(u64, Vec<u8>)>>);

impl DeliveryHandler for Kept {
    fn delivered(&self, delivered: Delivered) {
        assert_eq!(delivered.consumer.as_str(), "c");
        assert_eq!(delivered.properties.message_id, Some(5));
        self.0.lock().push((delivered.tag, whole(delivered.body)));
    }
}

/// basic.deliver, without its content.
fn deliver(channel: u16, tag: u64) -> Vec<u8> {
    let payload = [
        &[0, 60, 0, 60, 1, b'c'][..],
        &tag.to_be_bytes(),
        &[0, 0, 1, b'k'],
    ]
    .concat();
    frame(METHOD, channel, &payload)
}

/// A connection whose channel 9 consumes.
fn consuming(kept: &Arc<Kept>) -> Arc<Io> {
    let io = Arc::new(Io::new(None, None));
    let handler: Arc<dyn DeliveryHandler> = kept.clone();
    let role = Role::Consume(Mutex::new(Some(handler)));
    io.channels.insert(9, role);
    io
}

#[tokio::test(start_paused = true)]
async fn deliveries_go_to_their_channel_wherever_the_stream_is_split() {
    for seed in 0..300 {
        let mut random = Random(seed);
        let (mut all, mut bodies) = (Vec::new(), Vec::new());
        for tag in 1..20 {
            let mut frames = message(&mut random, 9, 60, 5);
            frames[0] = deliver(9, tag);
            let body = frames[2..]
                .iter()
                .flat_map(|frame| &frame[FRAME_HEADER..frame.len() - 1]);
            bodies.push((tag, body.copied().collect::<Vec<u8>>()));
            for frame in frames {
                all.extend(frame);
                if random.below(3) == 0 {
                    // A message of a channel that is not open.
                    all.extend(message(&mut random, 8, 60, 5).concat());
                }
            }
        }
        let kept = Arc::<Kept>::default();
        let io = consuming(&kept);
        let pieces = 1 + random.below(200);
        let out = read(&io, &all, || random.below(pieces + 1));
        assert_eq!(out.unwrap(), b"", "seed {seed}");
        assert_eq!(*kept.0.lock(), bodies, "seed {seed}");
        io.channels.remove(9);
        let out = read(&io, &all, || 50);
        assert_eq!(out.unwrap(), b"");
        let handled = kept.0.lock().len();
        assert_eq!(handled, 19, "the channel is closed");
    }
}

/// A whole delivery.
fn delivery(channel: u16, tag: u64, body: &[u8]) -> Vec<u8> {
    let mut header = vec![0, 60, 0, 0];
    header.extend(u64::try_from(body.len()).unwrap().to_be_bytes());
    header.extend(properties(5));
    [
        deliver(channel, tag),
        frame(CONTENT_HEADER, channel, &header),
        frame(BODY, channel, body),
    ]
    .concat()
}

fn open_ok(channel: u16) -> Vec<u8> {
    frame(METHOD, channel, &[0, 20, 0, 11, 0, 0, 0, 0])
}

#[tokio::test(start_paused = true)]
async fn before_a_channel_has_opened_its_number_still_belongs_to_an_earlier_one() {
    let kept = Arc::<Kept>::default();
    let io = Arc::new(Io::new(None, None));
    io.channels.set_limit(2);
    let handler: Arc<dyn DeliveryHandler> = kept.clone();
    let consuming = io
        .channels
        .add(Role::Consume(Mutex::new(Some(handler))))
        .unwrap();
    let confirms = Arc::new(Confirms::new(Arc::default()));
    let publishing = io.channels.add(Role::Publish(confirms.clone())).unwrap();
    let mut confirmed = pin!(confirms.publish(false, 1, |_, _| Ok(())));
    let mut is_confirmed = || {
        let polled = confirmed
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        matches!(polled, Poll::Ready(Ok(Confirmed::Taken)))
    };
    let (consumes, publishes) = (consuming.number(), publishing.number());

    let late = [
        delivery(consumes, 17, b"late"),
        confirm(publishes, 80, 1, false),
    ];
    assert_eq!(read(&io, &late.concat(), || 7).unwrap(), b"");
    assert!(kept.0.lock().is_empty());
    assert!(!is_confirmed());

    let own = [
        open_ok(consumes),
        open_ok(publishes),
        delivery(consumes, 1, b"own"),
        confirm(publishes, 80, 1, false),
    ];
    assert_eq!(read(&io, &own.concat(), || 7).unwrap(), b"");
    assert_eq!(*kept.0.lock(), [(1, b"own".to_vec())]);
    assert!(is_confirmed());
}

/// Keeps bodies, with a limit on their size.
struct Limited {
    limit: usize,
    bodies: Mutex<Vec<Body>>,
}

impl DeliveryHandler for Limited {
    fn size_limit(&self) -> usize {
        self.limit
    }

    fn delivered(&self, delivered: Delivered) {
        self.bodies.lock().push(delivered.body);
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_body_above_the_limit_only_the_end_is_kept() {
    const PART: usize = 10_000;
    let size = 2 * KEPT_END + PART / 2;
    let sent: Vec<u8> = (0..=u8::MAX).cycle().step_by(7).take(size).collect();
    let mut header = vec![0, 60, 0, 0];
    header.extend(u64::try_from(size).unwrap().to_be_bytes());
    header.extend(properties(5));
    let mut all = deliver(9, 1);
    all.extend(frame(CONTENT_HEADER, 9, &header));
    for part in sent.chunks(PART) {
        all.extend(frame(BODY, 9, part));
    }
    for (limit, kept) in [(size, size), (size - 1, KEPT_END), (1, KEPT_END)] {
        let handler = Arc::new(Limited {
            limit,
            bodies: Mutex::default(),
        });
        let io = Arc::new(Io::new(None, None));
        io.channels
            .insert(9, Role::Consume(Mutex::new(Some(handler.clone()))));
        assert_eq!(read(&io, &all, || PART / 3).unwrap(), b"");
        let bodies = std::mem::take(&mut *handler.bodies.lock());
        let [body] = &bodies[..] else {
            panic!("{bodies:?}");
        };
        assert_eq!(body.size(), size);
        let (Body::Whole(bytes) | Body::End { end: bytes, .. }) = body;
        assert_eq!(bytes[..], sent[size - kept..], "limit {limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_longer_than_announced_ends_the_connection() {
    let io = consuming(&Arc::default());
    let header = [&[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3][..], &properties(5)].concat();
    let all = [
        deliver(9, 1),
        frame(CONTENT_HEADER, 9, &header),
        frame(BODY, 9, b"four"),
    ]
    .concat();
    let out = read(&io, &all, || 64);
    assert_eq!(out.unwrap_err().kind(), io::ErrorKind::InvalidData);
}
