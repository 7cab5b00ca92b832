"""DeleteAcls (API key 31), versions 1-3."""

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
    """DeleteAclsRequest.

    Versions:
      * 2: flexible
    """

    filters: list["DeleteAclsRequest.DeleteAclsFilter"] = EMPTY

    class DeleteAclsFilter(Struct):
        """DeleteAclsFilter."""

        resource_type_filter: Int8 = 0
        resource_name_filter: NullableString = ""
        pattern_type_filter: Int8 = 3
        principal_filter: NullableString = ""
        host_filter: NullableString = ""
        operation: Int8 = 0
        permission_type: Int8 = 0


class DeleteAclsResponse(Response, key=31, versions="1-3", flexible="2+"):
    """DeleteAclsResponse.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    filter_results: list["DeleteAclsResponse.DeleteAclsFilterResult"] = EMPTY

    class DeleteAclsFilterResult(Struct):
        """DeleteAclsFilterResult."""

        error_code: Int16 = 0
        error_message: NullableString = None
        matching_acls: list["DeleteAclsResponse.DeleteAclsMatchingAcl"] = EMPTY

    class DeleteAclsMatchingAcl(Struct):
        """DeleteAclsMatchingAcl."""

        error_code: Int16 = 0
        error_message: NullableString = None
        resource_type: Int8 = 0
        resource_name: String = ""
        pattern_type: Int8 = 3
        principal: String = ""
        host: String = ""
        operation: Int8 = 0
        permission_type: Int8 = 0
