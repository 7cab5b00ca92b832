"""Log lines: Kafka's format, one line each, and few of what a client can cause."""

import io
import logging
import re
import sys

import pytest

from pybroker.observability.logs import (
    LINES_AT_ONCE,
    LINES_INTERVAL_MS,
    KafkaFormatter,
    LimitedLog,
    TerminalFormatter,
    configure_logging,
    log_ready,
)


def record(message: str, *arguments: object, level: int = logging.INFO) -> logging.LogRecord:
    made = logging.LogRecord("pybroker.x", level, __file__, 1, message, arguments, None)
    made.created = 1_769_862_896.789_4
    return made


LEVELS = [
    (logging.DEBUG, "DEBUG"),
    (logging.INFO, "INFO"),
    (logging.WARNING, "WARN"),
    (logging.ERROR, "ERROR"),
    (logging.CRITICAL, "FATAL"),
]


@pytest.mark.parametrize(("level", "word"), LEVELS)
def test_a_line_has_kafkas_format(level: int, word: str) -> None:
    line = KafkaFormatter().format(record("a %s", "b", level=level))
    stamp = r"\[2026-01-\d\d \d\d:\d\d:56,789\]"
    assert re.fullmatch(rf"{stamp} {word} a b \(pybroker\.x\)", line)


def test_a_terminal_gets_a_short_line() -> None:
    assert re.fullmatch(r"\d\d:\d\d:56 a", TerminalFormatter().format(record("a")))
    warning = TerminalFormatter().format(record("a", level=logging.WARNING))
    assert re.fullmatch(r"\d\d:\d\d:56 WARN a", warning)


def test_what_a_client_sent_cannot_begin_a_line_of_its_own() -> None:
    line = KafkaFormatter().format(
        record("client %s", "x\n[2026] INFO Kafka Server started\x1b[2J é")
    )
    assert "\n" not in line
    assert "\x1b" not in line
    assert r"client x\n[2026] INFO Kafka Server started\x1b[2J é" in line


def test_a_traceback_follows_its_line() -> None:
    try:
        raise ValueError("why")  # noqa: TRY301 - The traceback is wanted.
    except ValueError:
        failed = record("failed", level=logging.ERROR)
        failed.exc_info = sys.exc_info()
    first, *rest = KafkaFormatter().format(failed).split("\n")
    assert first.endswith("ERROR failed (pybroker.x)")
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "ValueError: why"


@pytest.fixture
def root_logger():
    handlers, level = logging.root.handlers[:], logging.root.level
    yield logging.root
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_the_ready_lines_are_those_that_container_tools_wait_for(monkeypatch, root_logger) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    configure_logging()
    log_ready(1)
    written = sys.stderr.getvalue()
    assert (
        "[KafkaRaftServer nodeId=1] Kafka Server started (kafka.server.KafkaRaftServer)" in written
    )
    assert "Transitioning from RECOVERY to RUNNING" in written
    assert re.search(r".*\[KafkaServer id=\d+\] started.*", written)


def test_logging_goes_to_standard_error_once(monkeypatch, root_logger, capsys) -> None:
    configure_logging()
    configure_logging()
    logging.getLogger("pybroker.x").info("hello")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("hello") == 1


class StillClock:
    def __init__(self) -> None:
        self.ms = 0

    def now_ms(self) -> int:
        return self.ms

    def monotonic_ms(self) -> int:
        return self.ms


def test_lines_that_a_client_causes_are_few_and_the_rest_is_counted(caplog) -> None:
    clock = StillClock()
    limited = LimitedLog(logging.getLogger("pybroker.x"), clock)
    for number in range(LINES_AT_ONCE + 7):
        limited.warning("bad frame", "bad frame %d", number)
    assert [one.getMessage() for one in caplog.records] == [
        f"bad frame {n}" for n in range(LINES_AT_ONCE)
    ]
    limited.warning("other kind", "other")
    assert caplog.records[-1].getMessage() == "other"
    caplog.clear()
    clock.ms += LINES_INTERVAL_MS
    limited.warning("bad frame", "bad frame again")
    assert [one.getMessage() for one in caplog.records] == [
        "7 lines like the next one were left out",
        "bad frame again",
    ]
