"""UpdateFeatures (API key 57), versions 0-2: sets the levels of cluster features."""

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
    """Raises or lowers feature levels, all or none.

    Versions:
      * 1: validate_only, without FeatureUpdateKey.allow_downgrade,
        FeatureUpdateKey.upgrade_type
    """

    timeout_ms: Int32 = 60000
    feature_updates: list["UpdateFeaturesRequest.FeatureUpdateKey"] = EMPTY
    validate_only: Bool = field(versions="1+", default=False)

    class FeatureUpdateKey(Struct):
        """One feature's new level."""

        feature: String = ""
        # 0 disables it.
        max_version_level: Int16 = 0
        allow_downgrade: Bool = field(versions="0", default=False)
        # 1 up, 2 down if nothing is lost, 3 down in any case.
        upgrade_type: Int8 = field(versions="1+", default=1)


class UpdateFeaturesResponse(Response, key=57, versions="0-2", flexible="0+"):
    """Whether the levels were set.

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
        """The outcome for one feature."""

        feature: String = ""
        error_code: Int16 = 0
        error_message: NullableString = None
