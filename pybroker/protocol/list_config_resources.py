"""ListConfigResources (API key 74), versions 0-1: the resources that have configs."""

from pybroker.protocol.declare import (
    EMPTY,
    Int8,
    Int16,
    Int32,
    Request,
    Response,
    String,
    Struct,
    field,
)


class ListConfigResourcesRequest(Request, key=74, versions="0-1", flexible="0+"):
    """Asks for resources of some types.

    Versions:
      * 1: resource_types; version 0 lists client metrics only (KIP-1142)
    """

    # As in DescribeConfigs; empty for all.
    resource_types: list[Int8] = field(versions="1+", default=EMPTY)


class ListConfigResourcesResponse(Response, key=74, versions="0-1", flexible="0+"):
    """The resources.

    Versions:
      * 1: ConfigResource.resource_type
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    config_resources: list["ListConfigResourcesResponse.ConfigResource"] = EMPTY

    class ConfigResource(Struct):
        """One resource."""

        resource_name: String = ""
        resource_type: Int8 = field(versions="1+", ignorable=True, default=16)
