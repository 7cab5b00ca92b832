"""CreateDelegationToken (API key 38), versions 1-3.

A token that authenticates in its owner's stead.
"""

from pybroker.protocol.declare import (
    EMPTY,
    Bytes,
    Int16,
    Int32,
    Int64,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    field,
)


class CreateDelegationTokenRequest(Request, key=38, versions="1-3", flexible="2+"):
    """Creates a token.

    Versions:
      * 2: flexible
      * 3: owner_principal_type, owner_principal_name
    """

    # None: the requester owns the token.
    owner_principal_type: NullableString = field(versions="3+", default="")
    owner_principal_name: NullableString = field(versions="3+", default="")
    renewers: list["CreateDelegationTokenRequest.CreatableRenewers"] = EMPTY
    # -1 for the broker's limit.
    max_lifetime_ms: Int64 = 0

    class CreatableRenewers(Struct):
        """A principal that may renew the token."""

        principal_type: String = ""
        principal_name: String = ""


class CreateDelegationTokenResponse(Response, key=38, versions="1-3", flexible="2+"):
    """The token. `hmac` is its secret.

    Versions:
      * 2: flexible
      * 3: token_requester_principal_type, token_requester_principal_name
    """

    error_code: Int16 = 0
    principal_type: String = ""
    principal_name: String = ""
    token_requester_principal_type: String = field(versions="3+", default="")
    token_requester_principal_name: String = field(versions="3+", default="")
    # Milliseconds since 1970, as the two that follow.
    issue_timestamp_ms: Int64 = 0
    expiry_timestamp_ms: Int64 = 0
    # Until when it can be renewed.
    max_timestamp_ms: Int64 = 0
    token_id: String = ""
    hmac: Bytes = b""
    throttle_time_ms: Int32 = 0
