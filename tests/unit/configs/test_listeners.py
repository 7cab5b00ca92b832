"""Listeners: what is understood, what is refused, and how --port moves them."""

import pytest

from pybroker.configs import Config, ConfigError, Listener, load_config

MAP = "CLIENTS:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SSL,SSL:SSL,CONTROLLER:PLAINTEXT"

UNDERSTOOD = [
    ("PLAINTEXT://:9092", [Listener("PLAINTEXT", "", 9092)]),
    ("plaintext://localhost:0", [Listener("PLAINTEXT", "localhost", 0)]),
    ("PLAINTEXT://[::1]:9092", [Listener("PLAINTEXT", "::1", 9092)]),
    (
        "PLAINTEXT://127.0.0.1:9092, CLIENTS://[::1]:9092",
        [Listener("PLAINTEXT", "127.0.0.1", 9092), Listener("CLIENTS", "::1", 9092)],
    ),
    ("CONTROLLER://:9093,CLIENTS://0.0.0.0:9092", [Listener("CLIENTS", "0.0.0.0", 9092)]),
    ("PLAINTEXT://:0,CLIENTS://:0", [Listener("PLAINTEXT", "", 0), Listener("CLIENTS", "", 0)]),
]

REFUSED = [
    ("SSL://:9093", "SSL://:9093 for configuration listeners: its protocol SSL is not supported"),
    ("SECURE://:9093", "its protocol SSL is not supported; only PLAINTEXT is"),
    ("OTHER://:9093", "add OTHER:PLAINTEXT"),
    ("9092", "expected NAME://host:port"),
    ("localhost:9092", "expected NAME://host:port"),
    ("PLAINTEXT://localhost", "expected NAME://host:port"),
    ("PLAINTEXT://my host:9092", "expected NAME://host:port"),
    ("://localhost:9092", "expected NAME://host:port"),
    ("PLAINTEXT://:", "the port must be 0 to 65535"),
    ("PLAINTEXT://:65536", "the port must be 0 to 65535"),
    ("PLAINTEXT://:-1", "the port must be 0 to 65535"),
    ("", "expected NAME://host:port"),
    ("CONTROLLER://:9093", "no listener is left for clients"),
    ("PLAINTEXT://:9092,PLAINTEXT://:9094", "Each listener must have a different name"),
    ("PLAINTEXT://:9092,CLIENTS://:9092", "Each listener must have a different port"),
    ("PLAINTEXT://1.2.3.4:9092,CLIENTS://1.2.3.5:9092", "Each listener must have a different port"),
]


def config(listeners: str, **more: str) -> Config:
    settings = {name.replace("_", "."): value for name, value in more.items()}
    return Config(
        {
            "listeners": listeners,
            "listener.security.protocol.map": MAP,
            "controller.listener.names": "CONTROLLER",
            **settings,
        }
    )


@pytest.mark.parametrize(("text", "listeners"), UNDERSTOOD)
def test_listeners_are_understood(text: str, listeners: list[Listener]) -> None:
    assert list(config(text).listeners) == listeners


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_listeners_are_refused_with_a_reason(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(text)


@pytest.mark.parametrize(
    ("advertised", "message"),
    [
        ("PLAINTEXT://0.0.0.0:9092", "that they can connect to"),
        ("PLAINTEXT://:9092", "that they can connect to"),
        ("CLIENTS://a:9092", r"CLIENTS is not one of listeners \(PLAINTEXT\)"),
    ],
)
def test_advertised_listeners_are_refused_with_a_reason(advertised: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config("PLAINTEXT://:9092", advertised_listeners=advertised)


@pytest.mark.parametrize("text", ["PLAINTEXT", "A:TLS", ":PLAINTEXT", "A:PLAINTEXT,a:SSL"])
def test_a_protocol_map_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ConfigError, match=r"listener\.security\.protocol\.map"):
        Config({"listener.security.protocol.map": text})


def test_nodes_listen_one_port_above_the_other() -> None:
    three = config(
        "PLAINTEXT://:9092,CLIENTS://h:0",
        pybroker_brokers="3",
        advertised_listeners="PLAINTEXT://k:19092,CLIENTS://k:29092",
    )
    assert [str(one) for one in three.listeners_of(3)] == ["PLAINTEXT://:9094", "CLIENTS://h:0"]
    advertised = three.advertised_listeners_of(3)
    assert advertised is not None
    assert [str(one) for one in advertised] == ["PLAINTEXT://k:19094", "CLIENTS://k:29094"]


def test_without_advertised_listeners_nothing_is_advertised() -> None:
    assert config("PLAINTEXT://:9092").advertised_listeners_of(1) is None


@pytest.mark.parametrize(
    ("listeners", "message"),
    [
        ("PLAINTEXT://:9092,CLIENTS://:9094", "listeners must be 3 ports apart"),
        ("PLAINTEXT://:65534", "the ports of 3 nodes must end at 65535 or before"),
    ],
)
def test_the_ports_of_several_nodes_must_have_room(listeners: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(listeners, pybroker_brokers="3")


MOVED = [
    ([], 9999, "PLAINTEXT://:9999", None),
    (["listeners=PLAINTEXT://127.0.0.1:9092"], 9999, "PLAINTEXT://127.0.0.1:9999", None),
    (
        ["listeners=PLAINTEXT://:9092", "advertised.listeners=PLAINTEXT://localhost:9092"],
        9999,
        "PLAINTEXT://:9999",
        "PLAINTEXT://localhost:9999",
    ),
    (
        ["listeners=PLAINTEXT://:9092", "advertised.listeners=PLAINTEXT://public:19092"],
        9999,
        "PLAINTEXT://:9999",
        "PLAINTEXT://public:19092",
    ),
    (["listeners=PLAINTEXT://:9092"], 0, "PLAINTEXT://:0", None),
]


@pytest.mark.parametrize(("overrides", "port", "listener", "advertised"), MOVED)
def test_port_moves_the_first_listener(
    overrides: list[str], port: int, listener: str, advertised: str | None
) -> None:
    moved = load_config(overrides=overrides, port=port).config
    assert str(moved.listeners[0]) == listener
    found = moved.advertised_listeners
    assert (None if found is None else str(found[0])) == advertised


def test_a_port_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="--port must be 0 to 65535, not 65536"):
        load_config(port=65_536)
