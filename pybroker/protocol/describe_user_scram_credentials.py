"""DescribeUserScramCredentials (API key 50), version 0.

Which SCRAM credentials users have; never their secrets.
"""

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


class DescribeUserScramCredentialsRequest(Request, key=50, versions="0", flexible="0+"):
    """Asks for users by name."""

    # None or empty for all.
    users: list["DescribeUserScramCredentialsRequest.UserName"] | None = EMPTY

    class UserName(Struct):
        """One user."""

        name: String = ""


class DescribeUserScramCredentialsResponse(Response, key=50, versions="0", flexible="0+"):
    """Mechanism and iterations of each user's credentials."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    results: list["DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult"] = EMPTY

    class DescribeUserScramCredentialsResult(Struct):
        """One user's credentials."""

        user: String = ""
        error_code: Int16 = 0
        error_message: NullableString = None
        credential_infos: list["DescribeUserScramCredentialsResponse.CredentialInfo"] = EMPTY

    class CredentialInfo(Struct):
        """One credential."""

        # 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
        mechanism: Int8 = 0
        iterations: Int32 = 0
