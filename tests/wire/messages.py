"""What the wire tests share: every message class, and values as Kafka's JSON converter has them."""

import base64
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pybroker.protocol
from pybroker.protocol.declare import EMPTY, FieldType, Message, Struct, Versions, fields_of


def _declared() -> Iterator[type[Message]]:
    for module_info in pkgutil.iter_modules(pybroker.protocol.__path__):
        if module_info.name == "declare":
            continue
        module = importlib.import_module(f"pybroker.protocol.{module_info.name}")
        for value in vars(module).values():
            is_class = isinstance(value, type) and value.__module__ == module.__name__
            if is_class and issubclass(value, Message):
                yield value


MESSAGES: dict[str, type[Message]] = {cls.__name__: cls for cls in _declared()}


def name_of(cls: type) -> str:
    """Name a class in a test's id."""
    return cls.__name__


def versions_of(cls: type[Message]) -> range:
    return range(cls.VERSIONS.first, cls.VERSIONS.last + 1)


def contains(versions: Versions | None, version: int) -> bool:
    return versions is not None and versions.first <= version <= versions.last


def fields_in(cls: type[Struct], version: int) -> Iterator[FieldType]:
    """Give the fields that a version has."""
    return (field for field in fields_of(cls) if contains(field.versions, version))


def default_of(field: FieldType) -> Any:
    if field.default is not EMPTY:
        return field.default
    return [] if field.is_array or field.struct is None else field.struct()


def camel_case(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def to_json(message: Struct, version: int) -> dict[str, Any]:
    """Write the fields of a version as Kafka does: tagged ones if they are not the default."""
    value = {}
    for field in fields_in(type(message), version):
        attribute = getattr(message, field.name)
        if field.tag is None or attribute != default_of(field):
            value[camel_case(field.name)] = _value_to_json(field, attribute, version)
    return value


def _value_to_json(field: FieldType, value: Any, version: int) -> Any:
    if value is None:
        return None
    if field.is_array:
        return [_element_to_json(field.kind, element, version) for element in value]
    return _element_to_json(field.kind, value, version)


def _element_to_json(kind: str, value: Any, version: int) -> Any:
    if kind == "struct":
        return to_json(value, version)
    if kind == "uuid":
        return base64.urlsafe_b64encode(value).decode().rstrip("=")
    if kind == "bytes":
        return base64.b64encode(value).decode()
    return value
