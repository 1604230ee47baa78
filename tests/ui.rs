//! What `#[rpc_client]` says to mistakes, and what it must not take for one.
#![expect(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "the files of `ui/pass` are written as users write a crate"
)]

/// Each file is named after the rule that it breaks; its `.stderr` was read, not only recorded.
///
/// The wording of the compiler's own messages changes with its version: these are of Rust 1.95. They
/// are written anew with `TRYBUILD=overwrite cargo test -p rpc-tests --test ui`.
#[test]
fn mistakes_are_explained() {
    copy_locks().expect("they can be copied");
    // No `pass` here: trybuild then checks all files in one go, in place of building each.
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}

/// Puts the locks where the files look for them: trybuild compiles them in a package of its own.
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
#[path = "ui/pass/mock_by_hand.rs"]
mod mock_by_hand;
#[path = "ui/pass/mock_with_mockall.rs"]
mod mock_with_mockall;
#[path = "ui/pass/names_in_the_way.rs"]
mod names_in_the_way;
#[path = "ui/pass/no_implicit_prelude.rs"]
mod no_implicit_prelude;
#[path = "ui/pass/other_items.rs"]
mod other_items;
#[path = "ui/pass/provided_methods.rs"]
mod provided_methods;
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

/// What must compile is part of this test, so that clippy reads it too; each file also runs.
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
    mock_by_hand
    mock_with_mockall
    names_in_the_way
    no_implicit_prelude
    other_items
    provided_methods
    runtime_by_another_path
    shared_services
    topic_chosen_by_the_client
    types_as_written
    visibilities
}
