"""DeleteTopics decided: which topics go, and what each name and id is answered."""

from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.metadata.topics import Topics, TopicState

NO_TOPIC_ID: Final = bytes(16)


class DeletionResult(NamedTuple):
    """What one name or id is answered. `topic` is set when it goes."""

    name: str | None
    topic_id: bytes
    error: KafkaError | None
    topic: "TopicState | None"


def decide_delete_topics(
    topics: "Topics", requested: "Iterable[tuple[str | None, bytes]]"
) -> list[DeletionResult]:
    """Answer (name, topic id) pairs, each to hold one of the two; every name and id once."""
    results: dict[str | bytes, DeletionResult] = {}
    malformed: list[DeletionResult] = []
    for name, topic_id in requested:
        if name is None and topic_id == NO_TOPIC_ID:
            malformed.append(
                _refused(name, topic_id, _invalid("Neither topic name nor id were specified."))
            )
        elif name is not None and topic_id != NO_TOPIC_ID:
            malformed.append(
                _refused(
                    name, topic_id, _invalid("You may not specify both topic name and topic id.")
                )
            )
        elif name is not None:
            duplicate = _refused(name, NO_TOPIC_ID, _invalid("Duplicate topic name."))
            results[name] = duplicate if name in results else _by_name(topics, name)
        else:
            duplicate = _refused(None, topic_id, _invalid("Duplicate topic id."))
            results[topic_id] = duplicate if topic_id in results else _by_id(topics, topic_id)
    _refuse_names_of_ids(results)
    return [*malformed, *results.values()]


def _by_name(topics: "Topics", name: str) -> DeletionResult:
    topic = topics.by_name.get(name)
    if topic is None:
        return _refused(
            name,
            NO_TOPIC_ID,
            KafkaError(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                "This server does not host this topic-partition.",
            ),
        )
    return DeletionResult(name, topic.topic_id, None, topic)


def _by_id(topics: "Topics", topic_id: bytes) -> DeletionResult:
    topic = topics.by_id.get(topic_id)
    if topic is None:
        return _refused(
            None,
            topic_id,
            KafkaError(ErrorCode.UNKNOWN_TOPIC_ID, "This server does not host this topic ID."),
        )
    return DeletionResult(topic.name, topic_id, None, topic)


def _refuse_names_of_ids(results: dict[str | bytes, DeletionResult]) -> None:
    """Answer a topic that is asked for by name and by id once, with an error: it stays."""
    for key, result in list(results.items()):
        if isinstance(key, str) and result.topic is not None and result.topic_id in results:
            results[key] = _refused(
                key,
                result.topic_id,
                _invalid("The provided topic name maps to an ID that was already supplied."),
            )
            if results[result.topic_id].topic is not None:
                del results[result.topic_id]


def _refused(name: str | None, topic_id: bytes, error: KafkaError) -> DeletionResult:
    return DeletionResult(name, topic_id, error, None)


def _invalid(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, message)
