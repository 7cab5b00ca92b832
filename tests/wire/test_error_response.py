"""Failed requests are answered as Kafka's own classes answer them."""

import json
from pathlib import Path
from typing import Any

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.codec import decode, encode
from pybroker.protocol.declare import Struct, fields_of
from pybroker.protocol.error_response import error_response
from tests.wire.messages import MESSAGES
from tests.wire.test_message_vectors import BY_MESSAGE

# What Kafka's `getErrorResponse(7, CLUSTER_AUTHORIZATION_FAILED: "no")` gave for the requests of
# the vectors.
ANSWERS = Path(__file__).parent / "vectors" / "error-responses.jsonl"
CODE, MESSAGE, THROTTLE_TIME_MS = ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "no", 7

# Kafka leaves the users of a failed DescribeUserScramCredentials without names.
DIFFERENT = {"DescribeUserScramCredentialsRequest"}


def _answers() -> dict[str, list[dict[str, Any]]]:
    by_request: dict[str, list[dict[str, Any]]] = {}
    for line in ANSWERS.read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)
        if answer["message"] not in DIFFERENT:
            by_request.setdefault(answer["message"], []).append(answer)
    return by_request


BY_REQUEST = _answers()


def comparable(value: Any) -> Any:
    """Leave out what is not decided: the words of messages, the order of hash maps."""
    if isinstance(value, list):
        return sorted((comparable(element) for element in value), key=repr)
    if isinstance(value, Struct):
        return {
            field.name: comparable(getattr(value, field.name))
            for field in fields_of(type(value))
            if field.name not in {"error_message", "throttle_time_ms"}
        }
    return value


@pytest.mark.parametrize("name", BY_REQUEST)
def test_a_failed_request_is_answered_as_by_kafka(name: str) -> None:
    requests = {
        (vector["version"], vector["sample"]): bytes.fromhex(vector["hex"])
        for vector in BY_MESSAGE[name]
    }
    response_class = MESSAGES[name.replace("Request", "Response")]
    for answer in BY_REQUEST[name]:
        version = answer["version"]
        request = decode(MESSAGES[name], version, requests[version, answer["sample"]])
        ours = decode(response_class, version, encode(fail(request, version), version))
        theirs = decode(response_class, version, bytes.fromhex(answer["hex"]))
        assert comparable(ours) == comparable(theirs), answer


def fail(request: Any, version: int) -> Any:
    return error_response(request, version, CODE, MESSAGE)


def test_the_message_stands_beside_the_code() -> None:
    topic = MESSAGES["CreateTopicsRequest"].CreatableTopic(name="t")  # type: ignore[attr-defined]
    response = fail(MESSAGES["CreateTopicsRequest"](topics=[topic]), 5)
    assert [(item.name, item.error_message) for item in response.topics] == [("t", "no")]
    assert fail(MESSAGES["DescribeClusterRequest"](), 1).error_message == "no"
