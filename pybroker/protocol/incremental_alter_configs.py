"""IncrementalAlterConfigs (API key 44), versions 0-1."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    Int8,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
)


class IncrementalAlterConfigsRequest(Request, key=44, versions="0-1", flexible="1+"):
    """IncrementalAlterConfigsRequest.

    Versions:
      * 1: flexible
    """

    resources: list["IncrementalAlterConfigsRequest.AlterConfigsResource"] = EMPTY
    validate_only: Bool = False

    class AlterConfigsResource(Struct):
        """AlterConfigsResource."""

        resource_type: Int8 = 0
        resource_name: String = ""
        configs: list["IncrementalAlterConfigsRequest.AlterableConfig"] = EMPTY

    class AlterableConfig(Struct):
        """AlterableConfig."""

        name: String = ""
        config_operation: Int8 = 0
        value: NullableString = ""


class IncrementalAlterConfigsResponse(Response, key=44, versions="0-1", flexible="1+"):
    """IncrementalAlterConfigsResponse.

    Versions:
      * 1: flexible
    """

    throttle_time_ms: Int32 = 0
    responses: list["IncrementalAlterConfigsResponse.AlterConfigsResourceResponse"] = EMPTY

    class AlterConfigsResourceResponse(Struct):
        """AlterConfigsResourceResponse."""

        error_code: Int16 = 0
        error_message: NullableString = None
        resource_type: Int8 = 0
        resource_name: String = ""
