//! Parses a text as a lock, and compares its releases.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| rpc_fuzz::lock(text));
