"""The answer to a request that failed as a whole.

As Kafka has it: the code stands at the top of the response where the version has a place for it
there; else in every item that the request names, and the items are repeated in the answer. What an
item does not take from the request has its default, or the one of `DEFAULTS`. Produce and Fetch are
the data plane's.
"""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pybroker.protocol.declare import FieldType, Request, Response, Struct, Versions, fields_of

if TYPE_CHECKING:
    from pybroker.protocol.error_codes import ErrorCode

StructT = TypeVar("StructT", bound=Struct)

# By API key: the lists of a response, and those of the request that each repeats. Lists of lists
# are repeated in one: `dirs.topics` are the topics of all dirs.
REPEATED: Final[dict[int, dict[str, tuple[str, ...]]]] = {
    2: {"topics": ("topics",), "partitions": ("partitions",)},
    3: {"topics": ("topics",)},
    8: {"topics": ("topics",), "partitions": ("partitions",)},
    9: {"topics": ("topics",), "partitions": ("partition_indexes",), "groups": ("groups",)},
    10: {"coordinators": ("coordinator_keys",)},
    15: {"groups": ("groups",)},
    19: {"topics": ("topics",)},
    20: {"responses": ("topics", "topic_names")},
    21: {"topics": ("topics",), "partitions": ("partitions",)},
    23: {"topics": ("topics",), "partitions": ("partitions",)},
    24: {
        "results_by_topic_v3_and_below": ("v3_and_below_topics",),
        "results_by_partition": ("partitions",),
    },
    27: {"markers": ("markers",), "topics": ("topics",), "partitions": ("partition_indexes",)},
    28: {"topics": ("topics",), "partitions": ("partitions",)},
    30: {"results": ("creations",)},
    31: {"filter_results": ("filters",)},
    32: {"results": ("resources",)},
    33: {"responses": ("resources",)},
    34: {"results": ("dirs.topics",), "partitions": ("partitions",)},
    37: {"results": ("topics",)},
    42: {"results": ("groups_names",)},
    43: {
        "replica_election_results": ("topic_partitions",),
        "partition_result": ("partitions",),
    },
    44: {"responses": ("resources",)},
    45: {"responses": ("topics",), "partitions": ("partitions",)},
    46: {"topics": ("topics",), "partitions": ("partition_indexes",)},
    49: {"entries": ("entries",), "entity": ("entity",)},
    50: {"results": ("users",)},
    51: {"results": ("deletions", "upsertions")},
    61: {"topics": ("topics",), "partitions": ("partition_indexes",)},
    65: {"transaction_states": ("transactional_ids",)},
    69: {"groups": ("group_ids",)},
    75: {"topics": ("topics",)},
    77: {"groups": ("group_ids",)},
    83: {"results": ("topics",), "partitions": ("partitions",)},
    84: {"results": ("topics",), "partitions": ("partitions",)},
    85: {"results": ("topics",), "partitions": ("partitions",)},
    86: {"results": ("topics",), "partitions": ("partitions",)},
    87: {"results": ("topics",), "partitions": ("partitions",)},
    89: {"groups": ("group_ids",)},
    90: {"groups": ("groups",)},
}

# API keys whose answer repeats the items although the code stands above them.
REPEATED_BELOW_CODE: Final = frozenset({3, 43, 45, 46, 49, 50})

# What names an item, and what the request may call it.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "entity_name": ("entity_name",),
    "entity_type": ("entity_type",),
    "group_id": ("group_id",),
    "index": ("index",),
    "key": ("key",),
    "name": ("name",),
    "partition": ("partition",),
    "partition_id": ("partition_id",),
    "partition_index": ("partition_index", "partition"),
    "producer_id": ("producer_id",),
    "resource_name": ("resource_name",),
    "resource_type": ("resource_type",),
    "topic": ("topic",),
    "topic_id": ("topic_id",),
    "topic_name": ("topic_name", "name"),
    "transactional_id": ("transactional_id",),
    "user": ("name",),
}

