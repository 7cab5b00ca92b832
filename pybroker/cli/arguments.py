"""The command line's arguments: one table, read by the parser and by --help.

Promises:
  * `pybroker` alone is `pybroker serve`; options may stand before or after the command.
  * What cannot be read is a `UsageError` that names the argument and, if there is a near one, what
    was perhaps meant.
  * Costs a start less than a millisecond; `docs/decisions/0003-command-line.md` says why it is not
    argparse.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple


class UsageError(Exception):
    """The command line cannot be read. The text is for the user."""


class Option(NamedTuple):
    """One option. Without a metavar it is a switch."""

    name: str
    metavar: str
    help: str


CONFIG: Final = Option("--config", "FILE", "read configs from a server.properties")
DATA_DIR: Final = Option(
    "--data-dir", "DIR", "keep data there (./pybroker-data); several with commas"
)
EPHEMERAL: Final = Option("--ephemeral", "", "keep data in a temporary directory, removed at exit")
PORT: Final = Option("--port", "N", "listen on this port (9092); 0 takes any free one")
BROKERS: Final = Option("--brokers", "N", "present N nodes, on ports that follow each other")
SET: Final = Option("--set", "KEY=VALUE", "set a config; may be given more than once")
VERSION: Final = Option("--version", "", "say the version and exit")
HELP: Final = Option("--help", "", "say this and exit")

OPTIONS: Final = (CONFIG, DATA_DIR, EPHEMERAL, PORT, BROKERS, SET, VERSION, HELP)
COMMANDS: Final = ("serve",)
TOOLS: Final = (
    ("group", "list, describe, reset and delete groups: pybroker group --help"),
    ("import-log", "take a partition over from another Kafka: pybroker import-log --help"),
    ("log", "check and repair partitions that no broker uses: pybroker log --help"),
)
SHORT_NAMES: Final = {"-h": HELP.name}


class Arguments(NamedTuple):
    """What the command line says."""

    config: str | None = None
    data_dir: str | None = None
    ephemeral: bool = False
    port: int | None = None
    brokers: int | None = None
    overrides: tuple[str, ...] = ()
    version: bool = False
    help: bool = False


def parse_arguments(words: Sequence[str]) -> Arguments:
    """Read the words after the program's name. Raises UsageError."""
    given: dict[str, list[str]] = {}
    commands: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            commands.append(word)
            continue
        option, value = _option(word, rest)
        given.setdefault(option.name, []).append(value)
    _require_command(commands)
    for option in OPTIONS:
        if len(given.get(option.name, ())) > 1 and option.metavar and option is not SET:
            raise UsageError(f"{option.name} was given twice")
    if DATA_DIR.name in given and EPHEMERAL.name in given:
        raise UsageError(f"{DATA_DIR.name} and {EPHEMERAL.name} cannot be given together")
    return Arguments(
        config=_last(given, CONFIG),
        data_dir=_last(given, DATA_DIR),
        ephemeral=EPHEMERAL.name in given,
        port=_number(given, PORT),
        brokers=_number(given, BROKERS),
        overrides=tuple(given.get(SET.name, ())),
        version=VERSION.name in given,
        help=HELP.name in given,
    )


def help_text() -> str:
    """Give what --help says."""
    width = max(len(option.name) + len(option.metavar) for option in OPTIONS) + 3
    lines = [
        "Usage: pybroker [serve] [options]",
        "",
        "A Kafka-wire-compatible broker.",
        "",
        "Options:",
        *(f"  {f'{one.name} {one.metavar}':{width}}{one.help}" for one in OPTIONS),
        "",
        "Other commands:",
        *(f"  {name:{width}}{what}" for name, what in TOOLS),
        "",
        "Configs come from the file, then KAFKA_* of the environment (KAFKA_NUM_PARTITIONS=3),",
        "then --set, then the other options; the later wins.",
    ]
    return "\n".join(lines)


def _option(word: str, rest: list[str]) -> tuple[Option, str]:
    """Read one option and its value, which is behind `=` or the next word."""
    name, equals, value = word.partition("=")
    name = SHORT_NAMES.get(name, name)
    option = next((one for one in OPTIONS if one.name == name), None)
    if option is None:
        raise UsageError(f"Unknown option {name}{_hint(name, [one.name for one in OPTIONS])}")
    if not option.metavar:
        if equals:
            raise UsageError(f"{name} takes no value")
        return option, ""
    if equals:
        return option, value
    if not rest:
        raise UsageError(f"{name} expects {option.metavar}")
    return option, rest.pop(0)


def _require_command(commands: Sequence[str]) -> None:
    if len(commands) > 1:
        raise UsageError(f"Unexpected argument {commands[1]}")
    if commands and commands[0] not in COMMANDS:
        known = [*COMMANDS, *(name for name, _ in TOOLS)]
        raise UsageError(f"Unknown command {commands[0]}{_hint(commands[0], known)}")


def _last(given: dict[str, list[str]], option: Option) -> str | None:
    values = given.get(option.name)
    if values is None:
        return None
    if not values[-1]:
        raise UsageError(f"{option.name} expects {option.metavar}")
    return values[-1]


def _number(given: dict[str, list[str]], option: Option) -> int | None:
    text = _last(given, option)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"{option.name} expects a number, not {text}")
    return int(text)


def _hint(word: str, choices: Sequence[str]) -> str:
    import difflib  # noqa: PLC0415 - Only a misspelt word pays for it.

    close = difflib.get_close_matches(word, choices, n=1)
    return f"; did you mean {close[0]}?" if close else "; see pybroker --help"
