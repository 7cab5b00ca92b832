"""RemoveRaftVoter (API key 81), version 0."""

from pybroker.protocol.declare import (
    ZERO_UUID,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    Uuid,
)


class RemoveRaftVoterRequest(Request, key=81, versions="0", flexible="0+"):
    """RemoveRaftVoterRequest."""

    cluster_id: NullableString = ""
    voter_id: Int32 = 0
    voter_directory_id: Uuid = ZERO_UUID


class RemoveRaftVoterResponse(Response, key=81, versions="0", flexible="0+"):
    """RemoveRaftVoterResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
