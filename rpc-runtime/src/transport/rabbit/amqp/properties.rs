//! Reads the properties of a message that this library needs.
//!
//! Peers choose the properties: texts need not be UTF-8, and headers may be nested as deeply as a frame has room for.
//! So unneeded fields are skipped by their length, without recursion, and must never be a reason to refuse the
//! message. Pure functions.

use super::super::compression::BodyFormat;
use super::fields::Fields;

const CONTENT_TYPE: u16 = 1 << 15;
const CONTENT_ENCODING: u16 = 1 << 14;
const HEADERS: u16 = 1 << 13;
const DELIVERY_MODE: u16 = 1 << 12;
const PRIORITY: u16 = 1 << 11;
const CORRELATION_ID: u16 = 1 << 10;
const REPLY_TO: u16 = 1 << 9;
const EXPIRATION: u16 = 1 << 8;
const MESSAGE_ID: u16 = 1 << 7;
/// Another word of flags follows.
const CONTINUED: u16 = 1;

/// The header with a message's offset in a stream.
const STREAM_OFFSET: &[u8] = b"x-stream-offset";
/// The header with the number of earlier deliveries from a quorum queue.
const DELIVERY_COUNT: &[u8] = b"x-delivery-count";
/// The same, from RabbitMQ 4.3 on. There, `x-delivery-count` counts fewer deliveries.
const ACQUIRED_COUNT: &[u8] = b"x-acquired-count";

/// kombu's header with the format of a compressed body.
const COMPRESSION: &[u8] = b"compression";

/// The properties that are used here. A malformed value counts as absent.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Properties {
    /// In milliseconds, from the time of publishing.
    pub(crate) expiration: Option<u64>,
    pub(crate) message_id: Option<u64>,
    pub(crate) stream_offset: Option<i64>,
    /// How often a quorum queue has delivered the message before.
    pub(crate) delivery_count: Option<i64>,
    pub(crate) format: BodyFormat,
}

impl Properties {
    /// Reads the flags and the properties up to the message id. `None` if they are truncated.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let flags = fields.short_integer()?;
        let mut last = flags;
        while last & CONTINUED != 0 {
            last = fields.short_integer()?;
        }
        let has = |flag: u16| flags & flag != 0;
        let mut read = Self::default();
        for text in [CONTENT_TYPE, CONTENT_ENCODING] {
            if has(text) {
                fields.short_string()?;
            }
        }
        if has(HEADERS) {
            let headers = fields.long_string()?;
            for_each_field(headers, |name, kind, value| match name {
                STREAM_OFFSET => read.stream_offset = integer(kind, value),
                DELIVERY_COUNT | ACQUIRED_COUNT => {
                    read.delivery_count = read.delivery_count.max(integer(kind, value));
                }
                // A long string or a byte array: clients write text as either.
                COMPRESSION if matches!(kind, b'S' | b'x') => {
                    read.format = BodyFormat::of_header(value);
                }
                _ => {}
            });
        }
        for octet in [DELIVERY_MODE, PRIORITY] {
            if has(octet) {
                fields.octet()?;
            }
        }
        for text in [CORRELATION_ID, REPLY_TO] {
            if has(text) {
                fields.short_string()?;
            }
        }
        if has(EXPIRATION) {
            read.expiration = number(fields.short_string()?);
        }
        if has(MESSAGE_ID) {
            read.message_id = number(fields.short_string()?);
        }
        Some(read)
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn integer(kind: u8, value: &[u8]) -> Option<i64> {
    match kind {
        b'l' | b'L' => value.try_into().ok().map(i64::from_be_bytes),
        b'I' => value.try_into().ok().map(i32::from_be_bytes).map(i64::from),
        _ => None,
    }
}

/// Calls `each` with the name, the kind and the value of each field of a table. It does not look into nested values. It
/// stops at the first malformed field.
pub(super) fn for_each_field<'a>(table: &'a [u8], mut each: impl FnMut(&'a [u8], u8, &'a [u8])) {
    let mut table = Fields(table);
    while let Some((name, kind, value)) = field(&mut table) {
        each(name, kind, value);
    }
}

fn field<'a>(table: &mut Fields<'a>) -> Option<(&'a [u8], u8, &'a [u8])> {
    let (name, kind) = (table.short_string()?, table.octet()?);
    let value = match kind {
        b'V' => &[],
        b't' | b'b' | b'B' => table.bytes(1)?,
        b's' | b'u' | b'U' => table.bytes(2)?,
        b'i' | b'I' | b'f' => table.bytes(4)?,
        b'D' => table.bytes(5)?,
        b'l' | b'L' | b'd' | b'T' => table.bytes(8)?,
        b'S' | b'x' | b'A' | b'F' => table.long_string()?,
        _ => return None,
    };
    Some((name, kind, value))
}

