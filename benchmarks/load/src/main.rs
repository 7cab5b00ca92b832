//! A closed-loop load generator for the benchmarks.
//!
//! Request frames come in as hex on stdin, made by an independent codec; this program patches the
//! correlation id, keeps one request outstanding on each connection, checks that every answer is
//! the one awaited, and prints one line of JSON with all latencies' percentiles. One thread, so that
//! it can be pinned to one core and leave the other to the broker.

// A figure of a report needs no more than 52 bits.
#![allow(clippy::cast_precision_loss)]

mod exchange;
mod options;
mod report;
mod run;

use std::io::stdin;
use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    let outcome = Options::parse(std::env::args().skip(1), stdin().lock())
        .and_then(|options| run::run(&options).map_err(|error| error.to_string()));
    match outcome {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("pybroker-load: {reason}");
            ExitCode::FAILURE
        }
    }
}
