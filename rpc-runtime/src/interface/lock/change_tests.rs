//! Each kind of change, for each direction.

use serde::{Deserialize, Serialize};

use super::*;
use crate::Version;
use crate::interface::describe::{Describe, StructurePart};

use Direction::{Argument, Error, Result};

const ALL: [Direction; 3] = [Argument, Result, Error];

/// The change of a type without parts from one shape to another.
fn became(old: &'static str, new: &'static str, direction: Direction) -> Change<'static> {
    let released = Released::new(Version::new(1, 0), "T", 0, old);
    change(&released, &Structure::named("T", new, &[]), direction)
}

fn place(variant: &'static str, field: &'static str) -> Place<'static> {
    Place { variant, field }
}

#[test]
fn an_optional_field_may_be_added() {
    for (old, new, came) in [
        ("{}", "{ a?: u8 }", place("", "a")),
        (
            "{ a: Map<u8, u8> }",
            "{ b?: (u8, u8), a: Map<u8, u8> }",
            place("", "b"),
        ),
        (
            "one of: A | Of { a: u8 }",
            "one of: A | Of { a: u8, b?: u8 }",
            place("Of", "b"),
        ),
        ("{ a: u8 } and no others", "{ a: u8 }", place("", "")),
    ] {
        for direction in ALL {
            assert_eq!(
                became(old, new, direction),
                Change::Additive(came),
                "{old} {new}"
            );
        }
    }
}

#[test]
fn the_same_form_on_the_wire_is_no_change() {
    for (old, new) in [
        ("{ a: u8, b: u8 }", "{ b: u8, a: u8 }"),
        ("one of: A | B", "one of: B | A"),
        ("{ a: opaque Host }", "{ a: Host }"),
        ("Vec<u8>", "Vec<u8>"),
    ] {
        for direction in ALL {
            assert_eq!(became(old, new, direction), Change::Same, "{old} {new}");
        }
    }
}

#[test]
fn a_breaking_change_says_what_is_wrong() {
    let (a, whole) = (place("", "a"), place("", ""));
    let variant = place("A", "");
    for (old, new, breaking) in [
        ("{ a: u8 }", "{}", Breaking::Removed(a)),
        ("{ a?: u8 }", "{}", Breaking::Removed(a)),
        ("{}", "{ a: u8 }", Breaking::NewRequired(a)),
        ("{ a: u8 }", "{ a: u16 }", Breaking::Retyped(a, "u8")),
        (
            "{ a: Host }",
            "{ a: opaque Host }",
            Breaking::Retyped(a, "Host"),
        ),
        ("{ a: u8 }", "{ a?: u8 }", Breaking::Optionality(a, false)),
        ("{ a?: u8 }", "{ a: u8 }", Breaking::Optionality(a, true)),
        (
            "{} and no others",
            "{ a?: u8 } and no others",
            Breaking::NewInClosed(a),
        ),
        (
            "{ a: u8 }",
            "{ a: u8 } and no others",
            Breaking::Reshaped(whole, "{ a: u8 }"),
        ),
        ("u8", "u16", Breaking::Reshaped(whole, "u8")),
        ("{}", "()", Breaking::Reshaped(whole, "{}")),
        (
            "one of: A",
            "by kind: A",
            Breaking::Reshaped(whole, "one of: A"),
        ),
        (
            "by kind: A",
            "by k: A",
            Breaking::Reshaped(whole, "by kind: A"),
        ),
        ("one of: A | B", "one of: B", Breaking::Removed(variant)),
        (
            "raises: A { a: u8 }",
            "raises: A",
            Breaking::Removed(place("A", "a")),
        ),
        (
            "raises: A",
            "raises: A { 0: u8 }",
            Breaking::NewRequired(place("A", "0")),
        ),
        (
            "one of: A u8",
            "one of: A u16",
            Breaking::Reshaped(variant, "u8"),
        ),
        (
            "one of: A { a: u8 }",
            "one of: A { a: u8, b: u8 }",
            Breaking::NewRequired(place("A", "b")),
        ),
        (
            "by kind: A (any other)",
            "by kind: A",
            Breaking::CatchAllRemoved(variant),
        ),
        (
            "any of: { a: u8 }",
            "any of: { a: u8, b?: u8 }",
            Breaking::Reshaped(place("{ a: u8 }", ""), "{ a: u8 }"),
        ),
    ] {
        for direction in ALL {
            assert_eq!(
                became(old, new, direction),
                Change::Breaking(breaking),
                "{old} {new}"
            );
        }
    }
}

