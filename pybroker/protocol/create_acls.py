"""CreateAcls (API key 30), versions 1-3: creates ACLs."""

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


class CreateAclsRequest(Request, key=30, versions="1-3", flexible="2+"):
    """Creates ACLs, each on its own.

    Versions:
      * 2: flexible
    """

    creations: list["CreateAclsRequest.AclCreation"] = EMPTY

    class AclCreation(Struct):
        """One ACL. Numbers as in DescribeAcls."""

        resource_type: Int8 = 0
        resource_name: String = ""
        resource_pattern_type: Int8 = 3
        principal: String = ""
        host: String = ""
        operation: Int8 = 0
        permission_type: Int8 = 0


class CreateAclsResponse(Response, key=30, versions="1-3", flexible="2+"):
    """The outcomes, in the order of the request.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    results: list["CreateAclsResponse.AclCreationResult"] = EMPTY

    class AclCreationResult(Struct):
        """The outcome for one ACL."""

        error_code: Int16 = 0
        error_message: NullableString = None
