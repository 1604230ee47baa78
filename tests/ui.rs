//! The error messages of `#[rpc_client]` for mistakes, and correct code that must compile.
#![expect(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "the files of `ui/pass` are written as users write a crate"
)]

use std::collections::BTreeSet;

/// Each file is named after the rule that it breaks. Each `.stderr` file was read, not only recorded.
///
/// The wording of the compiler's own messages changes with its version. These are of Rust 1.95. `TRYBUILD=overwrite
/// cargo test -p rpc-tests --test ui` writes them again.
#[test]
fn mistakes_are_explained() {
    copy_locks().expect("they can be copied");
    // Without `pass`, trybuild checks all files at once instead of building each.
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}

/// A mistake gives one message: 95 % of the files have no other. `--nocapture` prints the totals, and the files with
/// more messages.
#[test]
fn a_mistake_is_one_message() {
    let mut files = Vec::new();
    for entry in std::fs::read_dir("ui/fail").expect("it is a folder") {
        let messages = entry.expect("it can be read").path();
        if messages.extension().is_some_and(|kind| kind == "stderr") {
            let source = std::fs::read_to_string(messages.with_extension("rs"));
            let source = source.expect("each has its source");
            let found = std::fs::read_to_string(&messages).expect("it is text");
            let (errors, mistakes) = count(&source, &found);
            files.push((messages, errors, mistakes));
        }
    }
    files.sort();
    let more: Vec<_> = (files.iter())
        .filter(|(_, errors, mistakes)| errors > mistakes)
        .collect();
    let errors: usize = files.iter().map(|(_, errors, _)| errors).sum();
    let mistakes: usize = files.iter().map(|(.., mistakes)| mistakes).sum();
    let all = files.len();
    println!("{all} files, {mistakes} mistakes, {errors} errors");
    for (file, errors, mistakes) in &more {
        println!("{}: {mistakes} mistakes, {errors} errors", file.display());
    }
    assert!(more.len() * 20 <= all, "{} of {all}", more.len());
}

/// The number of errors in the compiler's output for a file, and the number of mistakes.
///
/// Each error of the macro (it has no error code) counts as a mistake. The compiler's errors on one line count as one
/// mistake, or as none if the macro has an error on that line. The compiler's errors at the attribute do not count as
/// mistakes, since their cause is elsewhere.
fn count(source: &str, found: &str) -> (usize, usize) {
    let lines: Vec<_> = source.lines().collect();
    let is_attribute = |line: &usize| {
        let text = lines.get(line - 1).copied().unwrap_or_default();
        text.trim_start().starts_with("#[rpc_client")
    };
    let mut errors = 0;
    let mut explained = BTreeSet::new();
    let mut left = BTreeSet::new();
    let mut found = found.lines().peekable();
    while let Some(message) = found.next() {
        if !message.starts_with("error") {
            continue;
        }
        errors += 1;
        let place = found.peek().and_then(|next| next.split_once(".rs:"));
        let place = place.map_or("1:1", |(_, place)| place);
        let (line, _) = place.split_once(':').expect("a line and a column");
        let line: usize = line.parse().expect("a number");
        if message.starts_with("error:") {
            explained.insert((line, place, message));
        } else if !is_attribute(&line) {
            left.insert(line);
        }
    }
    for (line, ..) in &explained {
        left.remove(line);
    }
    (errors, (explained.len() + left.len()).max(1))
}

#[test]
fn cascades_are_counted() {
    let source = "use x;\n#[rpc_client]\ntrait X {\n    a;\n    b;\n}";
    let found = "\
error: `a` must not\n --> ui/fail/x.rs:4:5\n
error: nor this\n --> ui/fail/x.rs:4:5\n
error[E0050]: another of it\n --> ui/fail/x.rs:4:9\n
error[E0277]: one\n --> ui/fail/x.rs:5:5\n
error[E0277]: and the same\n --> ui/fail/x.rs:5:7\n
error[E0201]: elsewhere\n --> ui/fail/x.rs:2:1\n";
    assert_eq!(count(source, found), (6, 3));
}

