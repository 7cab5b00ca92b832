"""Log lines: Kafka's format for machines, a short one for people, a limit for what clients cause.

Promises:
  * Everything goes to standard error. A message is one line whatever a client put into it; a
    traceback follows on lines of its own.
  * Not on a terminal, a line is `[2026-01-31 12:34:56,789] LEVEL message (logger)`, as Kafka's.
  * Importing pybroker configures nothing: only the command line calls `configure_logging`.
"""

import logging
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pybroker.clock import Clock

LEVELS: Final = {logging.WARNING: "WARN", logging.CRITICAL: "FATAL"}  # Where Kafka's differ.
LINES_AT_ONCE: Final = 5  # So many lines of one kind are written before the limit holds.
LINES_INTERVAL_MS: Final = 10_000  # Then so many again after so long.


def configure_logging(level: int = logging.INFO) -> None:
    """Send the log lines of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TerminalFormatter() if sys.stderr.isatty() else KafkaFormatter())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)


class KafkaFormatter(logging.Formatter):
    """`[2026-01-31 12:34:56,789] LEVEL message (logger)`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        seconds, milliseconds = divmod(int(record.created * 1000), 1000)
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
        level = LEVELS.get(record.levelno, record.levelname)
        line = (
            f"[{stamp},{milliseconds:03}] {level} {_one_line(record.getMessage())} ({record.name})"
        )
        return line + _traceback(self, record)


class TerminalFormatter(logging.Formatter):
    """`12:34:56 message`, with the level where it is not INFO."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        stamp = time.strftime("%H:%M:%S", time.localtime(record.created))
        level = LEVELS.get(record.levelno, record.levelname)
        level = "" if record.levelno == logging.INFO else f"{level} "
        return f"{stamp} {level}{_one_line(record.getMessage())}{_traceback(self, record)}"


READY_LINES: Final = {
    "kafka.server.BrokerLifecycleManager": "[BrokerLifecycleManager id=%d] The broker has been"
    " unfenced. Transitioning from RECOVERY to RUNNING.",
    "kafka.server.KafkaServer": "[KafkaServer id=%d] started",
    "kafka.server.KafkaRaftServer": "[KafkaRaftServer nodeId=%d] Kafka Server started",
}


def log_ready(node_id: int) -> None:
    """Write the lines by which container tools learn that a Kafka serves."""
    if sys.stderr.isatty():
        return  # A person reads on standard output where it listens.
    for name, message in READY_LINES.items():
        logging.getLogger(name).info(message, node_id)


class LimitedLog:
    """A logger for lines that clients can cause: a few of a kind, then a count of those left out.

    `kind` is a word of the program's, never a client's, so that kinds are few.
    """

    def __init__(self, logger: logging.Logger, clock: "Clock") -> None:
        self._logger = logger
        self._clock = clock
        self._kinds: dict[str, _Kind] = {}

    def warning(self, kind: str, message: str, *arguments: object) -> None:
        """Write a line, unless too many of its kind were written lately."""
        now_ms = self._clock.monotonic_ms()
        state = self._kinds.get(kind)
        if state is None:
            state = self._kinds[kind] = _Kind(now_ms)
        if now_ms - state.since_ms >= LINES_INTERVAL_MS:
            left_out = state.left_out
            self._kinds[kind] = state = _Kind(now_ms)
            if left_out:
                self._logger.warning("%d lines like the next one were left out", left_out)
        if state.written >= LINES_AT_ONCE:
            state.left_out += 1
            return
        state.written += 1
        self._logger.warning(message, *arguments)


class _Kind:
    __slots__ = ("left_out", "since_ms", "written")

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self.written = 0
        self.left_out = 0


def _one_line(message: str) -> str:
    """Escape what could end the line or change the terminal."""
    if message.isprintable():
        return message
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in message
    )


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if record.exc_info is None or record.exc_info[0] is None:
        return ""
    return "\n" + formatter.formatException(record.exc_info)
