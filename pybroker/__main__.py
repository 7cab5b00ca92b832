"""`pybroker` and `python -m pybroker`."""

import sys


def main() -> int:
    """Run the command line. Gives the exit code."""
    from pybroker.cli.arguments import UsageError, help_text, parse_arguments  # noqa: PLC0415

    try:
        arguments = parse_arguments(sys.argv[1:])
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
