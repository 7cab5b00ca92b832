//! Kafka's own `DumpLogSegments` over the files of closed and of crashed logs: it must find nothing wrong.
//!
//! Runs where the real Kafka has been fetched (`compat/`) and Java is there; elsewhere it says that it is skipped, and why.

mod support;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use pybroker_log::{Log, LogConfig, Origin, Shutdown};
use pybroker_wire::{BatchBuilder, Compression, TransactionOutcome};
use support::{NOW_MS, Place, Random, build, marker, small_segments, transactional_batch};

fn kafka_jars() -> Option<PathBuf> {
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../compat/.cache");
    let folders = std::fs::read_dir(cache).ok()?;
    folders.map(|entry| entry.unwrap().path()).find(|path| {
        std::fs::read_dir(path).is_ok_and(|mut files| {
            files.any(|file| {
                let name = file.unwrap().file_name();
                name.to_string_lossy().starts_with("kafka-tools-")
            })
        })
    })
}

/// Past the capture of output, so that a run says what it has not looked at.
fn skip(reason: &str) {
    let _ = writeln!(std::io::stderr(), "skipped kafkas_tool_finds_nothing_wrong: {reason}");
}

fn fill(log: &mut Log, random: &mut Random) {
    let codecs = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    for step in 0..300 {
        let codec = codecs[random.below(5) as usize];
        let mut builder = BatchBuilder::new(0).compression(codec, None);
        if step % 3 == 0 {
            builder = builder.producer(step % 2, 0, (step / 6) as i32 * 4);
        }
        for _ in 0..4 {
            let size = random.below(150) as usize;
            let timestamp = NOW_MS + random.below(100_000) as i64;
            builder.append(timestamp, Some(b"key"), Some(&random.bytes(size)), &[]);
        }
        log.append(&mut build(builder), 3, Origin::Client, NOW_MS).unwrap();
        if step % 5 == 0 {
            let mut records = transactional_batch(7, 0, step as i32 / 5 * 2, 2);
            log.append(&mut records, 3, Origin::Client, NOW_MS).unwrap();
        }
        if step % 10 == 7 {
            let mut records = marker(7, 0, TransactionOutcome::Abort, 1);
            log.append(&mut records, 3, Origin::Coordinator, NOW_MS).unwrap();
        }
    }
}

/// Runs the tool over every file that it knows and gives what it complains about.
fn complaints(jars: &Path, place: &Place) -> String {
    let mut files = Vec::new();
    for suffix in [".log", ".index", ".timeindex", ".txnindex", ".snapshot"] {
        files.extend(place.files(suffix));
    }
    assert!(files.len() > 10, "{files:?}");
    let files: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let output = Command::new("java")
        .arg("-cp")
        .arg(jars.join("*"))
        .args(["org.apache.kafka.tools.DumpLogSegments", "--deep-iteration", "--files"])
        .arg(files.join(","))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("isvalid: true"), "{said}");
    assert!(said.contains("producerId: 1 "), "a snapshot was read: {said}");
    assert!(said.contains("lastStableOffset: "), "a transaction index was read: {said}");
    assert!(said.contains("endTxnMarker: ABORT coordinatorEpoch: 1"), "{said}");
    let errors = String::from_utf8_lossy(&output.stderr);
    let suspicious = ["is followed by", "isvalid: false", "ismatch", "ut of order", "not found"];
    said.lines()
        .chain(errors.lines())
        .filter(|line| suspicious.iter().any(|word| line.contains(word)))
        // The tool says so of every segment that does not start at 0, Kafka's own too.
        .filter(|line| !line.contains(" -1 is followed by"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn kafkas_tool_finds_nothing_wrong() {
    let Some(jars) = kafka_jars() else {
        return skip("no jars of Kafka in compat/.cache; `make compat` fetches them");
    };
    if Command::new("java").arg("-version").output().is_err() {
        return skip("there is no java");
    }
    for seed in 1..=3 {
        let mut random = Random(seed);
        let config = LogConfig {
            segment_bytes: 20_000,
            index_interval_bytes: 700,
            segment_index_bytes: 10_000,
            ..small_segments()
        };
        let place = Place::new();
        let mut log = place.open(config.clone(), Shutdown::Clean).unwrap();
        fill(&mut log, &mut random);
        if seed == 2 {
            // The indexes are those that recovery builds.
            drop(log);
            for path in [place.files(".index"), place.files(".timeindex")].concat() {
                std::fs::remove_file(path).unwrap();
            }
            log = place.open(config.clone(), support::UNCLEAN).unwrap();
        }
        if seed == 3 {
            log.truncate_to(777, NOW_MS).unwrap();
            log.delete_before(300).unwrap();
            log.append(&mut support::batch(&[b"after"]), 4, Origin::Client, NOW_MS).unwrap();
        }
        log.close(NOW_MS).unwrap();
        assert_eq!(complaints(&jars, &place), "", "seed {seed}");
        if seed == 3 {
            // The tool does look: entries of both indexes that are not true are named.
            for path in [place.files(".index"), place.files(".timeindex")].concat() {
                let mut bytes = std::fs::read(&path).unwrap();
                let offset_at = if path.to_str().unwrap().ends_with(".timeindex") { 11 } else { 3 };
                bytes[offset_at] ^= 1;
                std::fs::write(&path, bytes).unwrap();
            }
            let said = complaints(&jars, &place);
            assert!(said.contains("ismatch"), "{said}");
            assert!(said.contains("not found"), "{said}");
        }
    }
}
