"""`pybroker group reset`: where the positions of a group are to be, shown old and new, then set.

A position is kept between the first and the last offset of its partition; where that moves it, it
is said. `--dry-run` shows and sets nothing.
"""

import argparse
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from pybroker.cli.messages import complain, sentence
from pybroker.cli.table import table
from pybroker.client import groups
from pybroker.client.cluster import EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, Cluster, Place
from pybroker.errors import KafkaError

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_RECORD: Final = -1  # ListOffsets: nothing is that late.

DURATION: Final = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `reset` takes."""
    parser.add_argument("group", metavar="GROUP")
    scope = parser.add_mutually_exclusive_group(required=True)
    scope.add_argument(
        "--topic",
        dest="topics",
        metavar="NAME[:P,P…]",
        action="append",
        help="a topic, or some of its partitions; may be given more than once",
    )
    scope.add_argument("--all-topics", action="store_true", help="all that it has positions in")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--to-earliest", action="store_true", help="to the first record")
    target.add_argument("--to-latest", action="store_true", help="behind the last record")
    target.add_argument(
        "--to-datetime",
        metavar="TIME",
        type=_timestamp,
        help="to the first record at or after a time: 2024-01-31T08:00:00, UTC unless it says more",
    )
    target.add_argument("--to-offset", metavar="N", type=int, help="to an offset")
    target.add_argument(
        "--by-duration",
        metavar="PnDTnHnMnS",
        type=_duration,
        help="to the first record of the last so many days, hours, minutes and seconds",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be set")


def reset(cluster: Cluster, arguments: argparse.Namespace) -> bool:
    """Run `pybroker group reset`. Says whether something was not done."""
    name: str = arguments.group
    group = groups.describe_group(cluster, name)
    if group.state not in groups.INACTIVE:
        complain(f"Group {name} is {group.state}: positions are set while nobody is in it.")
        return True
    committed = groups.committed_offsets(cluster, name)
    if arguments.all_topics:
        places, missing = sorted(committed), []
        if not places:
            missing = [f"Group {name} has no positions; say where with --topic."]
    else:
        places, missing = _places(cluster, arguments.topics)
    for message in missing:
        complain(message)
    if missing:
        return True
    target = _target(cluster, places, arguments)
    ends = cluster.offsets_at(places, LATEST_TIMESTAMP)
    rows = [
        (
            place.topic,
            place.partition,
            committed.get(place),
            target[place],
            max(ends[place] - target[place], 0),
        )
        for place in places
        if place in target
    ]
    print(table(("TOPIC", "PARTITION", "OLD", "NEW", "LAG"), rows))
    if arguments.dry_run:
        return False
    try:
        groups.commit_offsets(cluster, name, target)
    except KafkaError as error:
        complain(f"Group {name} was not reset: {sentence(error)}.")
        return True
    return False


def _places(cluster: Cluster, topics: "Iterable[str]") -> tuple[list[Place], list[str]]:
    """Give the partitions that were asked for, and what is not there."""
    places: set[Place] = set()
    missing = []
    for text in topics:
        topic, colon, partitions = text.partition(":")
        present = cluster.partitions_of(topic)
        if not present:
            missing.append(f"There is no topic {topic}.")
            continue
        if not colon:
            places.update(present)
            continue
        for word in partitions.split(","):
            place = Place(topic, int(word)) if word.strip().isdecimal() else None
            if place in present:
                places.add(place)
            else:
                missing.append(f"Topic {topic} has no partition {word or 'without a number'}.")
    return sorted(places), missing


def _target(
    cluster: Cluster, places: "list[Place]", arguments: argparse.Namespace
) -> dict[Place, int]:
    if arguments.to_earliest:
        return cluster.offsets_at(places, EARLIEST_TIMESTAMP)
    ends = cluster.offsets_at(places, LATEST_TIMESTAMP)
    if arguments.to_latest:
        return ends
    if arguments.to_offset is not None:
        starts = cluster.offsets_at(places, EARLIEST_TIMESTAMP)
        return {place: _within(place, arguments.to_offset, starts, ends) for place in ends}
    timestamp = arguments.to_datetime
    if timestamp is None:
        timestamp = max(_milliseconds(datetime.now(UTC)) - arguments.by_duration, 0)
    found = cluster.offsets_at(places, timestamp)
    return {
        place: ends[place] if offset == NO_RECORD else offset for place, offset in found.items()
    }


def _within(place: Place, offset: int, starts: dict[Place, int], ends: dict[Place, int]) -> int:
    kept = min(max(offset, starts[place]), ends[place])
    if kept != offset:
        complain(f"{place} has the offsets {starts[place]} to {ends[place]}: {kept} it is.")
    return kept


def _timestamp(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text} is not a time such as 2024-01-31T08:00:00"
        ) from None
    # Below 0 are ListOffsets' own words for the earliest and the latest offset.
    return max(_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC)), 0)


def _duration(text: str) -> int:
    found = DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise argparse.ArgumentTypeError(f"{text} is not a duration such as P1D or PT2H30M")
    numbers = {unit: float(number or 0) for unit, number in found.groupdict().items()}
    try:
        return timedelta(**numbers) // timedelta(milliseconds=1)
    except OverflowError:
        raise argparse.ArgumentTypeError(f"{text} is too long a duration") from None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
