//! Each change of an interface, and the message or addition that it causes.

use super::super::file;
use super::*;

const RELEASED: &str = "[2.3]
interface Inventory
  topic inventory
call host since 2.0 -> Host
  name: String
  limit: u32
    default 3
cast touch since 2.1
  was poke before 2.2
  id: Uuid
  late: Option<u8>
    since 2.3
";

/// Compares the released text with the same text after replacements.
fn changed(changes: &[(&str, &str)], version: Version) -> Comparison {
    changed_with(changes, version, &[])
}

fn changed_with(changes: &[(&str, &str)], version: Version, stated: &[Stated]) -> Comparison {
    let mut text = RELEASED.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let interface = |text: &str| {
        let parsed = file::parse(text);
        let released = parsed
            .as_ref()
            .ok()
            .and_then(|file| file.interface_at((2, 9, 0)));
        released.unwrap_or_else(|| panic!("{parsed:?} {text}"))
    };
    let (last, released) = interface(RELEASED);
    let (_, now) = interface(&text);
    compare((last, &released), (version, &now), stated)
}

#[test]
fn an_unchanged_interface_has_no_changes() {
    assert_eq!(changed(&[], (2, 3, 0)), Comparison::default());
    // The order of arguments does not matter.
    let moved = [
        ("  name: String\n", ""),
        ("    default 3\n", "    default 3\n  name: String\n"),
    ];
    assert_eq!(changed(&moved, (2, 3, 0)), Comparison::default());
}

#[test]
fn additions_above_the_release_are_allowed() {
    for (changes, addition) in [
        (
            ("cast touch", "call find since 2.4\ncast touch"),
            "`find` is new",
        ),
        (
            ("  limit", "  rack: Option<u32>\n    since 2.4\n  limit"),
            "`rack` of `host` is new",
        ),
        (
            (
                "call host since 2.0 -> Host",
                "call find since 2.0 -> Host\n  was host before 2.4",
            ),
            "`find` was `host`",
        ),
        (
            ("  id: Uuid", "  uuid: Uuid\n    was id before 2.4"),
            "`uuid` of `touch` was `id`",
        ),
        (
            ("default 3", "default 3\n    until 2.4"),
            "`limit` of `host` has an `until`",
        ),
        (
            ("name: String", "name: String\n    default x"),
            "`name` of `host` has a default",
        ),
        (
            (
                "  name: String\n",
                "  spec: Spec\n    since 2.4\n    replaces name\n",
            ),
            "`spec` of `host` is new",
        ),
        (
            (
                "  name: String\n",
                "  name: Label\n    since 2.4\n    replaces name\n",
            ),
            "`name` of `host` replaces the released argument",
        ),
        (("call host", "call/cast host"), "`host` may be cast"),
        (
            ("  name", "  changed 2.4\n  name"),
            "the versions of `host` changed",
        ),
    ] {
        let found = changed(&[changes], (2, 4, 0));
        assert_eq!(found.violations, [], "{changes:?}");
        assert_eq!(found.additions, [addition]);
    }
}

#[test]
fn a_method_may_be_added_with_versions_of_another_major() {
    let came = (
        "cast touch",
        "call find since 1.4\n  changed 2.4\ncast touch",
    );
    assert_eq!(changed(&[came], (2, 4, 0)).violations, []);
    let late = (
        "cast touch",
        "call find since 1.4\n  changed 2.3\ncast touch",
    );
    assert_eq!(changed(&[late], (2, 4, 0)).violations.len(), 1);
}

#[test]
fn a_released_argument_cannot_replace_another() {
    let released = [
        ("  id: Uuid\n", ""),
        ("    since 2.3\n", "    since 2.3\n    replaces id\n"),
    ];
    assert_eq!(changed(&released, (2, 4, 0)).violations.len(), 1);
}

