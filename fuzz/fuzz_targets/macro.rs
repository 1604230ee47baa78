//! Tokens as the options and the item of each macro: what comes of them is code, be it but an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|source: &str| rpc_fuzz::tokens(source));
