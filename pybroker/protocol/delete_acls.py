"""DeleteAcls (API key 31), versions 1-3: deletes the ACLs that match filters."""

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


class DeleteAclsRequest(Request, key=31, versions="1-3", flexible="2+"):
    """Deletes ACLs by filters.

    Versions:
      * 2: flexible
    """

    filters: list["DeleteAclsRequest.DeleteAclsFilter"] = EMPTY

    class DeleteAclsFilter(Struct):
        """One filter. Numbers as in DescribeAcls."""

        resource_type_filter: Int8 = 0
        resource_name_filter: NullableString = ""
        pattern_type_filter: Int8 = 3
        principal_filter: NullableString = ""
        host_filter: NullableString = ""
        operation: Int8 = 0
        permission_type: Int8 = 0


class DeleteAclsResponse(Response, key=31, versions="1-3", flexible="2+"):
    """What each filter matched and deleted, in the order of the request.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    filter_results: list["DeleteAclsResponse.DeleteAclsFilterResult"] = EMPTY

    class DeleteAclsFilterResult(Struct):
        """What one filter deleted."""

        error_code: Int16 = 0
        error_message: NullableString = None
        matching_acls: list["DeleteAclsResponse.DeleteAclsMatchingAcl"] = EMPTY

    class DeleteAclsMatchingAcl(Struct):
        """One ACL that matched."""

        error_code: Int16 = 0
        error_message: NullableString = None
        resource_type: Int8 = 0
        resource_name: String = ""
        pattern_type: Int8 = 3
        principal: String = ""
        host: String = ""
        operation: Int8 = 0
        permission_type: Int8 = 0
