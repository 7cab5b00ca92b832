"""DescribeAcls (API key 29), versions 1-3."""

from pybroker.protocol.declare import (
    EMPTY,
    Int8,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
)


class DescribeAclsRequest(Request, key=29, versions="1-3", flexible="2+"):
    """DescribeAclsRequest.

    Versions:
      * 2: flexible
    """

    resource_type_filter: Int8 = 0
    resource_name_filter: NullableString = ""
    pattern_type_filter: Int8 = 3
    principal_filter: NullableString = ""
    host_filter: NullableString = ""
    operation: Int8 = 0
    permission_type: Int8 = 0


class DescribeAclsResponse(Response, key=29, versions="1-3", flexible="2+"):
    """DescribeAclsResponse.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    resources: list["DescribeAclsResponse.DescribeAclsResource"] = EMPTY

    class DescribeAclsResource(Struct):
        """DescribeAclsResource."""

        resource_type: Int8 = 0
        resource_name: String = ""
        pattern_type: Int8 = 3
        acls: list["DescribeAclsResponse.AclDescription"] = EMPTY

    class AclDescription(Struct):
        """AclDescription."""

        principal: String = ""
        host: String = ""
        operation: Int8 = 0
        permission_type: Int8 = 0
