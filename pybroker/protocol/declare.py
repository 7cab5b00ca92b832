"""How a message is declared: once, for all its versions, as a class.

    class HeartbeatRequest(Request, key=12, versions="0-4", flexible="4+"):
        group_id: GroupId = ""
        generation_id: Int32 = 0
        member_id: String = ""
        group_instance_id: NullableString = field(versions="3+", default=None)

An instance is plain: slots, a keyword-only constructor, `==` and a readable `repr`. It holds the
fields of all versions; the codec reads and writes those of one. A field outside the version that
is written must have its default, unless it is `ignorable`; read, it has its default.

Defaults are Kafka's, with one exception: a nullable `error_message` is None, which is what Kafka's
broker puts there when it has nothing to say. `EMPTY` stands for a new list, or a new struct.

Importing a declaration costs tens of microseconds: annotations are kept as they are, and
understood (`fields_of`) when the first codec of the message is made; a constructor is compiled at
its first use.
"""

import sys
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    NamedTuple,
    Self,
    TypeAlias,
    TypedDict,
    Unpack,
    dataclass_transform,
)

# --- Types -------------------------------------------------------------------------------------

# The metadata is (kind, nullable); the codec knows the kinds by name.
Bool: TypeAlias = Annotated[bool, ("bool", False)]
Int8: TypeAlias = Annotated[int, ("int8", False)]
Int16: TypeAlias = Annotated[int, ("int16", False)]
UInt16: TypeAlias = Annotated[int, ("uint16", False)]
Int32: TypeAlias = Annotated[int, ("int32", False)]
UInt32: TypeAlias = Annotated[int, ("uint32", False)]
Int64: TypeAlias = Annotated[int, ("int64", False)]
Float64: TypeAlias = Annotated[float, ("float64", False)]
Uuid: TypeAlias = Annotated[bytes, ("uuid", False)]  # 16 bytes
String: TypeAlias = Annotated[str, ("string", False)]
NullableString: TypeAlias = Annotated[str | None, ("string", True)]
Bytes: TypeAlias = Annotated[bytes, ("bytes", False)]
NullableBytes: TypeAlias = Annotated[bytes | None, ("bytes", True)]
Records: TypeAlias = Annotated[
    bytes | None, ("bytes", True)
]  # record batches, as they stand in a log

# The same with what they name.
BrokerId: TypeAlias = Int32
GroupId: TypeAlias = String
NullableGroupId: TypeAlias = NullableString
ProducerId: TypeAlias = Int64
TopicName: TypeAlias = String
NullableTopicName: TypeAlias = NullableString
TransactionalId: TypeAlias = String
NullableTransactionalId: TypeAlias = NullableString

ZERO_UUID: Final = bytes(16)


class _Empty:
    """The type of `EMPTY`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "EMPTY"


EMPTY: Final[Any] = _Empty()

# --- Versions ----------------------------------------------------------------------------------

LAST_VERSION: Final = 0x7FFF


class Versions(NamedTuple):
    """An inclusive range of versions."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `3`, `3-5` or `3+`."""
        if text.endswith("+"):
            return cls(int(text[:-1]), LAST_VERSION)
        first, _, last = text.partition("-")
        return cls(int(first), int(last or first))


EVERY_VERSION: Final = Versions(0, LAST_VERSION)

# --- Fields ------------------------------------------------------------------------------------


class Field:
    """What a field says beside its type and default."""

    __slots__ = ("default", "options")

    def __init__(self, default: Any, options: "_Options") -> None:
        self.default = default
        self.options = options


class _Options(TypedDict, total=False):
    versions: str
    nullable: str
    tag: int
    ignorable: bool
    compact: bool


def field(*, default: Any, **options: Unpack[_Options]) -> Any:
    """Declare a field that says more than its type and default.

    `versions`: those that have the field. `nullable`: those that allow None, for a type that has
    it. `tag`: the field is tagged, in each version that has it. `ignorable`: an older version may
    drop its value. `compact`: False for a string that keeps its two-byte length when flexible.
    """
    return Field(default, options)


class FieldType(NamedTuple):
    """A field with its annotation understood; what the codec compiles.

    `kind` is a scalar's name or "struct"; `struct` is the class of a struct. The elements of a
    list are never None.
    """

    name: str
    kind: str
    struct: "type[Struct] | None"
    is_array: bool
    versions: Versions
    nullable: Versions | None
    tag: int | None
    ignorable: bool
    compact: bool
    default: Any


# --- Structs and messages ----------------------------------------------------------------------


