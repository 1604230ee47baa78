//! Writing a section, recording what became known, and listing unknown types.

use super::text::CHANGED;
use super::*;
use crate::interface::Describe;

const fn lock(version: (u32, u32), last: Option<(u32, u32)>) -> Lock {
    const NONE: &Interface = &Interface::new("Inventory", Version::new(2, 0), &[]);
    let version = Version::new(version.0, version.1);
    let lock = Lock::new(NONE, ["", ""], "", version, &["x"], "");
    match last {
        Some((major, minor)) => lock.after(Version::new(major, minor)),
        None => lock,
    }
}

const TEXT: &str = "# Head.\n\n[2.0]\na\n  b\n\n[3.0]\nc\n";

#[test]
fn a_section_is_inserted_in_the_order_of_versions() {
    let with = |lock: Lock, text| lock.with_section(text, "[N]\nn\n");
    let first = with(lock((2, 0), None), "# Head.\n").unwrap();
    assert_eq!(first.as_deref(), Some("# Head.\n\n[N]\nn\n"));
    let between = with(lock((2, 4), Some((2, 0))), TEXT).unwrap();
    assert_eq!(
        between.as_deref(),
        Some("# Head.\n\n[2.0]\na\n  b\n\n[N]\nn\n\n[3.0]\nc\n")
    );
    let end = with(lock((3, 1), Some((3, 0))), TEXT).unwrap();
    assert_eq!(end.unwrap(), format!("{TEXT}\n[N]\nn\n"));
    let before = with(lock((1, 9), None), TEXT).unwrap();
    assert_eq!(
        before.unwrap(),
        "# Head.\n\n[N]\nn\n\n[2.0]\na\n  b\n\n[3.0]\nc\n"
    );
}

#[test]
fn a_section_with_other_content_is_not_overwritten() {
    let again = lock((2, 0), None).with_section(TEXT, "[2.0]\na\n  b\n");
    assert_eq!(again, Ok(None));
    let other = lock((2, 0), None).with_section(TEXT, "[2.0]\na\n");
    assert_eq!(other, Err(CHANGED.to_owned()));
    let behind = lock((2, 4), Some((2, 3))).with_section(TEXT, "[2.4]\n");
    assert_eq!(behind, Err(CHANGED.to_owned()));
    let unknown = lock((2, 4), None).with_section(TEXT, "[2.4]\n");
    assert_eq!(unknown, Err(CHANGED.to_owned()));
}

const V24: Version = Version::new(2, 4);

#[test]
fn types_known_by_name_only_are_listed_once() {
    const KNOWN: Option<&Structure> = Some(u8::STRUCTURE);
    const USES: &[Use] = &[
        Use::argument(0, "Query", None, V24, ""),
        Use::result(1, "u8", KNOWN, V24, ""),
        Use::result(2, "Query", None, V24, ""),
        Use::result(3, "Vec<Host>", None, V24, ""),
        // Errors are listed by the methods that raise them.
        Use::error(4, "Nothing", None, V24, ""),
    ];
    const METHODS: &[Recorded] = &[
        Recorded::new("find", "", true).raises("", None),
        Recorded::new("count", "", true).raises("", KNOWN),
        Recorded::new("touch", "", false),
    ];
    let all = lock((2, 4), None).with_types(USES, &[]);
    let all = all.with_methods(METHODS).unknown().unwrap();
    assert!(
        all.contains("their structure: `Query`, `Vec<Host>`, the error of `find`."),
        "{all}"
    );
    let known = lock((2, 4), None).with_types(&USES[1..2], &[]);
    assert_eq!(known.with_methods(&METHODS[1..]).unknown(), None);
}

#[test]
fn a_structure_that_becomes_known_is_added_to_the_release() {
    const ERROR: &Structure = &Structure::named("Failure", "raises: | Full", &[]);
    const TYPE: &Structure = &Structure::named("Host", "{ name: String }", &[]);
    const USES: &[Use] = &[Use::result(0, "Host", Some(TYPE), V24, "")];
    const METHODS: &[Recorded] = &[
        Recorded::new("find", "call find since 2.0 -> Host\n", false).raises("", Some(ERROR)),
        Recorded::new("touch", "cast touch since 2.0\n", false),
    ];
    let text = "[1.0]\ncall find since 2.0 -> Host\n\n[2.0]\ncall find since 2.0 -> Host\n  id: u8\n\n\
                [2.4]\ncast touch since 2.0\n\n[3.0]\nc\n";
    let lock = Lock {
        additions: &[],
        ..lock((2, 4), Some((2, 4)))
    };
    let lock = lock.with_types(USES, &[]).with_methods(METHODS);
    let (changes, types) = lock.types();
    assert!(changes.is_empty(), "{changes:?}");
    let known = lock.with_known(text, &types).unwrap();
    let hash = TYPE.fingerprint();
    assert_eq!(
        known,
        format!(
            "[1.0]\ncall find since 2.0 -> Host\n\n[2.0]\ncall find since 2.0 -> Host\n  raises Failure\n  id: u8\n\n\
             [2.4]\ncast touch since 2.0\ntype Host {hash:016x}\n  {{ name: String }}\n\n[3.0]\nc\n"
        )
    );
    assert_eq!(lock.with_known(&known, &types), Ok(known.clone()));
    let behind = lock.bring_up_to_date().unwrap_err();
    assert!(
        behind.contains("the type Host, the error of `find`"),
        "{behind}"
    );
}
