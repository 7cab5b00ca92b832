"""UpdateFeatures (API key 57), versions 0-2."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    Int8,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    field,
)


class UpdateFeaturesRequest(Request, key=57, versions="0-2", flexible="0+"):
    """UpdateFeaturesRequest.

    Versions:
      * 1: validate_only, without FeatureUpdateKey.allow_downgrade,
        FeatureUpdateKey.upgrade_type
    """

    timeout_ms: Int32 = 60000
    feature_updates: list["UpdateFeaturesRequest.FeatureUpdateKey"] = EMPTY
    validate_only: Bool = field(versions="1+", default=False)

    class FeatureUpdateKey(Struct):
        """FeatureUpdateKey."""

        feature: String = ""
        max_version_level: Int16 = 0
        allow_downgrade: Bool = field(versions="0", default=False)
        upgrade_type: Int8 = field(versions="1+", default=1)


class UpdateFeaturesResponse(Response, key=57, versions="0-2", flexible="0+"):
    """UpdateFeaturesResponse.

    Versions:
      * 2: without results
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    results: list["UpdateFeaturesResponse.UpdatableFeatureResult"] = field(
        versions="0-1", ignorable=True, default=EMPTY
    )

    class UpdatableFeatureResult(Struct):
        """UpdatableFeatureResult."""

        feature: String = ""
        error_code: Int16 = 0
        error_message: NullableString = None
