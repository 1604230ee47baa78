//! Parsing and printing a lock, and the error of each kind of damage.

use super::*;

const LOCK: &str = r#"# The interface `Inventory`.

[2.0]
interface Inventory
  topic inventory
  exchange "my exchange"
  namespace n
call host since 2.0 -> Host
  was get_host before 2.1
  name: String
cast touch since 2.0
fanout "list all" since 2.0.1
  changed 2.3
  "odd: \"name\"": Vec<(u8, [u16; 4])>
    since 2.2
    until 2.3
    default "a\\nb"
    was old before 2.2
    was older before 2.1
type "model::Host" 00000000000000ff
  { name: String, rack?: u32 }

[2.4]
call/cast host since 2.0 -> Result<Host, Box<dyn Error + Send>>
  was get_host before 2.1
  name: String
  alternates: Option<u32>
    since 2.4
    replaces "one of them"
    replaces another
type "model::Host" 0000000000000100
  { name: String }
error StockError 0000000000000001
  raises: stock.Empty { shelf: String }

[3.0]
interface Inventory
call host since 3.0
"#;

/// Prints all sections.
fn print(file: &File) -> String {
    let mut text = String::new();
    for release in &file.releases {
        let _ = writeln!(text, "\n[{}]", Shown(release.version));
        text.extend(release.address.as_ref().map(print_address));
        text.extend(release.methods.iter().map(print_method));
        for ty in &release.types {
            let word = if ty.shape.starts_with("raises") {
                "error"
            } else {
                "type"
            };
            let name = quoted_if_needed(&ty.name);
            let _ = writeln!(
                text,
                "{word} {name} {:016x}\n  {}",
                ty.fingerprint, ty.shape
            );
        }
    }
    text
}

#[test]
fn a_parsed_lock_prints_as_it_was() {
    let read = parse(LOCK).unwrap();
    assert_eq!(
        format!("# The interface `Inventory`.\n{}", print(&read)),
        LOCK
    );
    let host = &read.releases[0].methods[0];
    assert_eq!(host.old_names[0].name, "get_host");
    let all = &read.releases[0].methods[2];
    assert_eq!(all.name, "list all");
    assert_eq!(all.since, (2, 0, 1));
    assert_eq!(all.arguments[0].name, "odd: \"name\"");
    assert_eq!(all.arguments[0].default.as_deref(), Some("\"a\\nb\""));
    assert_eq!(all.arguments[0].old_names.len(), 2);
}

#[test]
fn line_endings_do_not_matter() {
    assert_eq!(parse(LOCK), parse(&LOCK.replace('\n', "\r\n")));
}

#[test]
fn an_interface_is_the_sum_of_its_sections() {
    let file = parse(LOCK).unwrap();
    assert_eq!(file.interface_at((1, 9, 0)), None);
    let (last, interface) = file.interface_at((2, 3, 0)).unwrap();
    assert_eq!(last, (2, 0, 0));
    assert_eq!(interface.methods[0].arguments.len(), 1);
    let (last, interface) = file.interface_at((2, u32::MAX, 0)).unwrap();
    assert_eq!(last, (2, 4, 0));
    assert_eq!(interface.methods.len(), 3);
    assert_eq!(interface.methods[0].mode, Mode::CallOrCast);
    assert_eq!(interface.methods[0].arguments.len(), 2);
    let types: Vec<_> = file
        .of_major(2)
        .flat_map(|release| &release.types)
        .collect();
    assert_eq!(types.len(), 3);
    assert_eq!(types[1].fingerprint, 0x100);
    let (_, interface) = file.interface_at((3, 0, 0)).unwrap();
    assert_eq!(interface.methods.len(), 1);
    assert_eq!(interface.address.topic, None);
    assert_eq!(file.of_major(2).count(), 2);
}

