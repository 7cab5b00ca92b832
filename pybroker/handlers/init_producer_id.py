"""InitProducerId (API key 22), versions 0-5.

Behaviour:
  * Every producer without a transactional id gets a new producer id with epoch 0, whatever id and
    epoch it had (KIP-360 bumps the epoch of transactional producers only).
  * A producer id without an epoch, or an epoch without an id, is INVALID_REQUEST.
  * No id is given twice, over restarts and kill -9: the store holds the block before its first id
    leaves.
  * Transactions are not served, and none of their other APIs is advertised. A transactional id is
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED, by which every client gives up at once; librdkafka tries
    again for ever after UNSUPPORTED_VERSION.

Versions:
  * 2: flexible
  * 3: producer_id and producer_epoch (KIP-360)
  * 4: PRODUCER_FENCED may be answered
  * 5: TRANSACTION_ABORTABLE may be answered (KIP-890)
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.protocol.init_producer_id import InitProducerIdRequest, InitProducerIdResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def init_producer_id(
    broker: "Broker", context: "RequestContext", request: InitProducerIdRequest
) -> InitProducerIdResponse:
    """Give a producer id."""
    if (request.producer_id == -1) is not (request.producer_epoch == -1):
        return _refused(ErrorCode.INVALID_REQUEST)
    if request.transactional_id is not None:
        if not request.transactional_id:
            return _refused(ErrorCode.INVALID_REQUEST)
        return _refused(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    given = broker.producer_ids.give()
    broker.store.apply(given.changes)
    return InitProducerIdResponse(producer_id=given.producer_id, producer_epoch=0)


def _refused(error_code: ErrorCode) -> InitProducerIdResponse:
    return InitProducerIdResponse(error_code=error_code, producer_id=-1, producer_epoch=-1)
