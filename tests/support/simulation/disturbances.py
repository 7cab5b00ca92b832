"""What goes wrong in a schedule, one thing at a time."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pybroker.store.topics import PartitionSet, TopicDeleted
from tests.support.simulation.client import Client

if TYPE_CHECKING:
    from tests.support.simulation.world import World

TOPICS_MAX: Final = 4
PARTITIONS_MAX: Final = 8
# The longest that somebody sleeps, and that the store refuses.
SLEEP_MS_MAX: Final = 12_000
STORE_FAILURE_MS_MAX: Final = 500


def partition_set(topic_id: bytes, index: int) -> PartitionSet:
    """Place a partition."""
    return PartitionSet(topic_id, index, 1, 0, "1", "1")


def _somebody(world: "World", *, up: bool) -> Client | None:
    candidates = [client for client in world.clients if client.is_up is up]
    return world.random.choice(candidates) if candidates else None


def start_somebody(world: "World") -> None:
    """Start who is down, as it was or as another kind."""
    client = _somebody(world, up=False)
    if client is None:
        return
    if world.is_mixed and world.random.random() < 0.5:
        # The same deployment with another setting.
        started = world.new_client(client.name, client.instance)
        started.topics = client.topics
        world.clients[world.clients.index(client)] = client = started
    client.start()


def crash_somebody(world: "World") -> None:
    """End somebody without a word."""
    if client := _somebody(world, up=True):
        client.stop()


def stop_somebody(world: "World") -> None:
    """Let somebody leave."""
    if client := _somebody(world, up=True):
        client.leave()


def put_somebody_to_sleep(world: "World") -> None:
    """Let somebody do nothing, perhaps for longer than its session."""
    if client := _somebody(world, up=True):
        client.asleep_until_ms = world.now_ms + world.random.randrange(SLEEP_MS_MAX)


def change_somebody(world: "World") -> None:
    """Let somebody read other topics."""
    client = _somebody(world, up=True)
    if client is not None and client.may_change():
        client.subscribe(world.some_topics())


def kill_broker(world: "World") -> None:
    """Start the broker again with what the store has."""
    for answer in world.answers:
        answer.is_abandoned = True
    world.answers.clear()
    if not world.bench.fails_to_store:
        world.bench.compare()
    world.bench.start()
    world.bench.coordinator.topics = world.topics


def fail_to_store(world: "World") -> None:
    """Let the store refuse for a while."""
    world.bench.fails_to_store = True

    def recover() -> None:
        world.bench.fails_to_store = False

    world.after(world.random.randrange(STORE_FAILURE_MS_MAX), recover)


def grow_topic(world: "World") -> None:
    """Add partitions."""
    topic = world.random.choice(list(world.topics.by_id.values()))
    count = len(topic.partitions)
    if count < PARTITIONS_MAX:
        added = range(count, min(count + world.random.randrange(1, 4), PARTITIONS_MAX))
        world.change_topics(topic.name, [partition_set(topic.topic_id, index) for index in added])


def create_topic(world: "World") -> None:
    """Create a topic that is not there."""
    names = [f"topic-{number}" for number in range(TOPICS_MAX)]
    missing = [name for name in names if name not in world.topics.by_name]
    if missing:
        world.create_topic(world.random.choice(missing))


def delete_topic(world: "World") -> None:
    """Delete a topic, but not the last."""
    if len(world.topics.by_id) > 1:
        topic = world.random.choice(list(world.topics.by_id.values()))
        world.attempt(lambda: world.coordinator.forget_topic(topic.name, world.now_ms))
        world.change_topics(topic.name, [TopicDeleted(topic.topic_id)])


DISTURBANCES: Final[tuple[Callable[["World"], None], ...]] = (
    *(start_somebody, start_somebody, start_somebody, crash_somebody, stop_somebody),
    *(put_somebody_to_sleep, change_somebody, kill_broker, fail_to_store),
    *(grow_topic, create_topic, delete_topic),
)
