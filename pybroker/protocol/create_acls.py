"""CreateAcls (API key 30), versions 1-3."""

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
    """CreateAclsRequest.

    Versions:
      * 2: flexible
    """

    creations: list["CreateAclsRequest.AclCreation"] = EMPTY

    class AclCreation(Struct):
        """AclCreation."""

        resource_type: Int8 = 0
        resource_name: String = ""
        resource_pattern_type: Int8 = 3
        principal: String = ""
        host: String = ""
        operation: Int8 = 0
        permission_type: Int8 = 0


class CreateAclsResponse(Response, key=30, versions="1-3", flexible="2+"):
    """CreateAclsResponse.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    results: list["CreateAclsResponse.AclCreationResult"] = EMPTY

    class AclCreationResult(Struct):
        """AclCreationResult."""

        error_code: Int16 = 0
        error_message: NullableString = None
