"""`kio`, an independent implementation, reads what we write and writes the same bytes."""

import dataclasses
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kio.index import UnknownAPIKey, UnknownEntity, load_request_schema, load_response_schema
from kio.serial import entity_reader, entity_writer

from pybroker.protocol.codec import encode
from pybroker.protocol.declare import Message
from tests.wire.messages import MESSAGES, fields_in, name_of, versions_of
from tests.wire.strategies import PATIENT, messages

EXAMPLES = 20
EXCHANGED = [cls for cls in MESSAGES.values() if cls.KEY >= 0]


def _schema(cls: type[Message], version: int) -> Any:
    load = load_request_schema if cls.__name__.endswith("Request") else load_response_schema
    try:
        return load(cls.KEY, version)
    except (UnknownAPIKey, UnknownEntity):
        return None


@pytest.mark.parametrize("cls", EXCHANGED, ids=name_of)
def test_kio_has_the_same_fields(cls: type[Message]) -> None:
    for version in versions_of(cls):
        schema = _schema(cls, version)
        if schema is not None:
            # Durations are timedeltas there, so their names have no unit.
            ours = {field.name.removesuffix("_ms") for field in fields_in(cls, version)}
            theirs = {field.name.removesuffix("_ms") for field in dataclasses.fields(schema)}
            assert theirs == ours, version


@pytest.mark.parametrize("cls", EXCHANGED, ids=name_of)
@settings(PATIENT, max_examples=EXAMPLES)
@given(data=st.data())
def test_kio_reads_our_bytes_and_writes_them_again(cls: type[Message], data: st.DataObject) -> None:
    version, message = data.draw(messages(cls, tame=True))
    schema = _schema(cls, version)
    if schema is None:
        return
    body = encode(message, version)
    theirs, read_bytes = entity_reader(schema)(body, 0)
    assert read_bytes == len(body)
    written = io.BytesIO()
    entity_writer(schema)(written, theirs)
    assert written.getvalue() == body
