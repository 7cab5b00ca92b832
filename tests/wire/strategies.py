"""Hypothesis strategies for messages, derived from their declarations."""

from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from pybroker.protocol.declare import FieldType, Message, Struct
from pybroker.protocol.error_codes import ErrorCode
from tests.wire.messages import contains, fields_in, versions_of

# Messages are large, and take their time to be drawn.
PATIENT = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
MAX_ELEMENTS = 2
INTEGER_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}

# Text has characters of one to four bytes, and none that UTF-8 lacks.
TEXT = st.text(st.sampled_from("aZ9-.\u00e4\u20ac\U0001f40d\x00"), max_size=8)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "uint16": st.integers(0, 0xFFFF),
    "uint32": st.integers(0, 0xFFFF_FFFF),
    "float64": st.floats(allow_nan=False),
    "uuid": st.binary(min_size=16, max_size=16),
    "string": TEXT,
    "bytes": st.binary(max_size=8),
    **{
        kind: st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)
        for kind, bits in INTEGER_BITS.items()
    },
}

# Values that other implementations understand: `kio` reads codes as enum members and moments as
# datetimes, and has None for a moment of -1.
MOMENTS = st.integers(0, 1 << 42)
DURATIONS = st.integers(0, 1 << 30)
ERROR_CODES = st.sampled_from([int(code) for code in ErrorCode])


def messages(cls: type[Message], *, tame: bool = False) -> st.SearchStrategy[tuple[int, Message]]:
    """Draw a version and a message of it; `tame` ones have the values that `kio` can hold."""
    return st.sampled_from(versions_of(cls)).flatmap(
        lambda version: st.tuples(st.just(version), _struct(cls, version, tame))
    )


@cache
def _struct(cls: type[Struct], version: int, tame: bool) -> st.SearchStrategy[Any]:
    fields = {field.name: _field(field, version, tame) for field in fields_in(cls, version)}
    return st.builds(cls, **fields)


def _field(field: FieldType, version: int, tame: bool) -> st.SearchStrategy[Any]:
    if field.struct is not None:
        value = _struct(field.struct, version, tame)
    else:
        value = _scalar(field, tame)
    if field.is_array:
        value = st.lists(value, max_size=MAX_ELEMENTS)
    return st.none() | value if contains(field.nullable, version) else value


def _scalar(field: FieldType, tame: bool) -> st.SearchStrategy[Any]:
    if tame and field.name.endswith("error_code"):
        return ERROR_CODES
    if tame and field.kind == "int64" and ("time" in field.name or field.name.endswith("_ms")):
        return MOMENTS
    if tame and field.name.endswith("_ms"):
        return DURATIONS
    return SCALARS[field.kind]
