"""ApiVersions against a broker: raw frames in, exact fields out."""

import struct

import pytest

from pybroker.errors import ErrorCode
from pybroker.handlers import HANDLERS
from pybroker.protocol.api_versions import ApiVersionsRequest, ApiVersionsResponse
from pybroker.protocol.codec import codec


def named(name="raw", version="1.0"):
    return ApiVersionsRequest(client_software_name=name, client_software_version=version)


@pytest.mark.parametrize("version", range(5))
def test_what_is_served_is_advertised_in_the_order_of_the_keys(client, version):
    response = client.ask(named(), version)
    assert response.error_code == ErrorCode.NONE
    ranges = [(api.api_key, api.min_version, api.max_version) for api in response.api_keys]
    assert ranges == [
        (0, 0, 13),  # As Kafka: librdkafka looks for the old versions.
        (1, 4, 18),
        *((row.key, row.min_version, row.max_version) for row in HANDLERS),
    ]


def test_features_tell_the_release_and_nothing_that_is_not_served(client):
    response = client.ask(named(), 4)
    supported = {
        key.name: (key.min_version, key.max_version) for key in response.supported_features
    }
    finalized = {
        key.name: (key.min_version_level, key.max_version_level)
        for key in response.finalized_features
    }
    assert supported == {"group.version": (0, 1), "metadata.version": (7, 30)}
    assert finalized == {"group.version": (1, 1), "metadata.version": (30, 30)}
    assert response.finalized_features_epoch == 0


def test_a_feature_that_may_be_off_is_named_to_those_who_know_that(client):
    response = client.ask(named(), 3)
    assert [key.name for key in response.supported_features] == ["metadata.version"]


@pytest.mark.parametrize("version", [-1, 5, 9, 32_767])
def test_a_version_that_is_not_served_is_answered_as_version_0(client, version):
    client.send_body(18, version, b"", header_version=2)
    frame = client.receive_frame()
    assert struct.unpack_from(">i", frame)[0] == client.correlation_id
    assert codec(ApiVersionsResponse, 0).decode(frame[4:]) == ApiVersionsResponse(
        error_code=ErrorCode.UNSUPPORTED_VERSION,
        api_keys=[ApiVersionsResponse.ApiVersion(api_key=18, min_version=0, max_version=4)],
    )


def test_the_connection_goes_on_after_a_version_that_is_not_served(client):
    client.send_body(18, 99, b"\xff\x00garbage", header_version=2)
    client.receive_frame()
    assert client.ask(named(), 3).error_code == ErrorCode.NONE


@pytest.mark.parametrize(
    ("name", "software_version"),
    [("", "1"), ("a", ""), ("-a", "1"), ("a", "1-"), ("a b", "1"), ("a", "1_0"), ("a\n", "1")],
)
def test_a_software_name_or_version_that_is_none_is_refused(client, name, software_version):
    response = client.ask(named(name, software_version), 3)
    assert response.error_code == ErrorCode.INVALID_REQUEST
    assert response.api_keys == []


@pytest.mark.parametrize(
    ("name", "software_version"), [("a", "1"), ("apache-kafka.java", "4.0.0-rc1"), ("X9", "v1.2")]
)
def test_a_software_name_and_version_are_taken(client, name, software_version):
    assert client.ask(named(name, software_version), 3).error_code == ErrorCode.NONE
