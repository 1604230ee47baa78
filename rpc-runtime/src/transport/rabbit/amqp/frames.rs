//! Writes the frames that are frequent or have no arguments: publishes, acknowledgements, the `channel.flow` that asks for
//! a [receipt](super::DeliveryHandler::receipt), `channel.flow-ok`, `confirm.select` and `connection.close-ok`.
//!
//! Pure functions that append bytes. They check nothing: the caller must make sure that the channel is open and that
//! names are short enough.

use bytes::Bytes;

use super::super::compression::Compression;
use super::outgoing::Outgoing;

/// The size, in bytes, from which a body is not copied into the outgoing frames.
const SHARED_BODY: usize = 32 * 1024;

/// The length of a frame's header: type, channel and payload length.
pub(super) const FRAME_HEADER: usize = 7;
pub(super) const FRAME_END: u8 = 0xCE;
// The types of frames.
pub(super) const METHOD: u8 = 1;
pub(super) const CONTENT_HEADER: u8 = 2;
pub(super) const BODY: u8 = 3;
pub(super) const HEARTBEAT: u8 = 8;

// The ids of class and method, with which the payload of a method frame begins.
pub(super) const CONNECTION_START: [u8; 4] = [0, 10, 0, 10];
pub(super) const CONNECTION_CLOSE: [u8; 4] = [0, 10, 0, 50];
const CONNECTION_CLOSE_OK: [u8; 4] = [0, 10, 0, 51];
pub(super) const CONNECTION_BLOCKED: [u8; 4] = [0, 10, 0, 60];
pub(super) const CONNECTION_UNBLOCKED: [u8; 4] = [0, 10, 0, 61];
pub(super) const FLOW: [u8; 4] = [0, 20, 0, 20];
pub(super) const FLOW_OK: [u8; 4] = [0, 20, 0, 21];
pub(super) const CHANNEL_OPEN_OK: [u8; 4] = [0, 20, 0, 11];
pub(super) const CHANNEL_CLOSE: [u8; 4] = [0, 20, 0, 40];
pub(super) const CHANNEL_CLOSE_OK: [u8; 4] = [0, 20, 0, 41];
pub(super) const CANCEL: [u8; 4] = [0, 60, 0, 30];
pub(super) const PUBLISH: [u8; 4] = [0, 60, 0, 40];
pub(super) const RETURN: [u8; 4] = [0, 60, 0, 50];
pub(super) const DELIVER: [u8; 4] = [0, 60, 0, 60];
pub(super) const ACK: [u8; 4] = [0, 60, 0, 80];
pub(super) const NACK: [u8; 4] = [0, 60, 0, 120];
pub(super) const CONFIRM_SELECT: [u8; 4] = [0, 85, 0, 10];

/// The class id and the weight, with which a content header begins.
const BASIC_CLASS: [u8; 4] = [0, 60, 0, 0];
/// The flags of the properties that all messages have: content type, content encoding, headers, delivery mode, priority
/// and message id.
const ALWAYS: u16 = 0b1111_1000_1000_0000;
const EXPIRATION: u16 = 0b0000_0001_0000_0000;
/// The properties up to the priority, with oslo.messaging's values, of a message without headers.
const PROPERTIES: &[u8] = b"\x10application/json\x05utf-8\0\0\0\0\x02\0";
/// The part of [`PROPERTIES`] before the headers.
const BEFORE_HEADERS: &[u8] = b"\x10application/json\x05utf-8";
/// The part of [`PROPERTIES`] after the headers.
const AFTER_HEADERS: &[u8] = b"\x02\0";

/// A message to publish. The names have at most 255 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Publish<'a> {
    /// Empty for the default exchange.
    pub(crate) exchange: &'a str,
    pub(crate) key: &'a str,
    /// Whether the broker returns the message if no queue takes it.
    pub(crate) mandatory: bool,
    /// How long the message may wait in a queue, in milliseconds.
    pub(crate) expiration: Option<u32>,
    /// The format of the body, if it is compressed.
    pub(crate) compression: Option<Compression>,
    pub(crate) body: &'a Bytes,
}

