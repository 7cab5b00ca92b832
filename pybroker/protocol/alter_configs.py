"""AlterConfigs (API key 33), versions 0-2: replaces all configs of resources."""

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


class AlterConfigsRequest(Request, key=33, versions="0-2", flexible="2+"):
    """Sets the configs of resources; what is not named returns to its default.

    Versions:
      * 2: flexible
    """

    resources: list["AlterConfigsRequest.AlterConfigsResource"] = EMPTY
    validate_only: Bool = False

    class AlterConfigsResource(Struct):
        """One resource. Types as in DescribeConfigs."""

        resource_type: Int8 = 0
        resource_name: String = ""
        configs: list["AlterConfigsRequest.AlterableConfig"] = EMPTY

    class AlterableConfig(Struct):
        """A config to set."""

        name: String = ""
        value: NullableString = ""


class AlterConfigsResponse(Response, key=33, versions="0-2", flexible="2+"):
    """The outcome for each resource.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    responses: list["AlterConfigsResponse.AlterConfigsResourceResponse"] = EMPTY

    class AlterConfigsResourceResponse(Struct):
        """The outcome for one resource."""

        error_code: Int16 = 0
        error_message: NullableString = None
        resource_type: Int8 = 0
        resource_name: String = ""
