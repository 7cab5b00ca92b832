//! Any bytes as record batches: headers, checksums, records in every codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pybroker_wire::testing::invariants::check_batches(
    bytes
));
