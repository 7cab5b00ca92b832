"""AlterUserScramCredentials (API key 51), version 0: sets and deletes SCRAM credentials."""

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
    """Changes the credentials of users. The client salts; the password itself is never sent."""

    deletions: list["AlterUserScramCredentialsRequest.ScramCredentialDeletion"] = EMPTY
    upsertions: list["AlterUserScramCredentialsRequest.ScramCredentialUpsertion"] = EMPTY

    class ScramCredentialDeletion(Struct):
        """A credential to delete."""

        name: String = ""
        mechanism: Int8 = 0

    class ScramCredentialUpsertion(Struct):
        """A credential to add or replace."""

        name: String = ""
        # As in DescribeUserScramCredentials.
        mechanism: Int8 = 0
        iterations: Int32 = 0
        salt: Bytes = b""
        salted_password: Bytes = b""


class AlterUserScramCredentialsResponse(Response, key=51, versions="0", flexible="0+"):
    """The outcome for each user."""

    throttle_time_ms: Int32 = 0
    results: list["AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult"] = EMPTY

    class AlterUserScramCredentialsResult(Struct):
        """The outcome for one user."""

        user: String = ""
        error_code: Int16 = 0
        error_message: NullableString = None