/// Writes a message in frames of at most `frame_max` bytes.
pub(super) fn publish(
    outgoing: &mut Outgoing,
    channel: u16,
    message: &Publish<'_>,
    message_id: u64,
    frame_max: usize,
) {
    let frame_overhead = FRAME_HEADER + 1;
    let chunks = message
        .body
        .chunks(frame_max.saturating_sub(frame_overhead).max(1));
    let is_shared = message.body.len() >= SHARED_BODY;
    let out = outgoing.frames();
    if !is_shared {
        out.reserve(256 + message.body.len() + chunks.len() * frame_overhead);
    }
    frame(out, METHOD, channel, |out| {
        out.extend(PUBLISH);
        out.extend([0, 0]);
        short(out, message.exchange);
        short(out, message.key);
        out.push(message.mandatory.into());
    });
    frame(out, CONTENT_HEADER, channel, |out| {
        out.extend(BASIC_CLASS);
        out.extend((message.body.len() as u64).to_be_bytes());
        let expires = message.expiration.map_or(0, |_| EXPIRATION);
        out.extend((ALWAYS | expires).to_be_bytes());
        match message.compression {
            None => out.extend(PROPERTIES),
            Some(compression) => {
                out.extend(BEFORE_HEADERS);
                compression_header(out, compression);
                out.extend(AFTER_HEADERS);
            }
        }
        if let Some(milliseconds) = message.expiration {
            number(out, milliseconds.into());
        }
        number(out, message_id);
    });
    for chunk in chunks {
        if is_shared {
            frame_header(outgoing.frames(), BODY, channel, chunk.len());
            outgoing.share(message.body.slice_ref(chunk));
            outgoing.frames().push(FRAME_END);
        } else {
            frame(outgoing.frames(), BODY, channel, |out| {
                out.extend_from_slice(chunk);
            });
        }
    }
}

/// Writes the headers of a compressed message, as kombu does.
fn compression_header(out: &mut Vec<u8>, compression: Compression) {
    let value = compression.content_type();
    let mut table = Vec::with_capacity(64);
    short(&mut table, "compression");
    table.push(b'S');
    table.extend(length(value.len()));
    table.extend_from_slice(value.as_bytes());
    out.extend(length(table.len()));
    out.extend(table);
}

/// Writes the acknowledgement of a delivery. With `multiple`, it covers all deliveries up to it.
pub(super) fn ack(out: &mut Vec<u8>, channel: u16, tag: u64, multiple: bool) {
    frame(out, METHOD, channel, |out| {
        out.extend(ACK);
        out.extend(tag.to_be_bytes());
        out.push(multiple.into());
    });
}

/// Writes a `channel.flow` that changes nothing. The broker answers it with `channel.flow-ok`.
pub(super) fn flow(out: &mut Vec<u8>, channel: u16) {
    frame(out, METHOD, channel, |out| {
        out.extend(FLOW);
        out.push(1);
    });
}

/// Writes the answer to the broker's `channel.flow`.
pub(super) fn flow_ok(out: &mut Vec<u8>, channel: u16, active: u8) {
    frame(out, METHOD, channel, |out| {
        out.extend(FLOW_OK);
        out.push(active);
    });
}

/// Writes a `confirm.select` that the broker does not answer.
pub(super) fn confirm_select(out: &mut Vec<u8>, channel: u16) {
    frame(out, METHOD, channel, |out| {
        out.extend(CONFIRM_SELECT);
        out.push(1);
    });
}

/// Writes the answer to the broker's `connection.close`.
pub(super) fn connection_close_ok(out: &mut Vec<u8>) {
    frame(out, METHOD, 0, |out| out.extend(CONNECTION_CLOSE_OK));
}

/// Writes one frame, with the payload that `payload` writes.
pub(super) fn frame(out: &mut Vec<u8>, kind: u8, channel: u16, payload: impl FnOnce(&mut Vec<u8>)) {
    let header = out.len();
    frame_header(out, kind, channel, 0);
    let start = out.len();
    payload(out);
    let size = length(out.len() - start);
    out[header + 3..start].copy_from_slice(&size);
    out.push(FRAME_END);
}

fn frame_header(out: &mut Vec<u8>, kind: u8, channel: u16, size: usize) {
    out.push(kind);
    out.extend(channel.to_be_bytes());
    out.extend(length(size));
}

/// A length in 32 bits. No broker allows longer frames.
fn length(size: usize) -> [u8; 4] {
    u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes()
}

/// Writes a short string. Nothing is cut off, since names are checked to be short strings.
fn short(out: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend_from_slice(&text.as_bytes()[..length.into()]);
}

/// Writes a number in decimal, as a short string.
fn number(out: &mut Vec<u8>, number: u64) {
    short(out, itoa::Buffer::new().format(number));
}

#[cfg(test)]
mod tests {
    use lapin::protocol::basic::{AMQPMethod as Basic, parse_properties};
    use lapin::protocol::channel::AMQPMethod as OnChannel;
    use lapin::protocol::confirm::AMQPMethod as OnConfirms;
    use lapin::protocol::{AMQPClass, parse_class};
    use lapin::types::{AMQPValue, ShortString};

    use super::*;