#[test]
fn each_violation_of_an_argument_says_what_to_do() {
    use Part::{Argument, Method};
    for (changes, place, message) in [
        (
            ("  limit", "  rack: u32\n  limit"),
            Argument(0, 1),
            "`rack` was added to `host` after 2.3 was released: write `#[rpc(since = \"2.4\")]` on it, and give it a `default`, or make it an `Option`",
        ),
        (
            ("  limit", "  rack: Option<u32>\n  limit"),
            Argument(0, 1),
            "`rack` was added to `host` after 2.3 was released: write `#[rpc(since = \"2.4\")]` on it",
        ),
        (
            ("  limit", "  rack: Option<u32>\n    since 2.3\n  limit"),
            Argument(0, 1),
            "`rack` was added to `host` after 2.3 was released: write `#[rpc(since = \"2.4\")]` on it",
        ),
        (
            ("name: String", "name: u32"),
            Argument(0, 0),
            "`name` of `host` must be of the type `String`, not `u32`, as when 2.3 was released: put it back, or declare version 3.0 in a trait of its own",
        ),
        (
            ("  name: String\n", ""),
            Method(0),
            "`host` must have the argument `name`, as when 2.3 was released: put it back, with `#[rpc(until = \"2.4\")]` if later servers do without it",
        ),
        (
            ("name: String", "label: String"),
            Argument(0, 0),
            "`label` of `host` was `name` on the wire when 2.3 was released: write `#[rpc(name_before(\"2.4\", \"name\"))]` on it, or keep it with `#[rpc(name = \"name\")]`",
        ),
        (
            ("name: String", "label: String\n    was name before 2.2"),
            Argument(0, 0),
            "`label` of `host` was `name` when 2.3 was released, and can have another name only in a later version: write `#[rpc(name_before(\"2.4\", \"name\"))]` on it",
        ),
        (
            ("    since 2.3", "    since 2.2"),
            Argument(1, 1),
            "`late` of `touch` must have been added in 2.3, as in the release 2.3: write `since = \"2.3\"`",
        ),
        (
            ("default 3", "default 3\n    since 2.4"),
            Argument(0, 1),
            "`limit` of `host` must be in the first version of the method, as in the release 2.3: remove its `since`",
        ),
        (
            ("default 3", "default 3\n    until 2.2"),
            Argument(0, 1),
            "`limit` of `host` was there when 2.3 was released, and can end only in a later version: write `until = \"2.4\"`",
        ),
        (
            ("    since 2.3\n", "    since 2.3\n    default Some(4)\n"),
            Argument(1, 1),
            "`late` of `touch` must have no `default`, as when 2.3 was released: put it back, or declare version 3.0 in a trait of its own",
        ),
        (
            ("default 3", "default 4"),
            Argument(0, 1),
            "`limit` of `host` must have the default `3`, as when 2.3 was released: put it back, or declare version 3.0 in a trait of its own",
        ),
    ] {
        let found = changed(&[changes], (2, 3, 0));
        assert_eq!(
            found.violations,
            [(place, message.to_owned())],
            "{changes:?}"
        );
    }
}

#[test]
fn each_violation_of_a_method_says_what_to_do() {
    use Part::{Method, Namespace, Topic, Trait};
    for (changes, place, message) in [
        (
            ("cast touch", "call find since 2.0\ncast touch"),
            Method(1),
            "`find` was added after 2.3 was released: write `#[rpc(version = \"2.4\")]` on it",
        ),
        (
            (
                "call host since 2.0 -> Host\n  name: String\n  limit: u32\n    default 3\n",
                "",
            ),
            Trait,
            "`Inventory` must have the method `host`, as when 2.3 was released: put it back, or declare version 3.0 in a trait of its own",
        ),
        (
            ("call host", "call find"),
            Method(0),
            "`find` was `host` on the wire when 2.3 was released: write `#[rpc(name_before(\"2.4\", \"host\"))]` on it, or keep it with `#[rpc(name = \"host\")]`",
        ),
        (
            ("cast touch", "call touch"),
            Method(1),
            "`touch` must be a cast, as when 2.3 was released: put it back, or declare version 3.0 in a trait of its own",
        ),
        (
            ("-> Host", "-> Rack"),
            Method(0),
            "`host` must return `Host`, not `Rack`, as when 2.3 was released: put it back, or declare version 3.0 in a trait of its own",
        ),
        (
            (" -> Host", ""),
            Method(0),
            "`host` must return `Host`, not `()`, as when 2.3 was released: put it back, or declare version 3.0 in a trait of its own",
        ),
        (
            ("since 2.0", "since 2.1"),
            Method(0),
            "`host` must have been added in 2.0, as in the release 2.3, not in 2.1: write `#[rpc(version = \"2.0\")]` on it",
        ),
        (
            ("  was poke before 2.2\n", ""),
            Method(1),
            "`touch` must have its old name, as when 2.3 was released: write `#[rpc(name_before(\"2.2\", \"poke\"))]` on it",
        ),
        (
            ("topic inventory", "topic stock"),
            Topic,
            "the topic must be `inventory`, as when 2.3 was released: put it back, or declare version 3.0 in a trait of its own",
        ),
        (
            ("  topic inventory\n", "  topic inventory\n  namespace n\n"),
            Namespace,
            "the interface must have no namespace, as when 2.3 was released: put it back, or declare version 3.0 in a trait of its own",
        ),
    ] {
        let found = changed(&[changes], (2, 3, 0));
        assert_eq!(
            found.violations,
            [(place, message.to_owned())],
            "{changes:?}"
        );
    }
}

