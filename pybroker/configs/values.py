"""Values of configs: their types, from text and to text, and the checks of a row.

Promises:
  * Text is read as Kafka reads it: trimmed, `TRUE` is true, lists split at commas, integers fit
    their width.
  * Every refusal is a `ConfigError` in the words of Kafka's ConfigException.
"""

from enum import IntEnum
from math import isfinite
from typing import Final, Protocol, TypeAlias

Value: TypeAlias = bool | int | float | str | tuple[str, ...] | None


class ConfigType(IntEnum):
    """Types of configs, with the numbers that DescribeConfigs gives them."""

    UNKNOWN = 0
    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7
    CLASS = 8
    PASSWORD = 9


class ConfigSource(IntEnum):
    """Where a value came from, with the numbers that DescribeConfigs gives them."""

    TOPIC_CONFIG = 1
    DYNAMIC_BROKER_CONFIG = 2
    DYNAMIC_DEFAULT_BROKER_CONFIG = 3
    STATIC_BROKER_CONFIG = 4
    DEFAULT_CONFIG = 5
    BROKER_LOGGER_CONFIG = 6
    CLIENT_METRICS_CONFIG = 7
    GROUP_CONFIG = 8


class ConfigError(Exception):
    """A key that cannot be set, or a value that a key cannot have. The text is for the user."""


# Between these Java writes a double without an exponent.
LEAST_PLAIN: Final = 1e-3
LEAST_SCIENTIFIC: Final = 1e7

MAX_INT: Final = 2**31 - 1
MAX_LONG: Final = 2**63 - 1
INTEGER_BITS: Final = {ConfigType.INT: 31, ConfigType.SHORT: 15, ConfigType.LONG: 63}


def parse_value(name: str, config_type: ConfigType, text: str) -> Value:
    """Read the text of a config, or raise ConfigError."""
    trimmed = text.strip()
    if config_type in INTEGER_BITS:
        return _parse_integer(name, config_type, trimmed, text)
    if config_type is ConfigType.BOOLEAN:
        lowered = trimmed.lower()
        if lowered not in ("true", "false"):
            raise invalid(name, text, "Expected value to be either true or false")
        return lowered == "true"
    if config_type is ConfigType.DOUBLE:
        return _parse_double(name, trimmed, text)
    if config_type is ConfigType.LIST:
        return _parse_list(trimmed)
    return trimmed


def format_value(value: Value) -> str | None:
    """Write a value as DescribeConfigs shows it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, float):
        return _format_double(value)
    return str(value)


def _format_double(value: float) -> str:
    """Write a number as Java does: from ten million on, and below a thousandth, with an E."""
    text = repr(value)
    if value == 0 or LEAST_PLAIN <= abs(value) < LEAST_SCIENTIFIC:
        return text
    if not isfinite(value):
        return {"inf": "Infinity", "-inf": "-Infinity"}.get(text, "NaN")
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    sign = "-" if whole.startswith("-") else ""
    digits = (whole.lstrip("-") + fraction).lstrip("0")
    power = int(exponent or 0) + len(digits) - 1 - len(fraction)
    digits = digits.rstrip("0")
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"


def invalid(name: str, value: object, why: str) -> ConfigError:
    """Say that a key cannot have a value, in the words of Kafka's ConfigException."""
    return ConfigError(f"Invalid value {value} for configuration {name}: {why}")


def _parse_integer(name: str, config_type: ConfigType, trimmed: str, text: str) -> int:
    digits = trimmed[1:] if trimmed[:1] in ("+", "-") else trimmed
    # int() also takes underscores and inner spaces, and is slow on long input.
    if digits.isascii() and digits.isdigit() and len(digits) < 40:
        number = int(trimmed)
        bound = 1 << INTEGER_BITS[config_type]
        if -bound <= number < bound:
            return number
    raise invalid(name, text, f"Not a number of type {config_type.name}")


def _parse_double(name: str, trimmed: str, text: str) -> float:
    try:
        # float() also takes underscores.
        return float(trimmed.replace("_", "?"))
    except ValueError:
        raise invalid(name, text, "Not a number of type DOUBLE") from None


def _parse_list(trimmed: str) -> tuple[str, ...]:
    if not trimmed:
        return ()
    items = tuple(item.strip() for item in trimmed.split(","))
    return tuple(dict.fromkeys(items))


class Check(Protocol):
    """What a row demands of a value beyond its type."""

    @property
    def words(self) -> str:
        """What is allowed, for the reference page."""

    def ensure(self, name: str, value: Value) -> None:
        """Raise ConfigError when the value is not allowed."""


