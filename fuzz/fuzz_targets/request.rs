//! Bytes as a request: opened, read, written anew; and the way back to the caller of a bad one.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpc_tests::hostile::request(bytes));
