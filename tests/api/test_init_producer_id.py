"""InitProducerId against a broker: raw frames in, exact fields out."""

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.protocol.init_producer_id import InitProducerIdRequest
from tests.support.raw_client import RawClient

EVERY_VERSION = range(6)


def ask(client, version, transactional_id=None, **options):
    request = InitProducerIdRequest(
        transactional_id=transactional_id, transaction_timeout_ms=60_000, **options
    )
    response = client.ask(request, version)
    return response.error_code, response.producer_id, response.producer_epoch


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_every_producer_gets_an_id_of_its_own(client, version):
    answers = [ask(client, version) for _ in range(5)]
    assert {(code, epoch) for code, _, epoch in answers} == {(ErrorCode.NONE, 0)}
    assert len({producer_id for _, producer_id, _ in answers}) == 5


@pytest.mark.parametrize("version", range(3, 6))
def test_a_producer_that_has_an_id_gets_a_new_one(client, version):
    _, first, _ = ask(client, version)
    code, second, epoch = ask(client, version, producer_id=first, producer_epoch=3)
    assert (code, epoch) == (ErrorCode.NONE, 0)
    assert second != first


@pytest.mark.parametrize("version", range(3, 6))
@pytest.mark.parametrize(("producer_id", "producer_epoch"), [(5, -1), (-1, 0)])
def test_an_id_without_an_epoch_is_refused(client, version, producer_id, producer_epoch):
    answer = ask(client, version, producer_id=producer_id, producer_epoch=producer_epoch)
    assert answer == (ErrorCode.INVALID_REQUEST, -1, -1)


@pytest.mark.parametrize("version", EVERY_VERSION)
@pytest.mark.parametrize(
    ("transactional_id", "code"),
    [("tx", ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED), ("", ErrorCode.INVALID_REQUEST)],
)
def test_a_transactional_id_is_refused(client, version, transactional_id, code):
    assert ask(client, version, transactional_id) == (code, -1, -1)


def test_no_id_is_given_twice_over_restarts(tmp_path):
    seen = set()
    for _ in range(3):
        with Broker(data_dir=tmp_path) as broker, RawClient(broker.bootstrap_servers) as client:
            for _ in range(3):
                _, producer_id, _ = ask(client, 5)
                assert producer_id not in seen
                seen.add(producer_id)
