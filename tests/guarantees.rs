//! `GUARANTEES.md` tells operators which lines to watch in the log. The library must log these lines.

use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use rpc_tests::root;

/// The texts in the library's source, without comments and unit tests.
#[derive(Debug, Default)]
struct Texts {
    /// All string literals.
    all: Vec<String>,
    /// Those within calls of `warn!`.
    warned: Vec<String>,
}

impl Texts {
    fn of_the_library() -> Self {
        let mut texts = Self::default();
        texts.read(&root().join("rpc-runtime/src"));
        texts
    }

    /// Reads all source files below a folder.
    fn read(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            // The modules in these files are under `cfg(test)`.
            if path.file_stem().is_some_and(|name| name == "tests") {
                continue;
            }
            if path.is_dir() {
                self.read(&path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(&path).expect("it is text");
                let tokens = text.parse().expect("it is Rust");
                let known = self.all.len();
                self.scan(tokens, false);
                // A text in a variable that is then a whole warning. The variable gets it in the same file.
                if self.warned.iter().any(|text| text == VARIABLE) {
                    self.warned.retain(|text| text != VARIABLE);
                    self.warned.extend(self.all[known..].iter().cloned());
                }
            }
        }
    }

    fn scan(&mut self, tokens: TokenStream, warned: bool) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        loop {
            rest = match rest {
                [] => return,
                // Attributes hold documentation, and the condition of a test.
                [
                    TokenTree::Punct(hash),
                    TokenTree::Group(attribute),
                    after @ ..,
                ] if hash.as_char() == '#' => {
                    let condition = attribute.stream().to_string();
                    let is_test = ["cfg (test", "cfg (all (test"];
                    if is_test.iter().any(|begun| condition.starts_with(begun)) {
                        after_item(after)
                    } else {
                        after
                    }
                }
                [
                    TokenTree::Ident(name),
                    TokenTree::Punct(_),
                    TokenTree::Group(call),
                    after @ ..,
                ] if name == "warn" => {
                    self.scan(call.stream(), true);
                    after
                }
                [TokenTree::Group(group), after @ ..] => {
                    self.scan(group.stream(), warned);
                    after
                }
                [TokenTree::Literal(literal), after @ ..] => {
                    self.add(&literal.to_string(), warned);
                    after
                }
                [_, after @ ..] => after,
            };
        }
    }

    /// Adds a literal, as it is written.
    fn add(&mut self, literal: &str, warned: bool) {
        let text = literal
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let Some(text) = text else { return };
        // A backslash at the end of a line continues the text in the next line.
        let mut pieces = text.split("\\\n");
        let first = pieces.next().unwrap_or_default().to_owned();
        let text = pieces.fold(first, |text, piece| text + piece.trim_start());
        if warned {
            self.warned.push(text.clone());
        }
        self.all.push(text);
    }
}

/// The text of a warning that is a variable.
const VARIABLE: &str = "{event}";

/// What follows an item.
fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let end = tokens.iter().position(|token| match token {
        TokenTree::Punct(end) => end.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    end.map_or(&[], |end| &tokens[end + 1..])
}

/// The part of `GUARANTEES.md` after this heading, up to the next section.
fn section(heading: &str) -> String {
    let page = fs::read_to_string(root().join("GUARANTEES.md")).expect("it is text");
    let (_, after) = page.split_once(heading).expect("the page has this heading");
    let (section, _) = after.split_once("\n## ").expect("the section ends");
    section.to_owned()
}

/// The broker's own word in a line.
const OF_THE_BROKER: &str = "CONNECTION_FORCED";

/// The third column of the table of faults: the lines that each fault causes. An ellipsis stands for other text.
#[test]
fn the_lines_of_each_fault_are_logged() {
    let section = section("\n## Each kind of fault\n");
    let texts = Texts::of_the_library().all;
    let mut lines = 0;
    for row in section.lines().filter(|line| line.starts_with("| ")) {
        let logged = row.split(" | ").nth(2).expect("a row has three columns");
        for line in logged.split('`').skip(1).step_by(2) {
            let parts = line.split('…').map(str::trim);
            for part in parts.filter(|part| !part.is_empty() && *part != OF_THE_BROKER) {
                let found = texts.iter().any(|text| text.contains(part));
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
    assert!(watched.starts_with(" (all at `warn`)\n"), "{watched}");
    let texts = Texts::of_the_library().warned;
    let mut lines = 0;
    for item in watched.lines().filter(|line| line.starts_with("- ")) {
        let (named, _) = item.split_once(": ").expect("an item says what it means");
        for line in named.split('`').skip(1).step_by(2) {
            let logged = texts.iter().any(|text| text.starts_with(line));
            assert!(logged, "nothing warns `{line}`");
            lines += 1;
        }
    }
    assert!(lines >= 5, "{lines} lines are watched");
}
