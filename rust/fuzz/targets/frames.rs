//! Any bytes as a stream of frames: prefixes, request headers, the bodies of Produce and Fetch.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pybroker_wire::testing::invariants::check_frames(bytes));
