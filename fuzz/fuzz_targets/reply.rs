//! Decodes bytes as a reply, and encodes the result again.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpc_tests::hostile::reply(bytes));
