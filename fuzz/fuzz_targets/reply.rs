//! Bytes as a reply: read, taken for what they hold, written anew.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpc_tests::hostile::reply(bytes));
