//! What `#[rpc_client]` says to mistakes.

/// Each file is named after the rule that it breaks; its `.stderr` was read, not only recorded.
///
/// The wording of the compiler's own messages changes with its version: these are of Rust 1.95. They
/// are written anew with `TRYBUILD=overwrite cargo test -p rpc-tests --test ui`.
#[test]
fn mistakes_are_explained() {
    // No `pass` here: trybuild then checks all files in one go, in place of building each. What must
    // compile is in `tests/ui/pass`, below.
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}
