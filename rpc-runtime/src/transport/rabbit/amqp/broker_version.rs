//! Which RabbitMQ a broker is, as it says itself in the first frame of a connection.

use std::fmt;

use super::fields::Fields;
use super::properties::for_each_field;

/// The longest text that is taken for a version.
const LONGEST: usize = 64;

/// The version of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokerVersion {
    major: u32,
    text: String,
}

impl BrokerVersion {
    /// Reads `connection.start`, behind class and method. None if the broker does not say.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        // The protocol's version.
        fields.bytes(2)?;
        let properties = fields.long()?;
        let mut version = None;
        for_each_field(properties, |name, kind, value| {
            if name == b"version" && kind == b'S' {
                version = std::str::from_utf8(value).ok().and_then(Self::parse);
            }
        });
        version
    }

    fn parse(text: &str) -> Option<Self> {
        let (major, _) = text.split_once('.')?;
        let is_one_word = text.chars().all(|letter| letter.is_ascii_graphic());
        (text.len() <= LONGEST && is_one_word).then_some(Self {
            major: major.parse().ok()?,
            text: text.to_owned(),
        })
    }

    /// The first of its numbers.
    pub(crate) fn major(&self) -> u32 {
        self.major
    }
}

impl fmt::Display for BrokerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use lapin::protocol::connection::{AMQPMethod, Start};
    use lapin::protocol::{AMQPClass, gen_class};
    use lapin::types::{AMQPValue, FieldTable};

    use super::*;

    fn read(version: Option<&str>) -> Option<BrokerVersion> {
        let mut properties = FieldTable::default();
        properties.insert("capabilities".into(), FieldTable::default().into());
        if let Some(version) = version {
            properties.insert("version".into(), AMQPValue::LongString(version.into()));
        }
        let start = AMQPClass::Connection(AMQPMethod::Start(Start {
            version_major: 0,
            version_minor: 9,
            server_properties: properties,
            mechanisms: "PLAIN".into(),
            locales: "en_US".into(),
        }));
        let written = gen_class(&start)(Vec::new().into()).unwrap().write;
        BrokerVersion::read(&mut Fields(&written[4..]))
    }

    #[test]
    fn a_broker_says_its_version_or_does_not() {
        let version = read(Some("4.0.5")).unwrap();
        assert_eq!((version.major(), &*version.to_string()), (4, "4.0.5"));
        assert_eq!(read(Some("3.10.8+beta.1")).unwrap().major(), 3);
        for none in [None, Some(""), Some("4"), Some("four.0"), Some("4.0\n5")] {
            assert_eq!(read(none), None, "{none:?}");
        }
        assert_eq!(BrokerVersion::read(&mut Fields(&[0, 9, 0, 0])), None);
    }
}
