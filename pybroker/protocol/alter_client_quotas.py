"""AlterClientQuotas (API key 49), versions 0-1: sets and removes quotas."""

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
    """Changes the quotas of entities.

    Versions:
      * 1: flexible
    """

    entries: list["AlterClientQuotasRequest.EntryData"] = EMPTY
    validate_only: Bool = False

    class EntryData(Struct):
        """The changes of one entity."""

        entity: list["AlterClientQuotasRequest.EntityData"] = EMPTY
        ops: list["AlterClientQuotasRequest.OpData"] = EMPTY

    class EntityData(Struct):
        """A part of the entity, as in DescribeClientQuotas."""

        entity_type: String = ""
        entity_name: NullableString = ""

    class OpData(Struct):
        """One change."""

        key: String = ""
        value: Float64 = 0.0
        remove: Bool = False


class AlterClientQuotasResponse(Response, key=49, versions="0-1", flexible="1+"):
    """The outcome for each entity.

    Versions:
      * 1: flexible
    """

    throttle_time_ms: Int32 = 0
    entries: list["AlterClientQuotasResponse.EntryData"] = EMPTY

    class EntryData(Struct):
        """The outcome for one entity."""

        error_code: Int16 = 0
        error_message: NullableString = None
        entity: list["AlterClientQuotasResponse.EntityData"] = EMPTY

    class EntityData(Struct):
        """A part of the entity."""

        entity_type: String = ""
        entity_name: NullableString = ""
