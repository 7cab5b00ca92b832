"""DescribeAcls (API key 29), versions 1-3: the ACLs that match a filter."""

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
    """Asks for ACLs. Fields that are None or ANY match everything.

    Versions:
      * 2: flexible
    """

    # 1 any, 2 topic, 3 group, 4 cluster, 5 transactional id, 6 delegation token, 7 user.
    resource_type_filter: Int8 = 0
    resource_name_filter: NullableString = ""
    # 1 any, 2 match, 3 literal, 4 prefixed.
    pattern_type_filter: Int8 = 3
    principal_filter: NullableString = ""
    host_filter: NullableString = ""
    # 1 any; else an AclOperation.
    operation: Int8 = 0
    # 1 any, 2 deny, 3 allow.
    permission_type: Int8 = 0


class DescribeAclsResponse(Response, key=29, versions="1-3", flexible="2+"):
    """The ACLs, by resource.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    resources: list["DescribeAclsResponse.DescribeAclsResource"] = EMPTY

    class DescribeAclsResource(Struct):
        """The ACLs of one resource pattern."""

        resource_type: Int8 = 0
        resource_name: String = ""
        pattern_type: Int8 = 3
        acls: list["DescribeAclsResponse.AclDescription"] = EMPTY

    class AclDescription(Struct):
        """Who may or may not do what."""

        principal: String = ""
        host: String = ""
        operation: Int8 = 0
        permission_type: Int8 = 0
