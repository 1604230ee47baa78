//! Decodes bytes as a request, and encodes it again. Finds the reply address of a malformed one.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpc_tests::hostile::request(bytes));
