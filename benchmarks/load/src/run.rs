//! The loop: whichever connection has its answer sends the next request.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::exchange::Exchange;
use crate::options::Options;
use crate::report::Report;

const EVENTS_PER_POLL: usize = 1024;

/// Without an answer for so long, a run has failed.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Run the load and give the report as JSON.
pub(crate) fn run(options: &Options) -> io::Result<String> {
    let mut load = Load::connect(options)?;
    let start = Instant::now();
    let counted_from = start + options.warmup;
    let end = counted_from + options.duration;
    let mut schedule = Schedule::new(start, options.rate);
    let mut events = Events::with_capacity(EVENTS_PER_POLL);
    let mut last_progress = start;
    load.send_due(&mut schedule, start)?;
    loop {
        let timeout = load.poll_timeout(&schedule, end);
        load.poll.poll(&mut events, Some(timeout))?;
        let now = Instant::now();
        for event in &events {
            let Token(index) = event.token();
            if load.take_answer(index, counted_from, end)? {
                last_progress = now;
                load.idle.push_back((index, now));
            }
        }
        if now >= end {
            break;
        }
        if now - last_progress > STALL_TIMEOUT {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer comes"));
        }
        load.send_due(&mut schedule, now)?;
    }
    Ok(load.report.into_json(options.duration, load.sent))
}

struct Load {
    poll: Poll,
    exchanges: Vec<Exchange>,
    /// Connections without a request, and since when.
    idle: VecDeque<(usize, Instant)>,
    report: Report,
    sent: u64,
}

impl Load {
    fn connect(options: &Options) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut exchanges = Vec::with_capacity(options.connections);
        for index in 0..options.connections {
            let frame = options.frames[index % options.frames.len()].clone();
            let mut exchange = Exchange::connect(options.address, frame)?;
            poll.registry().register(
                exchange.stream(),
                Token(index),
                Interest::READABLE | Interest::WRITABLE,
            )?;
            exchanges.push(exchange);
        }
        let now = Instant::now();
        Ok(Self {
            poll,
            idle: (0..exchanges.len()).map(|index| (index, now)).collect(),
            exchanges,
            report: Report::default(),
            sent: 0,
        })
    }

    /// Send a request on every idle connection for which one is due.
    fn send_due(&mut self, schedule: &mut Schedule, now: Instant) -> io::Result<()> {
        while let Some(&(index, idle_since)) = self.idle.front() {
            let Some(due) = schedule.take(now) else {
                return Ok(());
            };
            self.idle.pop_front();
            self.exchanges[index].begin(counts_from(due, idle_since))?;
            self.sent += 1;
        }
        Ok(())
    }

    /// Go on with one connection; says whether its answer is whole.
    fn take_answer(&mut self, index: usize, from: Instant, end: Instant) -> io::Result<bool> {
        let exchange = &mut self.exchanges[index];
        if !exchange.is_outstanding() {
            return Ok(false);
        }
        exchange.flush()?;
        let due = exchange.due();
        let Some(answer) = exchange.receive()? else {
            return Ok(false);
        };
        let now = Instant::now();
        if now >= from && now < end {
            self.report.count(now - due, answer);
        }
        Ok(true)
    }

    fn poll_timeout(&self, schedule: &Schedule, end: Instant) -> Duration {
        let now = Instant::now();
        let until_end = end.saturating_duration_since(now);
        match schedule.next_due {
            Some(due) if !self.idle.is_empty() => until_end.min(due.saturating_duration_since(now)),
            _ => until_end,
        }
    }
}

/// A request that had to wait for a connection counts from when it was due; one that this program
/// was late to send, because timers are coarse, counts from when it is sent.
fn counts_from(due: Instant, idle_since: Instant) -> Instant {
    if idle_since > due { due } else { Instant::now() }
}

/// When requests are due: at once, or at a fixed rate, whatever the answers do.
struct Schedule {
    interval: Duration,
    next_due: Option<Instant>,
}

impl Schedule {
    fn new(start: Instant, rate: Option<u32>) -> Self {
        Self {
            interval: rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate),
            next_due: rate.map(|_| start),
        }
    }

    /// The moment at which a request that may be sent now was due.
    fn take(&mut self, now: Instant) -> Option<Instant> {
        match self.next_due {
            None => Some(now),
            Some(due) if due <= now => {
                self.next_due = Some(due + self.interval);
                Some(due)
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_makes_up_for_what_is_late() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, Some(1000));
        let late = start + Duration::from_millis(2);
        assert_eq!(schedule.take(late), Some(start));
        assert_eq!(schedule.take(late), Some(start + Duration::from_millis(1)));
        assert_eq!(schedule.take(late), Some(late));
        assert_eq!(schedule.take(late), None);
    }

    #[test]
    fn without_a_rate_a_request_is_always_due() {
        let mut schedule = Schedule::new(Instant::now(), None);
        assert!(schedule.take(Instant::now()).is_some());
    }

    #[test]
    fn waiting_for_a_connection_counts() {
        let due = Instant::now();
        let later = due + Duration::from_millis(1);
        assert_eq!(counts_from(due, later), due);
        assert!(counts_from(due, due) >= due);
    }
}
