//! What a run found, as one line of JSON.

use std::time::Duration;

use crate::options::to_hex;

/// Up to this size the last answer is shown too; copying larger ones would cost time.
const LAST_ANSWER_BYTES: usize = 4096;

/// Every latency, and what the answers looked like.
#[derive(Debug, Default)]
pub(crate) struct Report {
    latencies_ns: Vec<u64>,
    first_answer: Option<Vec<u8>>,
    last_answer: Vec<u8>,
    other_size: u64,
    other_bytes: u64,
}

impl Report {
    /// Count one answer that came `latency` after its request was due.
    pub(crate) fn count(&mut self, latency: Duration, answer: &[u8]) {
        self.latencies_ns.push(latency.as_nanos() as u64);
        match &self.first_answer {
            None => self.first_answer = Some(answer.to_vec()),
            Some(first) => {
                self.other_size += u64::from(first.len() != answer.len());
                self.other_bytes += u64::from(first != answer);
            }
        }
        self.last_answer.clear();
        if answer.len() <= LAST_ANSWER_BYTES {
            self.last_answer.extend_from_slice(answer);
        }
    }

    /// Write the figures; `sent` counts warm-up requests too.
    pub(crate) fn into_json(mut self, elapsed: Duration, sent: u64) -> String {
        self.latencies_ns.sort_unstable();
        let first = self.first_answer.as_deref().unwrap_or_default();
        format!(
            concat!(
                r#"{{"requests": {}, "sent": {}, "seconds": {:.6}, "mean_us": {:.3}, "#,
                r#""p50_us": {:.3}, "p90_us": {:.3}, "p99_us": {:.3}, "p999_us": {:.3}, "#,
                r#""max_us": {:.3}, "other_size": {}, "other_bytes": {}, "#,
                r#""first_answer": "{}", "last_answer": "{}"}}"#
            ),
            self.latencies_ns.len(),
            sent,
            elapsed.as_secs_f64(),
            self.mean_us(),
            self.percentile_us(0.5),
            self.percentile_us(0.9),
            self.percentile_us(0.99),
            self.percentile_us(0.999),
            self.percentile_us(1.0),
            self.other_size,
            self.other_bytes,
            to_hex(first),
            to_hex(&self.last_answer),
        )
    }

    fn mean_us(&self) -> f64 {
        let count = self.latencies_ns.len().max(1) as f64;
        self.latencies_ns.iter().sum::<u64>() as f64 / count / 1000.0
    }

    /// The smallest latency that is not exceeded by the given part of all; needs them sorted.
    fn percentile_us(&self, part: f64) -> f64 {
        let count = self.latencies_ns.len();
        if count == 0 {
            return 0.0;
        }
        let rank = (part * count as f64).ceil() as usize;
        self.latencies_ns[rank.clamp(1, count) - 1] as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_latencies_counted() {
        let mut report = Report::default();
        for micros in (1..=1000).rev() {
            report.count(Duration::from_micros(micros), b"same");
        }
        let json = report.into_json(Duration::from_secs(1), 1100);
        for figure in [
            r#""requests": 1000"#,
            r#""sent": 1100"#,
            r#""p50_us": 500.000"#,
            r#""p99_us": 990.000"#,
            r#""p999_us": 999.000"#,
            r#""max_us": 1000.000"#,
            r#""other_bytes": 0"#,
        ] {
            assert!(json.contains(figure), "{figure} is not in {json}");
        }
    }

    #[test]
    fn answers_unlike_the_first_are_counted() {
        let mut report = Report::default();
        for answer in [b"ab".as_slice(), b"ab", b"ac", b"abc"] {
            report.count(Duration::ZERO, answer);
        }
        assert_eq!((report.other_size, report.other_bytes), (1, 2));
    }
}
