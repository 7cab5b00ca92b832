"""AddRaftVoter (API key 80), versions 0-1: a controller joins the metadata quorum."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    UInt16,
    Uuid,
    field,
)


class AddRaftVoterRequest(Request, key=80, versions="0-1", flexible="0+"):
    """Makes a controller a voter.

    Versions:
      * 1: ack_when_committed
    """

    cluster_id: NullableString = ""
    timeout_ms: Int32 = 0
    voter_id: Int32 = 0
    voter_directory_id: Uuid = ZERO_UUID
    listeners: list["AddRaftVoterRequest.Listener"] = EMPTY
    # Answer when the change is committed, not when it is written.
    ack_when_committed: Bool = field(versions="1+", default=True)

    class Listener(Struct):
        """Where the voter is reached."""

        name: String = ""
        host: String = ""
        port: UInt16 = 0


class AddRaftVoterResponse(Response, key=80, versions="0-1", flexible="0+"):
    """Whether it became one."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
