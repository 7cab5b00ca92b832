"""Listeners: `NAME://host:port` as `listeners` and `advertised.listeners` give them.

Promises:
  * What Kafka refuses is refused with a sentence that says what to write instead; what pybroker
    cannot serve yet (TLS, SASL) is refused too, never ignored.
  * Listeners of Kafka's controllers are left out.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pybroker.configs.values import invalid

LISTENERS: Final = "listeners"
ADVERTISED_LISTENERS: Final = "advertised.listeners"
PROTOCOL_MAP: Final = "listener.security.protocol.map"
SECURITY_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SERVED_PROTOCOL: Final = "PLAINTEXT"
MAX_PORT: Final = 65_535
HOST_CHARACTERS: Final = frozenset(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-%._:"
)


class Listener(NamedTuple):
    """Where a node listens, or what it tells its clients. An empty host: every address there is."""

    name: str
    host: str
    port: int

    def __str__(self) -> str:
        """Write it as the configs do."""
        return f"{self.name}://{format_host(self.host)}:{self.port}"


class ListenError(Exception):
    """A listener could not be opened."""

    def __init__(self, listener: Listener, error: OSError) -> None:
        super().__init__(f"{listener}: {error.strerror or error}")
        self.listener = listener
        self.error = error


def format_host(host: str) -> str:
    """Put an IPv6 address into brackets."""
    return f"[{host}]" if ":" in host else host


def parse_listeners(
    key: str, items: Sequence[str], protocols: dict[str, str], controller_names: Sequence[str]
) -> tuple[Listener, ...]:
    """Read the listeners of a config that clients can use."""
    controllers = {name.upper() for name in controller_names}
    listeners = [_parse_listener(key, item) for item in items]
    if not listeners:
        raise invalid(key, "", "expected NAME://host:port, such as PLAINTEXT://:9092")
    listeners = [listener for listener in listeners if listener.name not in controllers]
    if not listeners:
        raise invalid(
            key,
            ",".join(items),
            "no listener is left for clients beside those of controller.listener.names",
        )
    for listener in listeners:
        _ensure_served(key, listener, protocols)
    _ensure_distinct(key, listeners)
    return tuple(listeners)


def parse_protocol_map(text: str) -> dict[str, str]:
    """Read `listener.security.protocol.map`: NAME:PROTOCOL with commas between."""
    protocols: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, colon, protocol = pair.rpartition(":")
        name, protocol = name.strip().upper(), protocol.strip().upper()
        if not colon or not name or protocol not in SECURITY_PROTOCOLS:
            raise invalid(
                PROTOCOL_MAP,
                text,
                f"expected NAME:PROTOCOL with one of {', '.join(SECURITY_PROTOCOLS)}",
            )
        if name in protocols:
            raise invalid(PROTOCOL_MAP, text, f"{name} occurs twice")
        protocols[name] = protocol
    return protocols


def ensure_advertised(advertised: Sequence[Listener], listeners: Sequence[Listener]) -> None:
    """Check advertised listeners against the listeners that they stand for."""
    names = [listener.name for listener in listeners]
    for listener in advertised:
        if listener.name not in names:
            raise invalid(
                ADVERTISED_LISTENERS,
                listener,
                f"{listener.name} is not one of listeners ({', '.join(names)})",
            )
        if listener.host in ("", "0.0.0.0", "::"):  # noqa: S104 - It is refused here.
            raise invalid(
                ADVERTISED_LISTENERS,
                listener,
                "clients need a host name or address that they can connect to",
            )


def _parse_listener(key: str, item: str) -> Listener:
    name, separator, address = item.strip().partition("://")
    host, colon, port_text = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not separator or not name or not colon or not HOST_CHARACTERS.issuperset(host):
        raise invalid(key, item, "expected NAME://host:port, such as PLAINTEXT://:9092")
    if not (
        port_text.isascii()
        and port_text.isdigit()
        and len(port_text) <= 5
        and int(port_text) <= MAX_PORT
    ):
        raise invalid(key, item, f"the port must be 0 to {MAX_PORT}")
    return Listener(name.upper(), host, int(port_text))


def _ensure_served(key: str, listener: Listener, protocols: dict[str, str]) -> None:
    protocol = protocols.get(listener.name)
    if protocol is None:
        raise invalid(
            key,
            listener,
            f"{PROTOCOL_MAP} does not say which protocol it is; add {listener.name}:PLAINTEXT",
        )
    if protocol != SERVED_PROTOCOL:
        raise invalid(
            key, listener, f"its protocol {protocol} is not supported; only {SERVED_PROTOCOL} is"
        )


def _ensure_distinct(key: str, listeners: Sequence[Listener]) -> None:
    names = {listener.name for listener in listeners}
    if len(names) < len(listeners):
        raise invalid(
            key, ",".join(map(str, listeners)), "Each listener must have a different name"
        )
    if key != LISTENERS:
        return
    hosts: dict[int, str] = {}
    for listener in listeners:
        other = hosts.get(listener.port)
        if listener.port and other is not None and not _are_both_families(other, listener.host):
            raise invalid(
                key, ",".join(map(str, listeners)), "Each listener must have a different port"
            )
        hosts[listener.port] = listener.host


def _are_both_families(host: str, other: str) -> bool:
    """Whether one is an IPv4 and the other an IPv6 address: then they can share a port."""
    return (_is_ipv4(host) and ":" in other) or (":" in host and _is_ipv4(other))


def _is_ipv4(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and all(part.isascii() and part.isdigit() for part in parts)
