//! Parses bytes as a transport URL. Its text must hide the password, and a transport must be built from it or
//! refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpc_tests::hostile::transport_url(bytes));
