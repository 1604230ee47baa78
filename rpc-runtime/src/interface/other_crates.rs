//! Implements [`Describe`] for types of other crates. Each crate is an optional dependency behind the feature of its
//! name.
//!
//! A structure here describes what the type's default serde implementation writes. Types that serialise to the same
//! form of string have the same structure, such as `NaiveDate` of chrono and `Date` of jiff. This structure is not that
//! of `String`, because a reader of the form rejects other strings. Constants only.

#[cfg(any(
    feature = "bytes",
    feature = "chrono",
    feature = "jiff",
    feature = "url",
    feature = "uuid"
))]
use super::describe::{Describe, Structure};

/// Implements [`Describe`] for types that serialise as a string of a fixed form.
#[cfg(any(
    feature = "chrono",
    feature = "jiff",
    feature = "url",
    feature = "uuid"
))]
macro_rules! strings {
    ($($ty:ty: $form:expr;)*) => {
        $(impl Describe for $ty {
            const STRUCTURE: &'static Structure = &Structure::of($form, &[]);
        })*
    };
}

/// The forms that several types share. Fingerprints in locks depend on these texts, so they must never change.
#[cfg(any(feature = "chrono", feature = "jiff"))]
mod form {
    pub(super) const INSTANT: &str = "RFC 3339 string";
    pub(super) const DATE_TIME: &str = "ISO 8601 date and time string";
    pub(super) const DATE: &str = "ISO 8601 date string";
    pub(super) const TIME: &str = "ISO 8601 time string";
}

#[cfg(feature = "bytes")]
mod bytes {
    use ::bytes::{Bytes, BytesMut};

    use super::{Describe, Structure};

    impl Describe for Bytes {
        const STRUCTURE: &'static Structure = Vec::<u8>::STRUCTURE;
    }

    impl Describe for BytesMut {
        const STRUCTURE: &'static Structure = Vec::<u8>::STRUCTURE;
    }
}

#[cfg(feature = "chrono")]
mod chrono {
    use ::chrono::{
        DateTime, Month, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Weekday,
    };

    use super::{Describe, Structure, form};

    strings! {
        NaiveDateTime: form::DATE_TIME;
        NaiveDate: form::DATE;
        NaiveTime: form::TIME;
        Month: "month string";
        Weekday: "weekday string";
    }

    impl<Tz: TimeZone> Describe for DateTime<Tz> {
        const STRUCTURE: &'static Structure = &Structure::of(form::INSTANT, &[]);
    }

    /// chrono writes a tuple of seconds and nanoseconds.
    impl Describe for TimeDelta {
        const STRUCTURE: &'static Structure = <(i64, i32)>::STRUCTURE;
    }
}

#[cfg(feature = "jiff")]
mod jiff {
    use ::jiff::civil::{Date, DateTime, ISOWeekDate, Time};
    use ::jiff::{SignedDuration, Span, Timestamp, ZonedDateTime};

    use super::{Describe, Structure, form};

    strings! {
        Timestamp: form::INSTANT;
        ZonedDateTime: "RFC 9557 string";
        DateTime: form::DATE_TIME;
        Date: form::DATE;
        Time: form::TIME;
        ISOWeekDate: "ISO 8601 week date string";
        Span: "ISO 8601 duration string";
        SignedDuration: "ISO 8601 duration string without days";
    }
}

#[cfg(feature = "url")]
mod url {
    use ::url::Url;

    use super::{Describe, Structure};

    strings! { Url: "URL string"; }
}

#[cfg(feature = "uuid")]
mod uuid {
    use ::uuid::Uuid;

    use super::{Describe, Structure};

    strings! { Uuid: "UUID string"; }
}

#[cfg(test)]
#[cfg(all(
    feature = "bytes",
    feature = "chrono",
    feature = "jiff",
    feature = "url",
    feature = "uuid"
))]
mod tests {
    use std::fmt::Debug;

    use ::bytes::{Bytes, BytesMut};
    use ::chrono::{
        DateTime, FixedOffset, Month, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday,
    };
    use ::jiff::civil::{self, ISOWeekDate};
    use ::jiff::tz::{Offset, TimeZone};
    use ::jiff::{SignedDuration, Span, Timestamp, ZonedDateTime};
    use ::url::Url;
    use ::uuid::Uuid;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    /// Checks that the value serialises as `written` and can be read back. Also checks that its type's structure has no
    /// name and is a string, unless `written` is an array.
    #[track_caller]
    fn assert_serialises<T: Describe + Serialize + DeserializeOwned + Debug>(
        value: &T,
        written: &Value,
    ) {
        assert_eq!(&serde_json::to_value(value).unwrap(), written);
        let read: T = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(&serde_json::to_value(read).unwrap(), written);
        let is_list = written.is_array();
        assert_eq!(T::STRUCTURE.shape().ends_with("string"), !is_list);
        assert_eq!(T::STRUCTURE.name(), None);
    }

