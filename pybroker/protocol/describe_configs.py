"""DescribeConfigs (API key 32), versions 1-4: configs of topics, brokers and other resources."""

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
    """Asks for configs by resource.

    Versions:
      * 3: include_documentation
      * 4: flexible
    """

    resources: list["DescribeConfigsRequest.DescribeConfigsResource"] = EMPTY
    include_synonyms: Bool = False
    include_documentation: Bool = field(versions="3+", default=False)

    class DescribeConfigsResource(Struct):
        """One resource, and which of its configs."""

        # 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
        resource_type: Int8 = 0
        resource_name: String = ""
        # None for all.
        configuration_keys: list[String] | None = EMPTY


class DescribeConfigsResponse(Response, key=32, versions="1-4", flexible="4+"):
    """The configs of each resource.

    Versions:
      * 3: DescribeConfigsResourceResult.config_type,
        DescribeConfigsResourceResult.documentation
      * 4: flexible
    """

    throttle_time_ms: Int32 = 0
    results: list["DescribeConfigsResponse.DescribeConfigsResult"] = EMPTY

    class DescribeConfigsResult(Struct):
        """The configs of one resource."""

        error_code: Int16 = 0
        error_message: NullableString = None
        resource_type: Int8 = 0
        resource_name: String = ""
        configs: list["DescribeConfigsResponse.DescribeConfigsResourceResult"] = EMPTY

    class DescribeConfigsResourceResult(Struct):
        """One config."""

        name: String = ""
        # None when it is sensitive or not set.
        value: NullableString = ""
        read_only: Bool = False
        # 1 topic, 2 this broker at run time, 3 all brokers at run time, 4 server.properties, 5
        # default, 6 broker logger, 7 client metrics, 8 group.
        config_source: Int8 = -1
        is_sensitive: Bool = False
        synonyms: list["DescribeConfigsResponse.DescribeConfigsSynonym"] = EMPTY
        # 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password.
        config_type: Int8 = field(versions="3+", ignorable=True, default=0)
        documentation: NullableString = field(versions="3+", ignorable=True, default="")

    class DescribeConfigsSynonym(Struct):
        """A place where the value could come from, the strongest first."""

        name: String = ""
        value: NullableString = ""
        source: Int8 = 0
