"""`pybroker` and `python -m pybroker`."""

import sys
from typing import Final

# Commands with a command line of their own, by the module whose `main` takes the words behind them.
TOOLS: Final = {
    "group": "pybroker.cli.group",
    "import-log": "pybroker.cli.import_log",
    "log": "pybroker.cli.log",
}


def main() -> int:
    """Run the command line. Gives the exit code."""
    words = sys.argv[1:]
    if words and words[0] in TOOLS:
        from importlib import import_module  # noqa: PLC0415 - A broker's start needs neither.

        code: int = import_module(TOOLS[words[0]]).main(words[1:])
        return code
    from pybroker.cli.arguments import UsageError, help_text, parse_arguments  # noqa: PLC0415

    try:
        arguments = parse_arguments(words)
    except UsageError as error:
        print(f"pybroker: {error}", file=sys.stderr)
        return 2
    if arguments.help:
        print(help_text())
        return 0
    if arguments.version:
        from importlib.metadata import version  # noqa: PLC0415 - Slow, and needed here only.

        print(f"pybroker {version('pybroker')}")
        return 0
    from pybroker.cli.serve import serve  # noqa: PLC0415 - --help needs no asyncio.

    return serve(arguments)


if __name__ == "__main__":
    sys.exit(main())