class Range:
    """A number from `at_least` on, up to and with `at_most`."""

    def __init__(self, at_least: int, at_most: int | None = None) -> None:
        self.at_least = at_least
        self.at_most = at_most

    @property
    def words(self) -> str:
        """What is allowed, for the reference page."""
        return (
            f"{self.at_least} or more"
            if self.at_most is None
            else f"{self.at_least} to {self.at_most}"
        )

    def ensure(self, name: str, value: Value) -> None:
        """Raise ConfigError when the value is not allowed."""
        assert isinstance(value, int | float)
        if value < self.at_least:
            raise invalid(name, value, f"Value must be at least {self.at_least}")
        if self.at_most is not None and value > self.at_most:
            raise invalid(name, value, f"Value must be no more than {self.at_most}")


class OneOf:
    """One of some words, in the case that they are listed in."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    @property
    def words(self) -> str:
        """What is allowed, for the reference page."""
        return ", ".join(self.choices)

    def ensure(self, name: str, value: Value) -> None:
        """Raise ConfigError when the value is not allowed."""
        if value not in self.choices:
            raise invalid(name, value, f"String must be one of: {self.words}")


class OneOfAnyCase(OneOf):
    """One of some words, in small or capital letters."""

    def ensure(self, name: str, value: Value) -> None:
        """Raise ConfigError when the value is not allowed."""
        if str(value).lower() not in self.choices:
            words = self.words.upper()
            raise invalid(name, value, f"String must be one of (case insensitive): {words}")


class ListOf:
    """A list, possibly empty, of some words."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    @property
    def words(self) -> str:
        """What is allowed, for the reference page."""
        return "a list of " + ", ".join(self.choices)

    def ensure(self, name: str, value: Value) -> None:
        """Raise ConfigError when the value is not allowed."""
        assert isinstance(value, tuple)
        for item in value:
            if not item:
                raise ConfigError(f"Configuration '{name}' values must not be empty.")
            if item not in self.choices:
                raise invalid(name, item, f"String must be one of: {', '.join(self.choices)}")


class HttpAddress:
    """Where to serve HTTP: host:port, with or without http:// before it."""

    words: Final = "host:port"

    def ensure(self, name: str, value: Value) -> None:
        """Raise ConfigError when the value is not allowed."""
        parse_http_address(name, str(value))


def parse_http_address(name: str, text: str) -> tuple[str, int]:
    """Give host and port; an empty host stands for all addresses."""
    host, colon, port = text.removeprefix("http://").rstrip("/").rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and int(port) < 65_536):
        raise invalid(name, text, "Value must be host:port")
    return host.strip("[]"), int(port)


class GzipLevel:
    """1 to 9, or -1 for the library's choice."""

    words: Final = "1 to 9, or -1"

    def ensure(self, name: str, value: Value) -> None:
        """Raise ConfigError when the value is not allowed."""
        assert isinstance(value, int)
        if value != -1 and not 1 <= value <= 9:
            raise invalid(name, value, "Value must be between 1 and 9 or equal to -1")


class ThrottledReplicas:
    """`*`, or partition:broker pairs."""

    words: Final = "*, or a list of partition:broker"

    def ensure(self, name: str, value: Value) -> None:
        """Raise ConfigError when the value is not allowed."""
        assert isinstance(value, tuple)
        # A comma at the end is harmless to Kafka, whose split leaves out what is empty there.
        pairs = value[:-1] if value and not value[-1] else value
        if pairs in ((), ("*",)) or all(_is_pair(pair) for pair in pairs):
            return
        why = (
            f"{name} must be the literal '*' or a list of replicas in the following format: "
            "[partitionId]:[brokerId],[partitionId]:[brokerId],..."
        )
        raise invalid(name, f"[{', '.join(value)}]", why)


def _is_pair(text: str) -> bool:
    partition, colon, broker = text.partition(":")
    return (
        bool(colon)
        and partition.isascii()
        and partition.isdigit()
        and broker.isascii()
        and broker.isdigit()
    )


class OffsetReset:
    """`earliest`, `latest`, or `by_duration:` and a duration of ISO 8601 that is not negative."""

    words: Final = "earliest, latest, by_duration:PnDTnHnMn.nS"

    def ensure(self, name: str, value: Value) -> None:
        """Raise ConfigError when the value is not allowed."""
        import re  # noqa: PLC0415 - Not needed before the first request.

        text = str(value)
        if text.lower() in ("earliest", "latest"):
            return
        duration = r"P(?=[^T]|T.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d{1,9})?S)?)?"
        kind, _, rest = text.partition(":")
        if kind.lower() == "by_duration" and re.fullmatch(duration, rest.upper()):
            return
        why = (
            "The value must be either 'earliest', 'latest' or of the format"
            " 'by_duration:<PnDTnHnMn.nS>'."
        )
        raise invalid(name, value, why)
