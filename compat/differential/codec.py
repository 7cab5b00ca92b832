"""Requests and answers as plain dicts, through `kio`: a codec that is not ours."""

import datetime as dt
import functools
import io
import socket
import struct
import uuid
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, Final

from kio.index import load_request_schema, load_response_schema
from kio.schema.errors import ErrorCode
from kio.schema.index import api_key_map
from kio.serial import entity_reader, entity_writer
from kio.serial._introspect import (
    EntityField,
    EntityTupleField,
    PrimitiveField,
    PrimitiveTupleField,
    classify_field,
    is_optional,
)
from kio.static.constants import uuid_zero
from kio.static.primitive import TZAware, i32Timedelta, i64Timedelta

API_KEYS: Final = {name: key for key, name in api_key_map.items()}
CLIENT_ID: Final = "compat"

# Kafka's schema has no default for it, and every client sends this.
NOT_A_REPLICA: Final = -1
EPOCH: Final = dt.datetime.fromtimestamp(0, tz=dt.UTC)
MILLISECOND: Final = dt.timedelta(milliseconds=1)


def encode_request(api: str, version: int, values: Mapping[str, Any], correlation_id: int) -> bytes:
    """Write header and body, with the length in front."""
    schema = load_request_schema(API_KEYS[api], version)
    header: Any = schema.__header_schema__
    stream = io.BytesIO()
    stream.write(bytes(4))
    named = {
        "request_api_key": API_KEYS[api],
        "request_api_version": version,
        "correlation_id": correlation_id,
        "client_id": CLIENT_ID,
    }
    known = {each.name for each in fields(header)}
    _writer(header)(stream, build(header, {k: v for k, v in named.items() if k in known}))
    _writer(schema)(stream, build(schema, values))
    frame = bytearray(stream.getbuffer())
    struct.pack_into(">i", frame, 0, len(frame) - 4)
    return bytes(frame)


def receive_frame(connection: socket.socket) -> bytes:
    """Read an answer without its length. Raises EOFError when the connection ends first."""
    (size,) = struct.unpack(">i", _exactly(connection, 4))
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def decode_response(api: str, version: int, frame: bytes) -> tuple[int, dict[str, Any]]:
    """Read (correlation id, body). Raises what `kio` raises when the bytes are not an answer."""
    schema: Any = load_response_schema(API_KEYS[api], version)
    header, size = _reader(schema.__header_schema__)(frame, 0)
    body, body_size = _reader(schema)(frame, size)
    if size + body_size != len(frame):
        raise ValueError(f"{len(frame) - size - body_size} bytes are left over")
    return header.correlation_id, plain(body)


@functools.cache
def _reader(schema: Any) -> Callable[[bytes, int], tuple[Any, int]]:
    return entity_reader(schema)


@functools.cache
def _writer(schema: Any) -> Callable[[io.BytesIO, Any], None]:
    return entity_writer(schema)


def build(schema: Any, values: Mapping[str, Any]) -> Any:
    """Build an entity from a dict; what the dict leaves out takes its default or zero."""
    known = {each.name for each in fields(schema)}
    if unknown := values.keys() - known:
        raise KeyError(f"{schema.__name__} {schema.__version__} has no {sorted(unknown)}")
    return schema(**{each.name: _value(each, values) for each in fields(schema)})


def _value(each: Any, values: Mapping[str, Any]) -> Any:
    kind = classify_field(each)
    if each.name not in values:
        if each.default is not MISSING:
            return each.default
        if is_optional(each):
            return None
        if isinstance(kind, EntityTupleField | PrimitiveTupleField):
            return ()
        return NOT_A_REPLICA if each.name == "replica_id" else _zero(kind)
    value = values[each.name]
    if value is None:
        return None
    match kind:
        case EntityTupleField(type_):
            return tuple(build(type_, item) for item in value)
        case EntityField(type_):
            return build(type_, value)
        case PrimitiveTupleField(type_):
            return tuple(_primitive(type_, item) for item in value)
        case PrimitiveField(type_):
            return _primitive(type_, value)


def _zero(kind: Any) -> Any:
    if isinstance(kind, EntityField):
        return build(kind.type_, {})
    base = kind.type_
    if issubclass(base, bool):
        return False
    for python_type, zero in ((int, 0), (float, 0.0), (str, ""), (bytes, b"")):
        if issubclass(base, python_type):
            return zero
    return uuid_zero if base is uuid.UUID else _primitive(base, 0)


def _primitive(base: Any, value: Any) -> Any:
    if base is i32Timedelta or base is i64Timedelta:
        return base.parse(dt.timedelta(milliseconds=value))
    if base is TZAware:
        return TZAware.parse(EPOCH + dt.timedelta(milliseconds=value))
    if base is uuid.UUID and isinstance(value, str):
        return uuid.UUID(value)
    return value


def plain(value: Any) -> Any:
    """Turn an entity into dicts, lists, numbers, strings and bytes; error codes become names."""
    match value:
        case ErrorCode():
            return value.name.upper()
        case dt.timedelta():
            return value // MILLISECOND
        case dt.datetime():
            return (value - EPOCH) // MILLISECOND
        case uuid.UUID():
            return str(value)
        case tuple():
            return [plain(item) for item in value]
        case bool() | int() | float() | str() | bytes() | None:
            return value
    return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
