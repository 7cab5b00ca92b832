"""RemoveRaftVoter (API key 81), version 0: a controller leaves the metadata quorum."""

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
    """Takes the vote from a controller."""

    cluster_id: NullableString = ""
    voter_id: Int32 = 0
    voter_directory_id: Uuid = ZERO_UUID


class RemoveRaftVoterResponse(Response, key=81, versions="0", flexible="0+"):
    """Whether it was taken."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