@dataclass_transform(kw_only_default=True, eq_default=True, field_specifiers=(field,))
class StructType(type):
    """Makes slots of annotations, and keeps what they declare."""

    DECLARED: dict[str, tuple[Any, Any]]

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> "StructType":
        """Take the annotated names out of `namespace` and declare them as fields."""
        declared = {}
        if bases and not namespace.pop("_abstract", False):
            for field_name, annotation in _annotations(namespace).items():
                declared[field_name] = annotation, namespace.pop(field_name)
        namespace["__slots__"] = tuple(declared)
        namespace["DECLARED"] = declared
        return super().__new__(mcs, name, bases, namespace, **options)


def _annotations(namespace: dict[str, Any]) -> dict[str, Any]:
    """Annotations of a class body; Python 3.14 makes them on demand."""
    annotations = namespace.get("__annotations__")
    if annotations is None:
        evaluate = namespace.get("__annotate_func__")
        annotations = evaluate(1) if evaluate is not None else {}
    return annotations


class Struct(metaclass=StructType):  # noqa: PLW1641 - mutable, so it has no hash
    """A group of fields inside a message."""

    # Annotation and default of each field, as they stand in the class.
    DECLARED: ClassVar[dict[str, tuple[Any, Any]]]

    def __init__(self, **values: Any) -> None:
        cls = type(self)
        constructor = _constructor(cls)
        cls.__init__ = constructor  # type: ignore[method-assign]  # this one was the stand-in
        constructor(self, **values)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.DECLARED)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.DECLARED)
        return f"{type(self).__qualname__}({values})"


class Message(Struct):
    """A message: a struct that is sent on its own."""

    _abstract = True
    KEY: ClassVar[int]
    VERSIONS: ClassVar[Versions]
    FLEXIBLE: ClassVar[Versions | None]

    def __init_subclass__(
        cls, *, key: int = -1, versions: str = "0+", flexible: str | None = None
    ) -> None:
        super().__init_subclass__()
        cls.KEY = key
        cls.VERSIONS = Versions.parse(versions)
        cls.FLEXIBLE = None if flexible is None else Versions.parse(flexible)


class Request(Message):
    """What a client asks."""

    _abstract = True


class Response(Message):
    """What a broker answers."""

    _abstract = True


def _constructor(cls: type[Struct]) -> Any:
    """Compile `__init__`, so that constructing costs what handwritten assignments cost."""
    names: dict[str, Any] = {"EMPTY": EMPTY}
    parameters, lines = [], []
    for this in fields_of(cls):
        names[f"_{this.name}"] = this.default
        parameters.append(f"{this.name}=_{this.name}")
        value = this.name
        if this.default is EMPTY:
            names[f"_new_{this.name}"] = list if this.is_array else this.struct
            value = f"_new_{this.name}() if {this.name} is EMPTY else {this.name}"
        lines.append(f" self.{this.name} = {value}\n")
    signature = f"self, *, {', '.join(parameters)}" if parameters else "self"
    source = f"def __init__({signature}):\n{''.join(lines) or ' pass'}"
    exec(source, names)  # noqa: S102 - built from names declared in this package
    constructor = names["__init__"]
    constructor.__qualname__ = f"{cls.__qualname__}.__init__"
    return constructor


_fields_of: dict[type, tuple[FieldType, ...]] = {}


def fields_of(cls: type[Struct]) -> tuple[FieldType, ...]:
    """Understand the annotations of a struct. Done once per class."""
    known = _fields_of.get(cls)
    if known is None:
        fields = [_field_type(cls, name, *declared) for name, declared in cls.DECLARED.items()]
        known = _fields_of[cls] = tuple(fields)
    return known


def _field_type(cls: type[Struct], name: str, annotation: Any, default: Any) -> FieldType:
    options: _Options = {}
    if isinstance(default, Field):
        default, options = default.default, default.options
    annotation, optional = _without_none(annotation)
    is_array = getattr(annotation, "__origin__", None) is list
    if is_array:
        annotation = annotation.__args__[0]
    struct: type[Struct] | None = None
    if isinstance(annotation, str):
        kind, struct = "struct", _resolve(cls, annotation)
    else:
        kind, nullable = annotation.__metadata__[0]
        optional = optional or nullable
    return FieldType(
        name=name,
        kind=kind,
        struct=struct,
        is_array=is_array,
        versions=Versions.parse(options.get("versions", "0+")),
        nullable=Versions.parse(options.get("nullable", "0+")) if optional else None,
        tag=options.get("tag"),
        ignorable=options.get("ignorable", False),
        compact=options.get("compact", True),
        default=default,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """Split `X | None`, which may be a string."""
    if isinstance(annotation, str):
        name = annotation.removesuffix(" | None")
        return name, name != annotation
    if type(annotation).__name__ in {"UnionType", "Union"}:
        return annotation.__args__[0], True
    return annotation, False


def _resolve(cls: type[Struct], name: str) -> type[Struct]:
    """Find a struct by the dotted name that it has in the module of the one that holds it."""
    found: Any = sys.modules[cls.__module__]
    for part in name.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]  # found by name
