//! The command line, and the frames on stdin.

use std::io::BufRead;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// What a run does.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Where the broker listens.
    pub(crate) address: SocketAddr,
    /// How many connections, each with one request outstanding.
    pub(crate) connections: usize,
    /// How long requests are sent before they count.
    pub(crate) warmup: Duration,
    /// How long requests count.
    pub(crate) duration: Duration,
    /// Requests per second over all connections; `None` sends as fast as answers come.
    pub(crate) rate: Option<u32>,
    /// Request frames, length prefix included; connection `i` sends frame `i` modulo their number.
    pub(crate) frames: Vec<Vec<u8>>,
}

/// Where the correlation id stands in a request frame: behind length, API key and version.
pub(crate) const CORRELATION_ID_AT: usize = 8;

impl Options {
    /// Read the arguments, and one frame in hex from each line of `input`.
    pub(crate) fn parse(
        mut arguments: impl Iterator<Item = String>,
        input: impl BufRead,
    ) -> Result<Self, String> {
        let mut address = None;
        let mut options = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            connections: 1,
            warmup: Duration::from_secs(1),
            duration: Duration::from_secs(5),
            rate: None,
            frames: Vec::new(),
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--address" => {
                    address = value.to_socket_addrs().ok().and_then(|mut all| all.next());
                }
                "--connections" => options.connections = number(&name, &value)?,
                "--warmup-ms" => options.warmup = Duration::from_millis(number(&name, &value)?),
                "--duration-ms" => options.duration = Duration::from_millis(number(&name, &value)?),
                "--rate" => options.rate = Some(number(&name, &value)?),
                _ => return Err(format!("{name} is not an option")),
            }
        }
        options.address = address.ok_or("--address HOST:PORT is needed")?;
        options.frames = read_frames(input)?;
        if options.connections == 0 || options.rate == Some(0) {
            return Err("connections and rate must be above zero".to_owned());
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} {value} is not a number that fits"))
}

fn read_frames(input: impl BufRead) -> Result<Vec<Vec<u8>>, String> {
    let mut frames = Vec::new();
    for line in input.lines() {
        let line = line.map_err(|error| error.to_string())?;
        let frame = from_hex(line.trim()).ok_or("a line of stdin is not hex")?;
        if frame.len() < CORRELATION_ID_AT + 4 {
            return Err("a frame is too short for a request header".to_owned());
        }
        frames.push(frame);
    }
    if frames.is_empty() {
        return Err("stdin holds no frames".to_owned());
    }
    Ok(frames)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Write bytes as hex.
pub(crate) fn to_hex(data: &[u8]) -> String {
    use std::fmt::Write as _;
    data.iter().fold(String::with_capacity(data.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str], input: &str) -> Result<Options, String> {
        Options::parse(arguments.iter().map(ToString::to_string), input.as_bytes())
    }

    #[test]
    fn arguments_and_frames_are_read() {
        let options = parse(
            &["--address", "127.0.0.1:9092", "--connections", "8", "--rate", "100"],
            "000000080012000000000001\n",
        )
        .expect("these are right");
        assert_eq!((options.connections, options.rate), (8, Some(100)));
        assert_eq!(options.frames, [[0, 0, 0, 8, 0, 18, 0, 0, 0, 0, 0, 1]]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let frame = "000000080012000000000001";
        assert!(parse(&[], frame).unwrap_err().contains("--address"));
        assert!(parse(&["--address", "127.0.0.1:1"], "").unwrap_err().contains("no frames"));
        assert!(parse(&["--address", "127.0.0.1:1"], "0g").unwrap_err().contains("hex"));
        assert!(parse(&["--what", "1"], frame).unwrap_err().contains("--what"));
        assert!(parse(&["--rate", "x"], frame).unwrap_err().contains("--rate x"));
    }

    #[test]
    fn hex_goes_both_ways() {
        assert_eq!(from_hex(&to_hex(&[0, 15, 255])), Some(vec![0, 15, 255]));
    }
}
