//! `GUARANTEES.md` tells operators which lines to watch in the log. The library must log these lines.

use std::fs;
use std::path::Path;

use rpc_tests::root;

/// The texts of all source files, with strings that span several lines joined.
fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).expect("it is text");
            let lines = text.lines().map(str::trim_start);
            let joined: String = lines
                .map(|line| match line.strip_suffix('\\') {
                    Some(begun) => begun.to_owned(),
                    None => format!("{line}\n"),
                })
                .collect();
            texts.push(joined);
        }
    }
    texts
}

/// The part of `GUARANTEES.md` after this heading, up to the next section.
fn section(heading: &str) -> String {
    let page = fs::read_to_string(root().join("GUARANTEES.md")).expect("it is text");
    let (_, after) = page.split_once(heading).expect("the page has this heading");
    let (section, _) = after.split_once("\n## ").expect("the section ends");
    section.to_owned()
}

/// The third column of the table of faults: the lines that each fault causes. An ellipsis stands for other text.
#[test]
fn the_lines_of_each_fault_are_logged() {
    let section = section("\n## Each kind of fault\n");
    let sources = sources(&root().join("rpc-runtime/src"));
    let mut lines = 0;
    for row in section.lines().filter(|line| line.starts_with("| ")) {
        let logged = row.split(" | ").nth(2).expect("a row has three columns");
        for line in logged.split('`').skip(1).step_by(2) {
            for part in line.split('…').map(str::trim) {
                let found = sources.iter().any(|text| text.contains(part));
                assert!(found, "nothing logs `{part}`");
                lines += 1;
            }
        }
    }
    assert!(lines >= 10, "{lines} lines are in the table");
}

#[test]
fn the_lines_to_watch_are_logged() {
    let watched = section("**What to watch in the log**");
    let sources = sources(&root().join("rpc-runtime/src"));
    let mut lines = 0;
    for item in watched.lines().filter(|line| line.starts_with("- ")) {
        let (named, _) = item.split_once(": ").expect("an item says what it means");
        for line in named.split('`').skip(1).step_by(2) {
            let logged = sources
                .iter()
                .any(|text| text.contains(&format!("\"{line}")));
            assert!(logged, "nothing logs `{line}`");
            lines += 1;
        }
    }
    assert!(lines >= 5, "{lines} lines are watched");
}