    /// Splits bytes into frames: type, channel, payload.
    fn cut(mut bytes: &[u8]) -> Vec<(u8, u16, &[u8])> {
        let mut frames = Vec::new();
        while !bytes.is_empty() {
            let channel = u16::from_be_bytes([bytes[1], bytes[2]]);
            let size = u32::from_be_bytes(bytes[3..FRAME_HEADER].try_into().unwrap());
            let end = FRAME_HEADER + usize::try_from(size).unwrap();
            assert_eq!(bytes[end], FRAME_END);
            frames.push((bytes[0], channel, &bytes[FRAME_HEADER..end]));
            bytes = &bytes[end + 1..];
        }
        frames
    }

    fn method(payload: &[u8]) -> AMQPClass {
        let (rest, method) = parse_class(payload).unwrap();
        assert!(rest.is_empty());
        method
    }

    #[test]
    fn a_written_message_is_read_back_by_amq_protocol() {
        let lengths = [
            0,
            1,
            92,
            93,
            SHARED_BODY - 1,
            SHARED_BODY,
            2 * SHARED_BODY + 1,
        ];
        for (at, length) in lengths.into_iter().enumerate() {
            let expiration = [None, Some(60_000), Some(1)][at % 3];
            let compression = [Some(Compression::Zlib), None][at % 2];
            let body: Bytes = (0..=u8::MAX).cycle().take(length).collect();
            let mut outgoing = Outgoing::default();
            outgoing.frames().push(9);
            let message = Publish {
                exchange: "openstack",
                key: "topic.server",
                mandatory: expiration.is_some(),
                expiration,
                compression,
                body: &body,
            };
            publish(&mut outgoing, 513, &message, 10, 100);
            let out = outgoing.to_vec();
            let frames = cut(&out[1..]);
            assert!(frames.iter().all(|(_, channel, _)| *channel == 513));
            let AMQPClass::Basic(Basic::Publish(publish)) = method(frames[0].2) else {
                panic!("{frames:?}");
            };
            assert_eq!(publish.exchange.as_str(), "openstack");
            assert_eq!(publish.routing_key.as_str(), "topic.server");
            assert_eq!(publish.mandatory, expiration.is_some());
            assert!(!publish.immediate);
            let (kind, _, header) = frames[1];
            assert_eq!((kind, &header[..4]), (CONTENT_HEADER, &BASIC_CLASS[..]));
            assert_eq!(header[4..12], (length as u64).to_be_bytes());
            let (rest, properties) = parse_properties(&header[12..]).unwrap();
            assert!(rest.is_empty());
            let text = |text: &Option<ShortString>| text.as_ref().map(ToString::to_string);
            assert_eq!(
                text(properties.content_type()).as_deref(),
                Some("application/json")
            );
            assert_eq!(
                text(properties.content_encoding()).as_deref(),
                Some("utf-8")
            );
            let headers = properties.headers().as_ref().unwrap().inner();
            let named = headers.get("compression");
            let want = AMQPValue::LongString("application/x-gzip".into());
            assert_eq!(named, compression.map(|_| &want));
            assert_eq!(headers.len(), compression.iter().len());
            assert_eq!(*properties.delivery_mode(), Some(2));
            assert_eq!(*properties.priority(), Some(0));
            let expires = expiration.map(|milliseconds| milliseconds.to_string());
            assert_eq!(text(properties.expiration()), expires);
            assert_eq!(text(properties.message_id()).as_deref(), Some("10"));
            let bodies = &frames[2..];
            assert!(
                bodies
                    .iter()
                    .all(|(kind, _, chunk)| *kind == BODY && chunk.len() <= 92)
            );
            assert_eq!(bodies.len(), length.div_ceil(92));
            let whole: Vec<u8> = bodies
                .iter()
                .flat_map(|(.., chunk)| *chunk)
                .copied()
                .collect();
            assert_eq!(whole, body);
        }
    }

    #[test]
    fn written_methods_are_read_back_by_amq_protocol() {
        let mut out = Vec::new();
        ack(&mut out, 1, 1 << 40, true);
        ack(&mut out, 1, 2, false);
        flow(&mut out, 2);
        confirm_select(&mut out, 3);
        let methods: Vec<_> = cut(&out)
            .into_iter()
            .map(|(_, channel, payload)| (channel, method(payload)))
            .collect();
        let [
            (1, AMQPClass::Basic(Basic::Ack(all))),
            (1, AMQPClass::Basic(Basic::Ack(one))),
            (2, AMQPClass::Channel(OnChannel::Flow(flow))),
            (3, AMQPClass::Confirm(OnConfirms::Select(select))),
        ] = &methods[..]
        else {
            panic!("{methods:?}");
        };
        assert_eq!((all.delivery_tag, all.multiple), (1 << 40, true));
        assert_eq!((one.delivery_tag, one.multiple), (2, false));
        assert!(flow.active && select.nowait);
    }
}
