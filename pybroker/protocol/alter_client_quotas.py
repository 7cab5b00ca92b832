"""AlterClientQuotas (API key 49), versions 0-1."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    Float64,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
)


class AlterClientQuotasRequest(Request, key=49, versions="0-1", flexible="1+"):
    """AlterClientQuotasRequest.

    Versions:
      * 1: flexible
    """

    entries: list["AlterClientQuotasRequest.EntryData"] = EMPTY
    validate_only: Bool = False

    class EntryData(Struct):
        """EntryData."""

        entity: list["AlterClientQuotasRequest.EntityData"] = EMPTY
        ops: list["AlterClientQuotasRequest.OpData"] = EMPTY

    class EntityData(Struct):
        """EntityData."""

        entity_type: String = ""
        entity_name: NullableString = ""

    class OpData(Struct):
        """OpData."""

        key: String = ""
        value: Float64 = 0.0
        remove: Bool = False


class AlterClientQuotasResponse(Response, key=49, versions="0-1", flexible="1+"):
    """AlterClientQuotasResponse.

    Versions:
      * 1: flexible
    """

    throttle_time_ms: Int32 = 0
    entries: list["AlterClientQuotasResponse.EntryData"] = EMPTY

    class EntryData(Struct):
        """EntryData."""

        error_code: Int16 = 0
        error_message: NullableString = None
        entity: list["AlterClientQuotasResponse.EntityData"] = EMPTY

    class EntityData(Struct):
        """EntityData."""

        entity_type: String = ""
        entity_name: NullableString = ""
