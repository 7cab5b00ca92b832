"""DescribeDelegationToken (API key 41), versions 1-3: the tokens of owners."""

from pybroker.protocol.declare import (
    EMPTY,
    Bytes,
    Int16,
    Int32,
    Int64,
    Request,
    Response,
    String,
    Struct,
    field,
)


class DescribeDelegationTokenRequest(Request, key=41, versions="1-3", flexible="2+"):
    """Asks for tokens by owner.

    Versions:
      * 2: flexible
    """

    # None for all.
    owners: list["DescribeDelegationTokenRequest.DescribeDelegationTokenOwner"] | None = EMPTY

    class DescribeDelegationTokenOwner(Struct):
        """A principal."""

        principal_type: String = ""
        principal_name: String = ""


class DescribeDelegationTokenResponse(Response, key=41, versions="1-3", flexible="2+"):
    """The tokens that the requester may see.

    Versions:
      * 2: flexible
      * 3: DescribedDelegationToken.token_requester_principal_type,
        DescribedDelegationToken.token_requester_principal_name
    """

    error_code: Int16 = 0
    tokens: list["DescribeDelegationTokenResponse.DescribedDelegationToken"] = EMPTY
    throttle_time_ms: Int32 = 0

    class DescribedDelegationToken(Struct):
        """One token."""

        principal_type: String = ""
        principal_name: String = ""
        token_requester_principal_type: String = field(versions="3+", default="")
        token_requester_principal_name: String = field(versions="3+", default="")
        issue_timestamp: Int64 = 0
        expiry_timestamp: Int64 = 0
        max_timestamp: Int64 = 0
        token_id: String = ""
        hmac: Bytes = b""
        renewers: list["DescribeDelegationTokenResponse.DescribedDelegationTokenRenewer"] = EMPTY

    class DescribedDelegationTokenRenewer(Struct):
        """A principal that may renew it."""

        principal_type: String = ""
        principal_name: String = ""