#[test]
fn the_error_of_a_method_is_parsed() {
    let lock = "[1.0]\ninterface I\ncall host since 1.0\n  raises StockError\n  name: String\n";
    let file = parse(lock).unwrap();
    let host = &file.releases[0].methods[0];
    assert_eq!(host.raises.as_deref(), Some("StockError"));
    assert_eq!(host.arguments.len(), 1);
}

#[test]
fn damage_is_reported_with_its_line() {
    for (text, line, message) in [
        ("", 1, "must have at least one release"),
        ("# The interface\n", 1, "must have at least one release"),
        ("call host since 2.0\n", 1, "a section must come first"),
        ("[2]\n", 1, "a section must begin with its version"),
        ("[2.0\n", 1, "a section must begin with its version"),
        ("<<<<<<< HEAD\n", 1, "a section must come first"),
        (
            "[2.0]\ninterface I\n<<<<<<< HEAD\n",
            3,
            "`<<<<<<<` is none of",
        ),
        (
            "[2.0]\ncall host since 2.0\n",
            2,
            "must begin with `interface`",
        ),
        ("[2.0]\ninterface I\n[2.0]\n", 3, "have a version above 2.0"),
        (
            "[2.0]\ninterface I\n[2.1]\ninterface I\n",
            4,
            "must not have an `interface`",
        ),
        ("[2.0]\ninterface I\ninterface I\n", 3, "once in a section"),
        ("[2.0]\ninterface I\n  title t\n", 3, "is not part of"),
        ("[2.0]\ninterface I\n    topic t\n", 3, "is not part of"),
        ("[2.0]\ninterface I\n  topic t u\n", 3, "unexpected `u`"),
        ("[2.0]\ninterface \"I\n", 2, "a quotation mark is missing"),
        ("[2.0]\ninterface\n", 2, "a name is missing"),
        ("[2.0]\ninterface I\ncall\n", 3, "a name is missing"),
        ("[2.0]\ninterface I\ncall host\n", 3, "expected `since`"),
        (
            "[2.0]\ninterface I\ncall host since x\n",
            3,
            "`x` is not a version",
        ),
        (
            "[2.0]\ninterface I\ncall host since 2.0 Host\n",
            3,
            "expected `->`",
        ),
        (
            "[2.0]\ninterface I\ncall a since 2.0\ncall a since 2.0\n",
            4,
            "once in a section",
        ),
        (
            "[2.0]\ninterface I\ncall a since 2.0\n  b\n",
            4,
            "`b` must have a type",
        ),
        (
            "[2.0]\ninterface I\ncall a since 2.0\n  b:\n",
            4,
            "`b` must have a type",
        ),
        (
            "[2.0]\ninterface I\ncall a since 2.0\n  b: u8\n  b: u8\n",
            5,
            "once in a method",
        ),
        (
            "[2.0]\ninterface I\ncall a since 2.0\n    since 2.1\n",
            4,
            "is not part of",
        ),
        (
            "[2.0]\ninterface I\ncall a since 2.0\n  b: u8\n    sine 2.1\n",
            5,
            "`sine` is none of",
        ),
        (
            "[2.0]\ninterface I\ncall a since 2.0\n  b: u8\n    was c\n",
            5,
            "expected `before`",
        ),
        (
            "[2.0]\ninterface I\ntype Host xyz\n",
            3,
            "16 hexadecimal digits",
        ),
    ] {
        let damage = parse(text).unwrap_err();
        assert!(damage.message.contains(message), "{text}: {damage:?}");
        assert_eq!(damage.line, line, "{text}: {damage:?}");
    }
}

/// No text makes the parser panic, in particular no truncated lock.
#[test]
fn no_text_makes_the_parser_panic() {
    for (end, _) in LOCK.char_indices() {
        let _ = parse(&LOCK[..end]);
        let _ = parse(&LOCK[end..]);
        let _ = parse(&format!("{}é\"\\{}", &LOCK[..end], &LOCK[end..]));
    }
}
