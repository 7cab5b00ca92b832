"""server.properties: Java's properties syntax, read without Java.

Promises:
  * Comments (`#`, `!`), continued lines, `=`, `:` or a space between key and value, and Java's
    escapes mean what they mean to java.util.Properties. A key that occurs twice has its last
    value.
  * Anything that cannot be read is a `ConfigError` with the line's number; nothing else is ever
    raised.
"""

from collections.abc import Iterator
from typing import Final

from pybroker.configs.values import ConfigError

BLANKS: Final = " \t\f"
ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


def parse_properties(text: str, origin: str = "server.properties") -> dict[str, str]:
    """Read properties. `origin` is the name that errors give the text."""
    properties: dict[str, str] = {}
    for number, line in _logical_lines(text):
        key, value = _split(line)
        try:
            properties[_unescape(key)] = _unescape(value)
        except ValueError as error:
            raise ConfigError(f"{origin}, line {number}: {error}") from None
    return properties


def read_properties(path: str) -> dict[str, str]:
    """Read a properties file."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib would be imported for this alone.
            content = file.read()
    except OSError as error:
        raise ConfigError(f"The config file {path} cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # Java's encoding of properties files before version 9.
    return parse_properties(text, path)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Give (number of the first line, whole line), without comments and blank lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = 0
    joined = ""
    for number, raw in enumerate(lines, start=1):
        line = raw.lstrip(BLANKS)
        if not joined:
            # As in Java, a line that was continued from nothing is a new one.
            if not line or line[0] in "#!":
                continue
            first = number
        if _is_continued(line):
            joined += line[:-1]
            continue
        if joined or line:
            yield first, joined + line
        joined = ""
    if joined:
        yield first, joined


def _is_continued(line: str) -> bool:
    """Whether the line ends with a backslash that is not itself escaped."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _split(line: str) -> tuple[str, str]:
    """Split at the first `=`, `:` or blank that is not escaped."""
    end = 0
    while end < len(line) and line[end] not in "=:" and line[end] not in BLANKS:
        end += 2 if line[end] == "\\" else 1
    rest = line[end:].lstrip(BLANKS)
    if rest[:1] in ("=", ":"):
        rest = rest[1:].lstrip(BLANKS)
    return line[:end], rest


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    parts: list[str] = []
    position = 0
    while (backslash := text.find("\\", position)) >= 0:
        parts.append(text[position:backslash])
        escaped = text[backslash + 1 : backslash + 2]
        position = backslash + 2
        if escaped == "u":
            digits = text[position : position + 4]
            if len(digits) < 4 or not HEX_DIGITS.issuperset(digits):
                raise ValueError(
                    f"\\u must be followed by four hexadecimal digits, not by {digits!r}"
                )
            parts.append(chr(int(digits, 16)))
            position += 4
        else:
            parts.append(ESCAPES.get(escaped, escaped))
    parts.append(text[position:])
    return _joined_surrogates("".join(parts))


def _joined_surrogates(text: str) -> str:
    """Join surrogate halves into characters, as UTF-16 does in Java; a half alone is replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
