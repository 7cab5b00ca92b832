"""DescribeConfigs (API key 32), versions 1-4."""

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
    field,
)


class DescribeConfigsRequest(Request, key=32, versions="1-4", flexible="4+"):
    """DescribeConfigsRequest.

    Versions:
      * 3: include_documentation
      * 4: flexible
    """

    resources: list["DescribeConfigsRequest.DescribeConfigsResource"] = EMPTY
    include_synonyms: Bool = False
    include_documentation: Bool = field(versions="3+", default=False)

    class DescribeConfigsResource(Struct):
        """DescribeConfigsResource."""

        resource_type: Int8 = 0
        resource_name: String = ""
        configuration_keys: list[String] | None = EMPTY


class DescribeConfigsResponse(Response, key=32, versions="1-4", flexible="4+"):
    """DescribeConfigsResponse.

    Versions:
      * 3: DescribeConfigsResourceResult.config_type,
        DescribeConfigsResourceResult.documentation
      * 4: flexible
    """

    throttle_time_ms: Int32 = 0
    results: list["DescribeConfigsResponse.DescribeConfigsResult"] = EMPTY

    class DescribeConfigsResult(Struct):
        """DescribeConfigsResult."""

        error_code: Int16 = 0
        error_message: NullableString = None
        resource_type: Int8 = 0
        resource_name: String = ""
        configs: list["DescribeConfigsResponse.DescribeConfigsResourceResult"] = EMPTY

    class DescribeConfigsResourceResult(Struct):
        """DescribeConfigsResourceResult."""

        name: String = ""
        value: NullableString = ""
        read_only: Bool = False
        config_source: Int8 = -1
        is_sensitive: Bool = False
        synonyms: list["DescribeConfigsResponse.DescribeConfigsSynonym"] = EMPTY
        config_type: Int8 = field(versions="3+", ignorable=True, default=0)
        documentation: NullableString = field(versions="3+", ignorable=True, default="")

    class DescribeConfigsSynonym(Struct):
        """DescribeConfigsSynonym."""

        name: String = ""
        value: NullableString = ""
        source: Int8 = 0
