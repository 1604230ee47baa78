//! Expands tokens as the options and the item of each macro. The result must be valid Rust code, even if it
//! contains errors.
#![no_main]

libfuzzer_sys::fuzz_target!(|source: &str| rpc_fuzz::tokens(source));
