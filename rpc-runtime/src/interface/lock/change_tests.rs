use serde::{Deserialize, Serialize};

use super::*;
use crate::Version;
use crate::interface::describe::{Describe, StructurePart};

use Direction::{Argument, Error, Result};

const ALL: [Direction; 3] = [Argument, Result, Error];

/// What became of a type of this shape, without parts.
fn became(old: &'static str, new: &'static str, direction: Direction) -> Change<'static> {
    let released = Released::new(Version::new(1, 0), "T", 0, old);
    change(&released, &Structure::named("T", new, &[]), direction)
}

fn place(variant: &'static str, field: &'static str) -> Place<'static> {
    Place { variant, field }
}

#[test]
fn fields_that_may_be_absent_can_come() {
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
fn what_is_written_the_same_is_the_same() {
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
fn a_breach_names_what_is_wrong() {
    let (a, whole) = (place("", "a"), place("", ""));
    let variant = place("A", "");
    for (old, new, breach) in [
        ("{ a: u8 }", "{}", Breach::Gone(a)),
        ("{ a?: u8 }", "{}", Breach::Gone(a)),
        ("{}", "{ a: u8 }", Breach::Needed(a)),
        ("{ a: u8 }", "{ a: u16 }", Breach::Retyped(a, "u8")),
        (
            "{ a: Host }",
            "{ a: opaque Host }",
            Breach::Retyped(a, "Host"),
        ),
        ("{ a: u8 }", "{ a?: u8 }", Breach::Optional(a, false)),
        ("{ a?: u8 }", "{ a: u8 }", Breach::Optional(a, true)),
        (
            "{} and no others",
            "{ a?: u8 } and no others",
            Breach::Closed(a),
        ),
        (
            "{ a: u8 }",
            "{ a: u8 } and no others",
            Breach::Rewritten(whole, "{ a: u8 }"),
        ),
        ("u8", "u16", Breach::Rewritten(whole, "u8")),
        ("{}", "()", Breach::Rewritten(whole, "{}")),
        (
            "one of: A",
            "by kind: A",
            Breach::Rewritten(whole, "one of: A"),
        ),
        (
            "by kind: A",
            "by k: A",
            Breach::Rewritten(whole, "by kind: A"),
        ),
        ("one of: A | B", "one of: B", Breach::Gone(variant)),
        (
            "raises: A { a: u8 }",
            "raises: A",
            Breach::Gone(place("A", "a")),
        ),
        (
            "raises: A",
            "raises: A { 0: u8 }",
            Breach::Needed(place("A", "0")),
        ),
        (
            "one of: A u8",
            "one of: A u16",
            Breach::Rewritten(variant, "u8"),
        ),
        (
            "one of: A { a: u8 }",
            "one of: A { a: u8, b: u8 }",
            Breach::Needed(place("A", "b")),
        ),
        (
            "by kind: A (any other)",
            "by kind: A",
            Breach::CatchAll(variant),
        ),
        (
            "any of: { a: u8 }",
            "any of: { a: u8, b?: u8 }",
            Breach::Rewritten(place("{ a: u8 }", ""), "{ a: u8 }"),
        ),
    ] {
        for direction in ALL {
            assert_eq!(
                became(old, new, direction),
                Change::Breach(breach),
                "{old} {new}"
            );
        }
    }
}

#[test]
fn a_new_variant_depends_on_who_reads_it() {
    let new = place("B", "");
    let additive = Change::Additive(new);
    let unread = Change::Breach(Breach::Unread(new));
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
        Change::Breach(Breach::Unread(new))
    );
    // Each error has a variant for all others.
    let (old, now) = ("raises: m.A", "raises: m.A | m.B { a: u8 }");
    assert_eq!(became(old, now, Error), Change::Additive(place("m.B", "")));
    let gone = Change::Breach(Breach::Gone(place("m.B", "")));
    assert_eq!(became(now, old, Error), gone);
}

/// The rule for `#[serde(other)]` is that of serde.
#[test]
fn what_is_taken_for_another_variant_is_what_serde_takes() {
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
fn a_part_of_another_type_is_seen_though_it_is_called_the_same() {
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
    let within = Change::Breach(Breach::Within);
    assert_eq!(change(&released, &another, Result), within);
    let same = host(more, &[size(u8::STRUCTURE), name]);
    let came = Change::Additive(place("", "name"));
    assert_eq!(change(&released, &same, Result), came);
}
