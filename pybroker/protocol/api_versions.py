"""ApiVersions (API key 18), versions 0-4.

Which API keys and versions the broker serves, and its features.
"""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    Int16,
    Int32,
    Int64,
    Request,
    Response,
    String,
    Struct,
    field,
)


class ApiVersionsRequest(Request, key=18, versions="0-4", flexible="3+"):
    """The first request of most clients. It may come in a version that the broker does not know.

    Versions:
      * 3: client_software_name, client_software_version, flexible
    """

    client_software_name: String = field(versions="3+", ignorable=True, default="")
    client_software_version: String = field(versions="3+", ignorable=True, default="")


class ApiVersionsResponse(Response, key=18, versions="0-4", flexible="3+"):
    """The versions that are served, and the features of the cluster.

    A request of an unknown version is answered in version 0 with UNSUPPORTED_VERSION. The header
    of the response is never flexible.

    Versions:
      * 1: throttle_time_ms
      * 3: supported_features, finalized_features_epoch, finalized_features,
        zk_migration_ready (KIP-584), flexible
      * 4: a supported feature may begin at level 0
    """

    error_code: Int16 = 0
    api_keys: list["ApiVersionsResponse.ApiVersion"] = EMPTY
    throttle_time_ms: Int32 = field(versions="1+", ignorable=True, default=0)
    supported_features: list["ApiVersionsResponse.SupportedFeatureKey"] = field(
        versions="3+", tag=0, ignorable=True, default=EMPTY
    )
    # Grows with each change of the features; -1 when unknown.
    finalized_features_epoch: Int64 = field(versions="3+", tag=1, ignorable=True, default=-1)
    finalized_features: list["ApiVersionsResponse.FinalizedFeatureKey"] = field(
        versions="3+", tag=2, ignorable=True, default=EMPTY
    )
    zk_migration_ready: Bool = field(versions="3+", tag=3, ignorable=True, default=False)

    class ApiVersion(Struct):
        """The versions of one API key, both ends included."""

        api_key: Int16 = 0
        min_version: Int16 = 0
        max_version: Int16 = 0

    class SupportedFeatureKey(Struct):
        """The levels of a feature that the broker could run."""

        name: String = ""
        min_version: Int16 = 0
        max_version: Int16 = 0

    class FinalizedFeatureKey(Struct):
        """The level at which a feature runs."""

        name: String = ""
        # The level in use.
        max_version_level: Int16 = 0
        min_version_level: Int16 = 0