# By API key: what fields of a failed answer say instead of their defaults.
DEFAULTS: Final[dict[int, dict[str, Any]]] = {
    9: {"committed_offset": -1},
    10: {"node_id": -1, "port": -1},
    11: {"protocol_name": None},
    21: {"low_watermark": -1},
    22: {"producer_epoch": -1},
    38: {
        "principal_type": "User",
        "principal_name": "ANONYMOUS",
        "token_requester_principal_type": "User",
        "token_requester_principal_name": "ANONYMOUS",
        "issue_timestamp_ms": -1,
        "expiry_timestamp_ms": -1,
        "max_timestamp_ms": -1,
    },
    48: {"entries": None},
}


def error_response(
    request: Request, api_version: int, code: "ErrorCode", message: str | None = None
) -> Response:
    """Build the answer to `request` that says `code` where the version can say it."""
    name = type(request).__name__.removesuffix("Request") + "Response"
    response_class: type[Response] = getattr(sys.modules[type(request).__module__], name)
    failure = _Failure(request.KEY, api_version, int(code), message)
    response = failure.new(response_class)
    failure.say_here_or_below(response, request)
    return response


class _Failure:
    """A code and a message on their way into the structs of one version."""

    def __init__(self, api_key: int, version: int, code: int, message: str | None) -> None:
        self.version = version
        self.code = code
        self.message = message
        self.repeated = REPEATED.get(api_key, {})
        self.repeats_below_code = api_key in REPEATED_BELOW_CODE
        self.defaults = DEFAULTS.get(api_key, {})

    def new(self, struct: type[StructT]) -> StructT:
        """Make a struct with the defaults of a failed answer."""
        made = struct()
        for field in self.fields(struct):
            if field.name in self.defaults:
                value = self.defaults[field.name]
                if value is not None or self.contains(field.nullable):
                    setattr(made, field.name, value)
        return made

    def say_here_or_below(self, answer: Struct, asked: Any) -> None:
        """Put the code into a struct, or into the items that it repeats of the request's."""
        said = self.say(answer)
        if isinstance(asked, Struct) and (not said or self.repeats_below_code):
            self.repeat_items(asked, answer)

    def say(self, struct: Struct) -> bool:
        """Put code and message into a struct, if it has a place for the code."""
        said = False
        for field in self.fields(type(struct)):
            if field.name in {"error_code", "partition_error_code"}:
                setattr(struct, field.name, self.code)
                said = True
            elif field.name == "error_message":
                setattr(struct, field.name, self.message)
        return said

    def repeat_items(self, request: Struct, response: Struct) -> None:
        """Fill the lists of a response from those of the request."""
        for field in self.fields(type(response)):
            paths = self.repeated.get(field.name)
            if field.struct is None or paths is None:
                continue
            items = [
                self.item(field.struct, element)
                for path in paths
                for element in _elements(request, path.split("."))
            ]
            setattr(response, field.name, items)

    def item(self, struct: type[Struct], element: Any) -> Struct:
        """Make the item that answers an element, which may be a bare name or index."""
        item = self.new(struct)
        for field in self.fields(struct):
            if field.name not in NAMES:
                continue
            if not isinstance(element, Struct):
                setattr(item, field.name, element)
                break
            for name in NAMES[field.name]:
                if hasattr(element, name):
                    setattr(item, field.name, getattr(element, name))
                    break
        self.say_here_or_below(item, element)
        return item

    def fields(self, struct: type[Struct]) -> list[FieldType]:
        return [field for field in fields_of(struct) if self.contains(field.versions)]

    def contains(self, versions: Versions | None) -> bool:
        return versions is not None and versions.first <= self.version <= versions.last


def _elements(struct: Struct, path: list[str]) -> Iterator[Any]:
    """Walk the elements of the lists at the end of a path."""
    for element in getattr(struct, path[0], None) or ():
        if len(path) > 1:
            yield from _elements(element, path[1:])
        else:
            yield element
