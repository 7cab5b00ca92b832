"""The command line is read, or refused with what was perhaps meant."""

import pytest

from pybroker.cli.arguments import OPTIONS, Arguments, UsageError, help_text, parse_arguments

READ = [
    ("", Arguments()),
    ("serve", Arguments()),
    ("serve --port 9192", Arguments(port=9192)),
    ("--port=0", Arguments(port=0)),
    ("--ephemeral serve", Arguments(ephemeral=True)),
    ("serve --config server.properties", Arguments(config="server.properties")),
    ("--data-dir /tmp/x --brokers 3", Arguments(data_dir="/tmp/x", brokers=3)),
    ("--set a=1 --set=b=2", Arguments(overrides=("a=1", "b=2"))),
    ("--set listeners=PLAINTEXT://:1", Arguments(overrides=("listeners=PLAINTEXT://:1",))),
    ("--version", Arguments(version=True)),
    ("--help", Arguments(help=True)),
    ("-h", Arguments(help=True)),
    ("--ephemeral --ephemeral", Arguments(ephemeral=True)),
]

REFUSED = [
    ("--prot 1", "Unknown option --prot; did you mean --port?"),
    ("--zzz", "Unknown option --zzz; see pybroker --help"),
    ("-p 1", "Unknown option -p"),
    ("srve", "Unknown command srve; did you mean serve?"),
    ("serve now", "Unexpected argument now"),
    ("--port", "--port expects N"),
    ("--port=", "--port expects N"),
    ("--port x", "--port expects a number, not x"),
    ("--port -1", "--port expects a number, not -1"),
    ("--port 1 --port 2", "--port was given twice"),
    ("--ephemeral=yes", "--ephemeral takes no value"),
    ("--ephemeral --data-dir x", "--data-dir and --ephemeral cannot be given together"),
]


@pytest.mark.parametrize(("line", "arguments"), READ)
def test_a_command_line_is_read(line: str, arguments: Arguments) -> None:
    assert parse_arguments(line.split()) == arguments


@pytest.mark.parametrize(("line", "message"), REFUSED)
def test_a_command_line_is_refused_with_a_reason(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"^{message}"):
        parse_arguments(line.split())


def test_help_says_every_option_in_a_line() -> None:
    lines = help_text().splitlines()
    assert all(len(line) <= 90 for line in lines)
    for option in OPTIONS:
        assert any(line.startswith(f"  {option.name} ") and option.help in line for line in lines)