#[test]
fn whether_a_variant_may_be_added_depends_on_the_direction() {
    let new = place("B", "");
    let additive = Change::Additive(new);
    let unread = Change::Breaking(Breaking::NewUnreadable(new));
    for (old, now, result) in [
        ("one of: A", "one of: A | B", unread),
        ("by k: A", "by k: A | B { a: u8 }", unread),
        (
            "one of: A | O (any other)",
            "one of: A | B | O (any other)",
            additive,
        ),
        (
            "one of: A | O (any other)",
            "one of: A | B u8 | O (any other)",
            unread,
        ),
        (
            "by k: A | O (any other)",
            "by k: A | B { a: u8 } | O (any other)",
            additive,
        ),
        (
            "by k in v: A | O (any other)",
            "by k in v: A | B | O (any other)",
            additive,
        ),
        (
            "by k in v: A | O (any other)",
            "by k in v: A | B u8 | O (any other)",
            unread,
        ),
        ("one of: A", "one of: A | B (any other)", additive),
    ] {
        assert_eq!(became(old, now, Result), result, "{old} {now}");
        assert_eq!(became(old, now, Argument), additive, "{old} {now}");
    }
    let (old, now) = ("any of: u8", "any of: u8 | String");
    let new = place("String", "");
    assert_eq!(became(old, now, Argument), Change::Additive(new));
    assert_eq!(
        became(old, now, Result),
        Change::Breaking(Breaking::NewUnreadable(new))
    );
    // Each error type has a variant for other errors.
    let (old, now) = ("raises: m.A", "raises: m.A | m.B { a: u8 }");
    assert_eq!(became(old, now, Error), Change::Additive(place("m.B", "")));
    let gone = Change::Breaking(Breaking::Removed(place("m.B", "")));
    assert_eq!(became(now, old, Error), gone);
}

/// The rule for `#[serde(other)]` must match serde's behaviour.
#[test]
fn unknown_variants_are_compatible_exactly_if_serde_reads_them() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Plain {
        A,
        #[serde(other)]
        Other,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "k")]
    enum Internal {
        A,
        #[serde(other)]
        Other,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "k", content = "v")]
    enum Adjacent {
        A,
        #[serde(other)]
        Other,
    }
    fn reads<T: for<'de> Deserialize<'de>>(text: &str) -> bool {
        serde_json::from_str::<T>(text).is_ok()
    }
    let is_additive = |old: &'static str, new: &'static str| {
        let change = became(old, new, Result);
        matches!(change, Change::Additive(_))
    };
    let plain = "one of: A | Other (any other)";
    let internal = "by k: A | Other (any other)";
    let adjacent = "by k in v: A | Other (any other)";
    for (is_read, old, new) in [
        (
            reads::<Plain>(r#""B""#),
            plain,
            "one of: A | B | Other (any other)",
        ),
        (
            reads::<Plain>(r#"{ "B": { "a": 1 } }"#),
            plain,
            "one of: A | B { a: u8 } | Other (any other)",
        ),
        (
            reads::<Internal>(r#"{ "k": "B" }"#),
            internal,
            "by k: A | B | Other (any other)",
        ),
        (
            reads::<Internal>(r#"{ "k": "B", "a": 1 }"#),
            internal,
            "by k: A | B { a: u8 } | Other (any other)",
        ),
        (
            reads::<Adjacent>(r#"{ "k": "B" }"#),
            adjacent,
            "by k in v: A | B | Other (any other)",
        ),
        (
            reads::<Adjacent>(r#"{ "k": "B", "v": 1 }"#),
            adjacent,
            "by k in v: A | B u8 | Other (any other)",
        ),
    ] {
        assert_eq!(is_additive(old, new), is_read, "{old} {new}");
    }
}

#[test]
fn a_part_with_another_type_of_the_same_name_is_detected() {
    let host =
        |shape, parts: &[StructurePart]| Structure::named("Host", shape, parts.to_vec().leak());
    // `Size` is an alias.
    let size = |structure| StructurePart::field("size", structure);
    let name = StructurePart::field("name", String::STRUCTURE);
    let old = host("{ size: Size }", &[size(u8::STRUCTURE)]);
    let released = Released::new(Version::new(1, 0), "Host", old.fingerprint(), old.shape());
    assert_eq!(change(&released, &old, Result), Change::Same);
    let more = "{ size: Size, name?: String }";
    let another = host(more, &[size(u16::STRUCTURE), name]);
    let within = Change::Breaking(Breaking::PartRetyped);
    assert_eq!(change(&released, &another, Result), within);
    let same = host(more, &[size(u8::STRUCTURE), name]);
    let came = Change::Additive(place("", "name"));
    assert_eq!(change(&released, &same, Result), came);
}
