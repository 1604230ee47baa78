//! The broker's version, which the first frame of a connection contains.
//!
//! The text comes from a peer, so its length and its characters are checked. Plain values.

use std::fmt;

use super::fields::Fields;
use super::properties::for_each_field;

/// The longest text that is accepted as a version, in bytes.
const LONGEST: usize = 64;

/// The version of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokerVersion {
    major: u32,
    text: String,
}

impl BrokerVersion {
    /// Reads the fields of `connection.start`, after class and method. `None` if they contain no version.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        // The version of the protocol.
        fields.bytes(2)?;
        let properties = fields.long_string()?;
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

    /// The major version.
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
    fn a_version_is_read_if_there_is_a_valid_one() {
        let version = read(Some("4.0.5")).unwrap();
        assert_eq!((version.major(), &*version.to_string()), (4, "4.0.5"));
        assert_eq!(read(Some("3.10.8+beta.1")).unwrap().major(), 3);
        for none in [None, Some(""), Some("4"), Some("four.0"), Some("4.0\n5")] {
            assert_eq!(read(none), None, "{none:?}");
        }
        assert_eq!(BrokerVersion::read(&mut Fields(&[0, 9, 0, 0])), None);
    }
}
