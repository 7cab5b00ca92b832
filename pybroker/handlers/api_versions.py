"""ApiVersions (API key 18), versions 0-4.

Behaviour:
  * Needs no authorization: it is what a client asks first, before it authenticates.
  * Answers from HANDLERS, with Produce and Fetch, which the data plane serves; nothing else is
    advertised, but for Produce's versions 0-2, which Kafka does not serve and advertises too.
  * A version outside the range is answered as version 0, with UNSUPPORTED_VERSION and the range of
    ApiVersions alone.
  * A client's name or version that KIP-511 does not allow is INVALID_REQUEST.

Versions:
  * 1: throttle_time_ms
  * 3: client_software_name and client_software_version (KIP-511), features (KIP-584); flexible,
    except the header of the response
  * 4: features whose lowest level is 0
"""

import re
from typing import TYPE_CHECKING, Final

from pybroker.api import Kept
from pybroker.data_plane import FETCH_VERSIONS, PRODUCE_VERSIONS
from pybroker.errors import ErrorCode
from pybroker.handlers import HANDLERS
from pybroker.protocol.api_versions import ApiVersionsRequest, ApiVersionsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker

VERSIONS: Final = next((row.min_version, row.max_version) for row in HANDLERS if row.key == 18)

# (name, lowest level, highest level, finalized level). Tools tell a broker's release by
# metadata.version; group.version is the consumer protocol. What switches a client to a protocol
# that is not served here (transaction.version, share.version) is left out.
FEATURES: Final = (("group.version", 0, 1, 1), ("metadata.version", 7, 30, 30))

# The Java client takes over finalized features, even none, only from an epoch that is not negative.
FINALIZED_FEATURES_EPOCH: Final = 0

# As Kafka does: librdkafka tells by the oldest versions of Produce which codecs a broker can read.
# A request of a version below the served ones is refused as any other.
ADVERTISED_PRODUCE_MIN_VERSION: Final = 0

_SOFTWARE: Final = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")


def api_versions(
    broker: "Broker", context: "RequestContext", request: ApiVersionsRequest | None
) -> ApiVersionsResponse | Kept[ApiVersionsResponse]:
    """Answer what is served. `request` is None in a version that is not, as nobody can read it."""
    if request is None:
        return ApiVersionsResponse(
            error_code=ErrorCode.UNSUPPORTED_VERSION, api_keys=[_range(18, VERSIONS)]
        )
    if context.api_version >= 3 and not _is_valid(request):
        return ApiVersionsResponse(error_code=ErrorCode.INVALID_REQUEST)
    return Kept(
        ApiVersionsResponse(
            api_keys=[
                _range(0, (ADVERTISED_PRODUCE_MIN_VERSION, PRODUCE_VERSIONS[1])),
                _range(1, FETCH_VERSIONS),
                *(_range(row.key, (row.min_version, row.max_version)) for row in HANDLERS),
            ],
            supported_features=[
                ApiVersionsResponse.SupportedFeatureKey(
                    name=name, min_version=lowest, max_version=highest
                )
                for name, lowest, highest, _ in FEATURES
                if lowest > 0 or context.api_version >= 4
            ],
            finalized_features_epoch=FINALIZED_FEATURES_EPOCH,
            finalized_features=[
                ApiVersionsResponse.FinalizedFeatureKey(
                    name=name, min_version_level=level, max_version_level=level
                )
                for name, _, _, level in FEATURES
            ],
        )
    )


def _is_valid(request: ApiVersionsRequest) -> bool:
    return (
        _SOFTWARE.fullmatch(request.client_software_name) is not None
        and _SOFTWARE.fullmatch(request.client_software_version) is not None
    )


def _range(api_key: int, versions: tuple[int, int]) -> ApiVersionsResponse.ApiVersion:
    return ApiVersionsResponse.ApiVersion(
        api_key=api_key, min_version=versions[0], max_version=versions[1]
    )
