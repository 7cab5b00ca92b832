"""IncrementalAlterConfigs (API key 44), versions 0-1: changes single configs of resources."""

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
    """Sets, resets, or edits configs; what is not named stays.

    Versions:
      * 1: flexible
    """

    resources: list["IncrementalAlterConfigsRequest.AlterConfigsResource"] = EMPTY
    validate_only: Bool = False

    class AlterConfigsResource(Struct):
        """One resource. Types as in DescribeConfigs."""

        resource_type: Int8 = 0
        resource_name: String = ""
        configs: list["IncrementalAlterConfigsRequest.AlterableConfig"] = EMPTY

    class AlterableConfig(Struct):
        """One change."""

        name: String = ""
        # 0 set, 1 delete, 2 append to a list, 3 subtract from a list.
        config_operation: Int8 = 0
        value: NullableString = ""


class IncrementalAlterConfigsResponse(Response, key=44, versions="0-1", flexible="1+"):
    """The outcome for each resource.

    Versions:
      * 1: flexible
    """

    throttle_time_ms: Int32 = 0
    responses: list["IncrementalAlterConfigsResponse.AlterConfigsResourceResponse"] = EMPTY

    class AlterConfigsResourceResponse(Struct):
        """The outcome for one resource."""

        error_code: Int16 = 0
        error_message: NullableString = None
        resource_type: Int8 = 0
        resource_name: String = ""
