"""DescribeUserScramCredentials (API key 50), version 0."""

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
    """DescribeUserScramCredentialsRequest."""

    users: list["DescribeUserScramCredentialsRequest.UserName"] | None = EMPTY

    class UserName(Struct):
        """UserName."""

        name: String = ""


class DescribeUserScramCredentialsResponse(Response, key=50, versions="0", flexible="0+"):
    """DescribeUserScramCredentialsResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    results: list["DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult"] = EMPTY

    class DescribeUserScramCredentialsResult(Struct):
        """DescribeUserScramCredentialsResult."""

        user: String = ""
        error_code: Int16 = 0
        error_message: NullableString = None
        credential_infos: list["DescribeUserScramCredentialsResponse.CredentialInfo"] = EMPTY

    class CredentialInfo(Struct):
        """CredentialInfo."""

        mechanism: Int8 = 0
        iterations: Int32 = 0