#[test]
fn another_version_of_the_trait_is_one_mistake() {
    use Stated::{OnTheMethod, OnTheTrait};
    let host = ("call host since 2.0", "call host since 2.2");
    let touch = ("cast touch since 2.1", "cast touch since 2.2");
    let only_host = changed_with(&[host], (2, 3, 0), &[OnTheTrait, OnTheMethod]);
    assert_eq!(
        only_host.violations,
        [(
            Part::Version,
            "the trait's `version` must be 2.0, as when 2.3 was released, since it is the version of `host`: put it back, and write the new version on what is new".to_owned()
        )]
    );
    // The methods did not have one version.
    let both = changed_with(&[host, touch], (2, 3, 0), &[OnTheTrait; 2]);
    let parts: Vec<_> = both.violations.iter().map(|(part, _)| *part).collect();
    assert_eq!(parts, [Part::Method(0), Part::Method(1)]);
    // The trait's `version` is right for the other method.
    let other = changed_with(&[host], (2, 3, 0), &[OnTheTrait; 2]);
    assert_eq!(other.violations[0].0, Part::Method(0));
    // The method has lost its own version.
    let lost = changed_with(
        &[("cast touch since 2.1", "cast touch since 2.0")],
        (2, 3, 0),
        &[OnTheMethod, OnTheTrait],
    );
    assert_eq!(lost.violations[0].0, Part::Method(1));
    assert!(lost.violations[0].1.contains("#[rpc(version = \"2.1\")]"));
}

#[test]
fn many_methods_are_counted() {
    assert_eq!(enumerated(&["a"]), "`a`");
    assert_eq!(enumerated(&["a", "b"]), "`a` and `b`");
    assert_eq!(enumerated(&["a", "b", "c", "d"]), "`a`, `b`, `c` and `d`");
    assert_eq!(
        enumerated(&["a", "b", "c", "d", "e"]),
        "`a`, `b`, `c` and 2 other methods"
    );
}

#[test]
fn advice_about_listed_versions_is_about_the_list() {
    let listed = [Stated::Listed; 3];
    let advice = |changes| {
        let found = changed_with(&[changes], (2, 3, 0), &listed);
        assert_eq!(found.violations.len(), 1);
        let (_, advice) = found.violations[0].1.rsplit_once(": ").unwrap();
        advice.to_owned()
    };
    assert_eq!(
        advice((
            "cast touch",
            "call find since 2.2\n  changed 2.3\ncast touch"
        )),
        "list 2.4 as the last of its `versions`"
    );
    assert_eq!(
        advice((
            "cast touch",
            "call find since 1.4\n  changed 2.3\ncast touch"
        )),
        "list 2.4 as the last version of major 2 in its `versions`"
    );
    assert_eq!(
        advice(("call host since 2.0", "call host since 2.2")),
        "list 2.0 as the last of its `versions`"
    );
}

#[test]
fn the_version_must_not_be_below_the_release() {
    let found = changed(&[], (2, 1, 0));
    assert_eq!(found.violations.len(), 1);
    assert!(
        found.violations[0]
            .1
            .contains("must have at least version 2.3"),
        "{found:?}"
    );
}

#[test]
fn advice_names_the_unreleased_version() {
    let found = changed(
        &[("cast touch", "call find since 2.0\ncast touch")],
        (2, 7, 0),
    );
    assert!(found.violations[0].1.contains("\"2.7\""), "{found:?}");
}

#[test]
fn all_violations_are_reported_together() {
    let found = changed(
        &[
            ("name: String", "name: u8"),
            ("-> Host", "-> u8"),
            ("cast touch", "fanout touch"),
        ],
        (2, 3, 0),
    );
    assert_eq!(found.violations.len(), 3);
}