    /// Checks that both values serialise to the same JSON, and that their types have the same structure.
    #[track_caller]
    fn assert_same_structure<T: Describe + Serialize, U: Describe + Serialize>(
        value: &T,
        other: &U,
    ) {
        assert_eq!(T::STRUCTURE, U::STRUCTURE);
        assert_eq!(
            serde_json::to_value(value).unwrap(),
            serde_json::to_value(other).unwrap()
        );
    }

    #[test]
    fn bytes_are_a_list_of_numbers() {
        let bytes = Bytes::from_static(b"ab");
        assert_serialises(&bytes, &json!([97, 98]));
        assert_same_structure(&bytes, &BytesMut::from(&b"ab"[..]));
        assert_same_structure(&bytes, &b"ab".to_vec());
    }

    #[test]
    fn uuids_and_urls_are_strings_of_their_form() {
        let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert_serialises(&Uuid::parse_str(id).unwrap(), &json!(id));
        let url = "https://example.org/a?b=c";
        assert_serialises(&Url::parse(url).unwrap(), &json!(url));
        assert_ne!(Uuid::STRUCTURE, String::STRUCTURE);
        assert_ne!(Uuid::STRUCTURE, Url::STRUCTURE);
    }

    #[test]
    fn times_of_both_crates_have_one_structure_if_they_serialise_alike() {
        let instant = "2024-07-08T09:10:48Z";
        let (utc, timestamp) = (
            instant.parse::<DateTime<Utc>>().unwrap(),
            instant.parse::<Timestamp>().unwrap(),
        );
        assert_serialises(&utc, &json!(instant));
        assert_serialises(&timestamp, &json!(instant));
        assert_same_structure(&utc, &timestamp);
        let elsewhere = "2024-07-08T09:10:48+02:00";
        assert_serialises(
            &elsewhere.parse::<DateTime<FixedOffset>>().unwrap(),
            &json!(elsewhere),
        );
        assert_eq!(DateTime::<FixedOffset>::STRUCTURE, Timestamp::STRUCTURE);

        let (text, naive) = ("2024-07-08T09:10:48.5", utc.naive_utc());
        assert_serialises(
            &text.parse::<NaiveDateTime>().unwrap(),
            &json!("2024-07-08T09:10:48.500"),
        );
        assert_serialises(&text.parse::<civil::DateTime>().unwrap(), &json!(text));
        assert_same_structure(&naive, &civil::date(2024, 7, 8).at(9, 10, 48, 0));
        assert_same_structure::<NaiveDate, _>(&naive.date(), &civil::date(2024, 7, 8));
        assert_same_structure::<NaiveTime, _>(&naive.time(), &civil::time(9, 10, 48, 0));
        assert_serialises(&naive.date(), &json!("2024-07-08"));
        assert_serialises(&naive.time(), &json!("09:10:48"));
        let all = [
            DateTime::<Utc>::STRUCTURE,
            NaiveDateTime::STRUCTURE,
            NaiveDate::STRUCTURE,
            NaiveTime::STRUCTURE,
            String::STRUCTURE,
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{one:?}");
        }
    }

    #[test]
    fn types_that_only_one_crate_has_are_described() {
        assert_serialises(&Month::May, &json!("May"));
        assert_serialises(&Weekday::Tue, &json!("Tue"));
        assert_serialises(&TimeDelta::new(5, 7).unwrap(), &json!([5, 7]));
        assert_eq!(TimeDelta::STRUCTURE, <(i64, i32)>::STRUCTURE);
        let zone = TimeZone::fixed(Offset::constant(2));
        let zoned: ZonedDateTime = civil::date(2024, 7, 8)
            .at(9, 10, 48, 0)
            .to_zoned_datetime(zone)
            .unwrap();
        assert_serialises(&zoned, &json!("2024-07-08T09:10:48+02:00[+02:00]"));
        let week: ISOWeekDate = civil::date(2024, 7, 8).iso_week_date();
        assert_serialises(&week, &json!("2024-W28-1"));
        assert_serialises(&Span::new().days(2).hours(3), &json!("P2DT3H"));
        let duration = SignedDuration::from_hours(36);
        assert_eq!(serde_json::to_value(duration).unwrap(), json!("PT36H"));
        assert_ne!(SignedDuration::STRUCTURE, Span::STRUCTURE);
    }

    /// Locks contain these fingerprints. A new version of this crate or of the other crates must not change them.
    #[test]
    fn fingerprints_do_not_change() {
        for (structure, fingerprint) in [
            (Uuid::STRUCTURE, 0x6a6e_dc41_38a5_eb87),
            (Url::STRUCTURE, 0x1eb7_3d35_0985_6f93),
            (Timestamp::STRUCTURE, 0x1578_4ecd_0e2c_3361),
            (civil::DateTime::STRUCTURE, 0xb395_3424_3256_18a6),
            (civil::Date::STRUCTURE, 0x34c9_a147_e69c_c78a),
            (civil::Time::STRUCTURE, 0x5eef_9bac_9b45_3829),
        ] {
            assert_eq!(structure.fingerprint(), fingerprint, "{structure:x?}");
        }
    }
}
