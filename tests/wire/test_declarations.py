"""Every API key of Kafka's broker listener is declared, with its versions and its headers."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pybroker._native import Codec
from pybroker.protocol.codec import codec
from pybroker.protocol.declare import EMPTY, Int32, Message, Struct, Versions, field, fields_of
from tests.wire.messages import MESSAGES, contains, name_of, versions_of

API_VERSIONS = Path(__file__).parent / "vectors" / "api-versions.jsonl"
LINES = API_VERSIONS.read_text(encoding="utf-8").splitlines()
APIS = [api for api in map(json.loads, LINES) if "BROKER" in api["listeners"]]
FLEXIBLE_REQUEST_HEADER, FLEXIBLE_RESPONSE_HEADER = 2, 1


@pytest.mark.parametrize("api", APIS, ids=lambda api: api["name"])
def test_an_api_key_is_declared_in_the_module_of_its_name(api: dict[str, Any]) -> None:
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", api["name"]).lower()
    module = importlib.import_module(f"pybroker.protocol.{name}")
    for suffix in ("Request", "Response"):
        cls = getattr(module, api["name"] + suffix)
        assert (api["key"], (api["min"], api["max"])) == (cls.KEY, cls.VERSIONS)


@pytest.mark.parametrize("api", APIS, ids=lambda api: api["name"])
def test_flexible_versions_are_those_with_flexible_headers(api: dict[str, Any]) -> None:
    request, response = MESSAGES[api["name"] + "Request"], MESSAGES[api["name"] + "Response"]
    for version, request_header, response_header in api["headers"]:
        assert contains(request.FLEXIBLE, version) == (request_header == FLEXIBLE_REQUEST_HEADER)
        if api["name"] != "ApiVersions":  # Its response must be readable by any client.
            flexible = response_header == FLEXIBLE_RESPONSE_HEADER
            assert contains(response.FLEXIBLE, version) == flexible


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=name_of)
def test_every_version_compiles_and_every_struct_says_what_it_is(cls: type[Message]) -> None:
    for version in versions_of(cls):
        assert isinstance(codec(cls, version), Codec)
    structs = [cls, *(value for value in vars(cls).values() if isinstance(value, type))]
    assert all(struct.__doc__ for struct in structs)


@pytest.mark.parametrize("text", ["3", "3-5", "3+"])
def test_versions_are_ranges(text: str) -> None:
    last = {"3": 3, "3-5": 5, "3+": 0x7FFF}[text]
    assert Versions.parse(text) == (3, last)


class Selfish(Message, key=999, versions="0"):
    """Contains itself."""

    again: list["Selfish.Inner"] = EMPTY

    class Inner(Struct):
        """Contains itself, too."""

        again: list["Selfish.Inner"] = EMPTY


class Hollow(Message, key=998, versions="0"):
    """Has elements that take no bytes."""

    elements: list["Hollow.Nothing"] = EMPTY

    class Nothing(Struct):
        """Nothing, in version 0."""

        later: Int32 = field(versions="1+", default=0)


def test_a_declaration_that_could_not_be_read_safely_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Selfish\.Inner contains itself"):
        codec(Selfish, 0)
    with pytest.raises(ValueError, match="an element of elements takes no bytes"):
        codec(Hollow, 0)


def test_a_class_that_is_no_declaration_is_refused() -> None:
    class Pretender:
        VERSIONS, FLEXIBLE, DECLARED = (0, 0), None, {}

    with pytest.raises(TypeError, match="Pretender is not a declared struct"):
        Codec(Pretender, 0)


def test_fields_are_understood_as_declared() -> None:
    kinds = {each.name: (each.kind, each.is_array) for each in fields_of(Selfish)}
    assert kinds == {"again": ("struct", True)}