#[cfg(test)]
mod tests {
    use lapin::BasicProperties;
    use lapin::protocol::basic::gen_properties;
    use lapin::types::{AMQPValue, DecimalValue, FieldArray, FieldTable};

    use super::super::super::compression::Compression;
    use super::*;

    /// Properties as lapin writes them.
    fn written(properties: &BasicProperties) -> Vec<u8> {
        gen_properties(properties)(Vec::new().into()).unwrap().write
    }

    fn read(bytes: &[u8]) -> Option<Properties> {
        Properties::read(&mut Fields(bytes))
    }

    #[test]
    fn the_used_properties_are_found_among_all_others() {
        let mut headers = FieldTable::default();
        for (name, value) in [
            ("void", AMQPValue::Void),
            ("boolean", AMQPValue::Boolean(true)),
            ("tiny", AMQPValue::ShortShortInt(-1)),
            ("short", AMQPValue::ShortInt(-2)),
            ("unsigned", AMQPValue::ShortUInt(2)),
            ("long", AMQPValue::LongInt(-4)),
            ("float", AMQPValue::Float(0.5)),
            ("double", AMQPValue::Double(0.25)),
            (
                "decimal",
                AMQPValue::DecimalValue(DecimalValue { scale: 2, value: 5 }),
            ),
            ("time", AMQPValue::Timestamp(8)),
            ("text", AMQPValue::LongString("x-stream-offset".into())),
            (
                "array",
                AMQPValue::FieldArray(FieldArray::from(vec![AMQPValue::LongInt(7)])),
            ),
            ("table", AMQPValue::FieldTable(FieldTable::default())),
            ("x-stream-offset", AMQPValue::LongLongInt(-3)),
            ("x-delivery-count", AMQPValue::LongLongInt(2)),
            ("x-acquired-count", AMQPValue::LongLongInt(12)),
            (
                "compression",
                AMQPValue::LongString("application/x-bz2".into()),
            ),
            ("y", AMQPValue::LongLongInt(9)),
        ] {
            headers.insert(name.into(), value);
        }
        let all = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_headers(headers)
            .with_delivery_mode(2)
            .with_priority(0)
            .with_correlation_id("c".into())
            .with_reply_to("r".into())
            .with_expiration("60000".into())
            .with_message_id("17".into())
            .with_timestamp(1)
            .with_type("t".into())
            .with_user_id("u".into())
            .with_app_id("a".into());
        let bytes = written(&all);
        let want = Properties {
            expiration: Some(60_000),
            message_id: Some(17),
            stream_offset: Some(-3),
            delivery_count: Some(12),
            format: BodyFormat::Compressed(Compression::Bzip2),
        };
        assert_eq!(read(&bytes), Some(want));
        let none = written(&BasicProperties::default());
        assert_eq!(read(&none), Some(Properties::default()));
        for end in 0..bytes.len() {
            // Truncated properties are refused, unless only unused ones are missing.
            assert!(read(&bytes[..end]).is_none_or(|read| read == want), "{end}");
        }
    }

    #[test]
    fn malformed_values_count_as_absent() {
        let short = |text: &[u8]| [&[u8::try_from(text.len()).unwrap()], text].concat();
        // Texts that are not UTF-8, and numbers that are not decimal.
        let flags =
            (CONTENT_TYPE | CORRELATION_ID | EXPIRATION | MESSAGE_ID | CONTINUED).to_be_bytes();
        let more = [0, 0];
        let texts = [b"\xFF", b"\xFE", b"x", b"\x80"].map(|text| short(text));
        let bytes = [&flags[..], &more, &texts.concat()].concat();
        assert_eq!(read(&bytes), Some(Properties::default()));
    }

    #[test]
    fn deeply_nested_headers_are_skipped() {
        let mut value = Vec::new();
        for _ in 0..20_000 {
            let length = u32::try_from(value.len()).unwrap();
            value = [&b"A"[..], &length.to_be_bytes(), &value].concat();
        }
        let entries = [b"\x01n", &value[..], b"\x0fx-stream-offsetI\0\0\0\x05"].concat();
        let length = u32::try_from(entries.len()).unwrap();
        let bytes = [&HEADERS.to_be_bytes()[..], &length.to_be_bytes(), &entries].concat();
        let read = read(&bytes).unwrap();
        assert_eq!(read.stream_offset, Some(5));
    }
}
