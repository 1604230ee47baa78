//! Text as a lock: read, added up, compared.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| rpc_fuzz::lock(text));
