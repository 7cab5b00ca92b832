//! Any bytes as bodies of Fetch, requests and responses. The first byte is the version.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((version, body)) = bytes.split_first() {
        pybroker_wire::testing::invariants::check_fetch(body, i16::from(*version));
    }
});
