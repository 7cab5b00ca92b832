//! The client's half of Produce and Fetch, for tests, fuzzing and benchmarks.
