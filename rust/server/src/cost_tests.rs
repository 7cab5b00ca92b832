//! What the record path costs, in CPU time of its thread. Measurements, not checks: `cargo test --release -p
//! pybroker-server cost -- --ignored --nocapture --test-threads 1`.

use std::io::Read;
use std::sync::Arc;
use std::thread;

use pybroker_log::FileSlice;
use pybroker_wire::header::{FETCH, PRODUCE};
use pybroker_wire::{TopicRef, Uuid};

use crate::connection::RequestLine;
use crate::fetch;
use crate::outgoing::Outgoing;
use crate::produce;
use crate::testing::{Client, Fixture, batch, fetch_request, produce_request};

const ROUNDS: u32 = 50_000;
/// Something to answer.
const REQUEST: RequestLine = RequestLine { api_key: FETCH, api_version: 4, correlation_id: 0 };

/// CPU time of this thread.
fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time lives on the stack for the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The best of five runs, per round.
fn report(what: &str, rounds: u32, mut round: impl FnMut()) {
    let best = (0..5).map(|_| {
        let began = cpu_ns();
        for _ in 0..rounds {
            round();
        }
        (cpu_ns() - began) / u64::from(rounds)
    });
    println!("{what}: {} ns", best.min().unwrap_or(0));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn produce_costs(client: &Client, what: &str, topic: TopicRef<'_>, records: &[u8]) {
    let runtime = runtime();
    let line = RequestLine { api_key: PRODUCE, api_version: 13, correlation_id: 1 };
    let mut request = Vec::new();
    produce_request(1, topic, &[(0, Some(records))]).encode(13, &mut request).unwrap();
    let mut out = Outgoing::default();
    report(what, ROUNDS, || {
        let mut body = request.clone();
        let start = out.begin(REQUEST);
        runtime.block_on(produce::answer(&client.context, line, &mut body, &mut out)).unwrap();
        out.abandon(start);
    });
}

fn fetch_costs(client: &Client, what: &str, request: &pybroker_wire::fetch::FetchRequest<'_>) {
    let line = RequestLine { api_key: FETCH, api_version: 13, correlation_id: 1 };
    let mut body = Vec::new();
    request.encode(13, &mut body).unwrap();
    let mut out = Outgoing::default();
    report(what, ROUNDS, || {
        let start = out.begin(REQUEST);
        drop(fetch::answer(&client.context, line, &body, &mut out).unwrap());
        out.abandon(start);
    });
}

#[test]
#[ignore = "a measurement"]
fn cost_of_produce_and_fetch() {
    let fixture = Fixture::new();
    let topic_id = fixture.create("t", 1);
    let many = fixture.create("many", 100);
    let client = fixture.client();
    let topic = TopicRef::Id(topic_id);
    produce_costs(&client, "produce, one record of 100 B", topic, &batch(1, 100));
    produce_costs(&client, "produce, 100 records of 100 B", topic, &batch(100, 100));
    produce_costs(
        &client,
        "produce to an unknown topic",
        TopicRef::Id(Uuid([1; 16])),
        &batch(1, 100),
    );
    let end = fixture.partition("t", 0).state().unwrap().log_end_offset;
    fetch_costs(&client, "fetch, at the end", &fetch_request(topic, &[(0, end)]));
    let mut last = fetch_request(topic, &[(0, end - 1)]);
    fetch_costs(&client, "fetch, the last batch", &last);
    last.max_wait_ms = 1_000;
    last.topics[0].partitions[0].fetch_offset = end;
    fetch_costs(&client, "fetch, begin a wait and drop it", &last);
    let partitions: Vec<_> = (0..100).map(|index| (index, 0)).collect();
    let all = fetch_request(TopicRef::Id(many), &partitions);
    fetch_costs(&client, "fetch, 100 partitions at the end", &all);
}

#[test]
#[ignore = "a measurement"]
fn cost_of_a_session() {
    let fixture = Fixture::new();
    let client = fixture.client();
    for partitions in [1, 10, 100] {
        let name = format!("t{partitions}");
        let topic_id = fixture.create(&name, partitions as usize);
        let partitions: Vec<_> = (0..partitions).map(|index| (index, 0)).collect();
        let mut request = fetch_request(TopicRef::Id(topic_id), &partitions);
        request.session_epoch = 0;
        request.session_id = runtime().block_on(client.fetch(13, &request)).response().session_id;
        request.topics.clear();
        let mut out = Outgoing::default();
        let line = RequestLine { api_key: FETCH, api_version: 13, correlation_id: 1 };
        let mut body = Vec::new();
        report(&format!("fetch in a session of {}, no news", partitions.len()), ROUNDS, || {
            request.session_epoch += 1;
            body.clear();
            request.encode(13, &mut body).unwrap();
            let start = out.begin(REQUEST);
            drop(fetch::answer(&client.context, line, &body, &mut out).unwrap());
            out.abandon(start);
        });
    }
}

#[test]
#[ignore = "a measurement"]
fn cost_of_copying_records_and_of_sending_them_from_their_file() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let log = fixture.partition("t", 0);
    let mut records = batch(1, 1_000_000);
    log.append(&mut records, 0, pybroker_log::Origin::Client, fixture.shared.clock.now_ms())
        .unwrap();
    let folder = log.with_log(|log| log.folder().to_path_buf()).unwrap();
    let file = pybroker_log::File::open(&folder.join("00000000000000000000.log")).unwrap();
    let file = Arc::new(file);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    stream.set_nodelay(true).unwrap();
    thread::spawn(move || {
        let mut received = vec![0; 256 * 1024];
        while peer.read(&mut received).is_ok_and(|count| count > 0) {}
    });
    let runtime = runtime();
    let _entered = runtime.enter();
    let stream = tokio::net::TcpStream::from_std(stream).unwrap();
    for kilobytes in [1, 4, 8, 16, 32, 64, 128, 256, 512] {
        let len = kilobytes * 1024;
        let slice = FileSlice { file: Some(Arc::clone(&file)), position: 0, len };
        let mut out = Outgoing::default();
        report(&format!("{kilobytes} KiB, copied"), 3_000, || {
            let bytes = out.bytes_mut();
            bytes.resize(100 + len + 3, 0);
            slice.read_into(&mut bytes[100..]).unwrap();
            runtime.block_on(out.flush(&stream, &fixture.shared.cold_reads)).unwrap();
        });
        report(&format!("{kilobytes} KiB, from the file"), 3_000, || {
            out.bytes_mut().resize(103, 0);
            out.push_file_at(100, slice.clone());
            runtime.block_on(out.flush(&stream, &fixture.shared.cold_reads)).unwrap();
        });
    }
}
