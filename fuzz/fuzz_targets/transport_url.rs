//! Bytes as a transport URL: what is shown hides the password, and a transport is made of it or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpc_tests::hostile::transport_url(bytes));
