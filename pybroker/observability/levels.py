"""The levels of pybroker's loggers, by Kafka's names, read and changed while it runs.

Promises:
  * `root` is the logger above all of pybroker's; a program's own loggers are left alone.
  * A level lasts as long as the process.
"""

import logging
from typing import Final

ROOT: Final = "root"
PREFIX: Final = "pybroker"

LEVELS: Final = {
    "TRACE": 5,  # Python has no such level; nothing is written at it.
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
}


def levels() -> dict[str, str]:
    """Give the level in effect of every logger, by name."""
    names = [
        name
        for name, logger in logging.root.manager.loggerDict.items()
        if name.startswith(f"{PREFIX}.") and isinstance(logger, logging.Logger)
    ]
    return {name: _level_name(_logger(name).getEffectiveLevel()) for name in (ROOT, *sorted(names))}


def set_level(name: str, level: str | None) -> None:
    """Give a logger a level; with None it has that of the one above it."""
    _logger(name).setLevel(logging.NOTSET if level is None else LEVELS[level])


def _logger(name: str) -> logging.Logger:
    return logging.getLogger(PREFIX if name == ROOT else name)


def _level_name(number: int) -> str:
    below = [name for name, least in LEVELS.items() if least <= number]
    return below[-1] if below else "TRACE"
