"""InitProducerId without transactions: ids for idempotent producers."""

from typing import Final

from compat.differential.conversation import Conversation, Ref, ask

NOBODY: Final = {"producer_id": -1, "producer_epoch": -1}

CONVERSATIONS: Final = (
    Conversation(
        "every version gives a new id",
        [
            ask("init_producer_id", version, transactional_id=None, transaction_timeout=60_000)
            for version in range(3)
        ]
        + [
            ask(
                "init_producer_id",
                version,
                transactional_id=None,
                transaction_timeout=60_000,
                **NOBODY,
            )
            for version in (3, 4, 5, 6)
        ],
    ),
    Conversation(
        "an id that a producer has already",
        [
            ask(
                "init_producer_id",
                4,
                transactional_id=None,
                transaction_timeout=60_000,
                save_={"id": "producer_id"},
                **NOBODY,
            ),
            ask(
                "init_producer_id",
                4,
                transactional_id=None,
                transaction_timeout=60_000,
                producer_id=Ref("id"),
                producer_epoch=0,
            ),
        ],
    ),
    Conversation(
        "half an id",
        [
            ask(
                "init_producer_id",
                4,
                transactional_id=None,
                transaction_timeout=60_000,
                producer_id=producer_id,
                producer_epoch=producer_epoch,
            )
            for producer_id, producer_epoch in ((-1, 3), (5, -1))
        ],
    ),
    Conversation(
        "timeouts do not matter without a transaction",
        [
            ask("init_producer_id", 2, transactional_id=None, transaction_timeout=timeout)
            for timeout in (0, -1, 2**31 - 1)
        ],
    ),
    Conversation(
        "the empty transactional id",
        [ask("init_producer_id", 2, transactional_id="", transaction_timeout=60_000)],
    ),
)