/// Copies the locks to the package in which trybuild compiles the files.
fn copy_locks() -> std::io::Result<()> {
    // target/debug/deps/ui-… → target
    let program = std::env::current_exe()?;
    let target = program
        .ancestors()
        .nth(3)
        .expect("it is in a target folder");
    let to = target.join("tests/trybuild/rpc-tests/ui/fail/locks");
    std::fs::create_dir_all(&to)?;
    for lock in std::fs::read_dir("ui/fail/locks")? {
        let lock = lock?;
        std::fs::copy(lock.path(), to.join(lock.file_name()))?;
    }
    Ok(())
}

#[path = "ui/pass/any_argument_name.rs"]
mod any_argument_name;
#[path = "ui/pass/attributes_reach_the_client.rs"]
mod attributes_reach_the_client;
#[path = "ui/pass/borrowed_arguments.rs"]
mod borrowed_arguments;
#[path = "ui/pass/conditional_methods.rs"]
mod conditional_methods;
#[path = "ui/pass/deprecated_methods.rs"]
mod deprecated_methods;
#[path = "ui/pass/errors_of_ones_own.rs"]
mod errors_of_ones_own;
#[path = "ui/pass/every_lint.rs"]
mod every_lint;
#[path = "ui/pass/every_shape.rs"]
mod every_shape;
#[path = "ui/pass/generic_and_spawned.rs"]
mod generic_and_spawned;
#[path = "ui/pass/inherent_methods.rs"]
mod inherent_methods;
#[path = "ui/pass/ladder_functions_and_values.rs"]
mod ladder_functions_and_values;
#[path = "ui/pass/ladders_made_by_a_macro.rs"]
mod ladders_made_by_a_macro;
#[path = "ui/pass/ladders_of_any_argument_name.rs"]
mod ladders_of_any_argument_name;
#[path = "ui/pass/ladders_without_a_prelude.rs"]
mod ladders_without_a_prelude;
#[path = "ui/pass/made_by_a_macro.rs"]
mod made_by_a_macro;
#[path = "ui/pass/methods_of_one_name.rs"]
mod methods_of_one_name;
#[path = "ui/pass/mock_by_hand.rs"]
mod mock_by_hand;
#[path = "ui/pass/mock_with_automock.rs"]
mod mock_with_automock;
#[path = "ui/pass/mock_with_mockall.rs"]
mod mock_with_mockall;
#[path = "ui/pass/names_in_the_way.rs"]
mod names_in_the_way;
#[path = "ui/pass/names_of_traits_to_be_imported.rs"]
mod names_of_traits_to_be_imported;
#[path = "ui/pass/no_implicit_prelude.rs"]
mod no_implicit_prelude;
#[path = "ui/pass/objects.rs"]
mod objects;
#[path = "ui/pass/other_items.rs"]
mod other_items;
#[path = "ui/pass/provided_methods.rs"]
mod provided_methods;
#[path = "ui/pass/renamed_on_the_wire.rs"]
mod renamed_on_the_wire;
#[path = "ui/pass/runtime_by_another_path.rs"]
mod runtime_by_another_path;
#[path = "ui/pass/shared_services.rs"]
mod shared_services;
#[path = "ui/pass/topic_chosen_by_the_client.rs"]
mod topic_chosen_by_the_client;
#[path = "ui/pass/types_as_written.rs"]
mod types_as_written;
#[path = "ui/pass/visibilities.rs"]
mod visibilities;

/// The files that must compile are part of this test, so that clippy checks them, too. Each file also runs.
macro_rules! compile_and_run {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                $name::main();
            }
        )*
    };
}

compile_and_run! {
    any_argument_name
    attributes_reach_the_client
    borrowed_arguments
    conditional_methods
    deprecated_methods
    errors_of_ones_own
    every_lint
    every_shape
    generic_and_spawned
    inherent_methods
    ladder_functions_and_values
    ladders_made_by_a_macro
    ladders_of_any_argument_name
    ladders_without_a_prelude
    made_by_a_macro
    methods_of_one_name
    mock_by_hand
    mock_with_automock
    mock_with_mockall
    names_in_the_way
    names_of_traits_to_be_imported
    no_implicit_prelude
    objects
    other_items
    provided_methods
    renamed_on_the_wire
    runtime_by_another_path
    shared_services
    topic_chosen_by_the_client
    types_as_written
    visibilities
}
