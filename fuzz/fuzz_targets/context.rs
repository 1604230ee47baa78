//! Reads bytes as a request's context, with each kind of type.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpc_tests::hostile::context(bytes));
