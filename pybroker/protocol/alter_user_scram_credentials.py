"""AlterUserScramCredentials (API key 51), version 0."""

from pybroker.protocol.declare import (
    EMPTY,
    Bytes,
    Int8,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
)


class AlterUserScramCredentialsRequest(Request, key=51, versions="0", flexible="0+"):
    """AlterUserScramCredentialsRequest."""

    deletions: list["AlterUserScramCredentialsRequest.ScramCredentialDeletion"] = EMPTY
    upsertions: list["AlterUserScramCredentialsRequest.ScramCredentialUpsertion"] = EMPTY

    class ScramCredentialDeletion(Struct):
        """ScramCredentialDeletion."""

        name: String = ""
        mechanism: Int8 = 0

    class ScramCredentialUpsertion(Struct):
        """ScramCredentialUpsertion."""

        name: String = ""
        mechanism: Int8 = 0
        iterations: Int32 = 0
        salt: Bytes = b""
        salted_password: Bytes = b""


class AlterUserScramCredentialsResponse(Response, key=51, versions="0", flexible="0+"):
    """AlterUserScramCredentialsResponse."""

    throttle_time_ms: Int32 = 0
    results: list["AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult"] = EMPTY

    class AlterUserScramCredentialsResult(Struct):
        """AlterUserScramCredentialsResult."""

        user: String = ""
        error_code: Int16 = 0
        error_message: NullableString = None
