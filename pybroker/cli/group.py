"""`pybroker group`: list, describe, reset and delete groups of any Kafka.

Promises:
  * Tables go to standard output; what went wrong goes to standard error, in sentences.
  * Exit code 0 when everything was done, 1 when something was not, 2 for a command line that cannot
    be read.
  * Nothing is asked. A group with members is left as it is.
"""

import argparse
from typing import TYPE_CHECKING, Final

from pybroker.cli import group_reset
from pybroker.cli.messages import complain, sentence
from pybroker.cli.table import table
from pybroker.client import groups
from pybroker.client.cluster import LATEST_TIMESTAMP, Cluster, Place
from pybroker.client.connection import Unreachable
from pybroker.errors import KafkaError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_BOOTSTRAP: Final = "localhost:9092"


def main(words: "Sequence[str]") -> int:
    """Run `pybroker group` with the words behind it. Gives the exit code."""
    arguments = _parser().parse_args(words)
    try:
        with Cluster(arguments.bootstrap_server) as cluster:
            failed: bool = arguments.run(cluster, arguments)
    except (Unreachable, KafkaError) as error:
        complain(sentence(error))
        return 1
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pybroker group", description="Look after groups.")
    server = argparse.ArgumentParser(add_help=False)
    server.add_argument(
        "--bootstrap-server",
        metavar="HOST:PORT",
        default=DEFAULT_BOOTSTRAP,
        help=f"any broker of the cluster ({DEFAULT_BOOTSTRAP})",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", parents=[server], help="list groups")
    listing.add_argument("--state", metavar="STATE,…", help="only groups in these states")
    listing.add_argument("--type", metavar="TYPE,…", help="only groups of these types")
    listing.set_defaults(run=_list)

    describing = commands.add_parser(
        "describe", parents=[server], help="show positions, lag and members"
    )
    describing.add_argument("groups", metavar="GROUP", nargs="*", help="all groups by default")
    describing.add_argument("--members", action="store_true", help="show the members instead")
    describing.set_defaults(run=_describe)

    resetting = commands.add_parser("reset", parents=[server], help="set positions of a group")
    group_reset.add_arguments(resetting)
    resetting.set_defaults(run=group_reset.reset)

    deleting = commands.add_parser("delete", parents=[server], help="delete groups")
    deleting.add_argument("groups", metavar="GROUP", nargs="+")
    deleting.set_defaults(run=_delete)
    return parser


def _list(cluster: Cluster, arguments: argparse.Namespace) -> bool:
    states, types = _wanted(arguments.state), _wanted(arguments.type)
    rows = [
        (group.group_id, group.group_type or None, group.state or None, group.protocol_type or None)
        for group in groups.list_groups(cluster)
        if (not states or group.state.lower() in states)
        and (not types or group.group_type.lower() in types)
    ]
    print(table(("GROUP", "TYPE", "STATE", "PROTOCOL"), rows))
    return False


def _wanted(text: str | None) -> set[str]:
    return {word.strip().lower() for word in (text or "").split(",")} - {""}


def _describe(cluster: Cluster, arguments: argparse.Namespace) -> bool:
    names = arguments.groups or [group.group_id for group in groups.list_groups(cluster)]
    failed = False
    for number, name in enumerate(names):
        group = groups.describe_group(cluster, name)
        if group.state == groups.DEAD:
            complain(f"There is no group {name}.")
            failed = True
            continue
        if number:
            print()
        print(
            f"Group {group.group_id}: {group.group_type}, {group.state},"
            f" {_count(len(group.members), 'member')}, coordinated by node {group.coordinator_id}"
        )
        print(_members(group) if arguments.members else _positions(cluster, group))
    return failed


def _members(group: groups.DescribedGroup) -> str:
    rows = [
        (
            member.member_id,
            member.group_instance_id,
            member.client_id,
            member.client_host,
            " ".join(map(str, member.assignment)) or None,
        )
        for member in group.members
    ]
    return table(("MEMBER", "INSTANCE", "CLIENT", "HOST", "PARTITIONS"), rows)


def _positions(cluster: Cluster, group: groups.DescribedGroup) -> str:
    committed = groups.committed_offsets(cluster, group.group_id)
    owners: dict[Place, groups.Member] = {
        place: member for member in group.members for place in member.assignment
    }
    places = sorted({*committed, *owners})
    ends = cluster.offsets_at(places, LATEST_TIMESTAMP)
    rows = []
    for place in places:
        offset, end, owner = committed.get(place), ends.get(place), owners.get(place)
        lag = None if offset is None or end is None else max(end - offset, 0)
        client = None if owner is None else owner.client_id
        rows.append((place.topic, place.partition, offset, end, lag, client))
    return table(("TOPIC", "PARTITION", "OFFSET", "END", "LAG", "CLIENT"), rows)


def _delete(cluster: Cluster, arguments: argparse.Namespace) -> bool:
    failed = False
    for name in dict.fromkeys(arguments.groups):
        try:
            groups.delete_group(cluster, name)
        except KafkaError as error:
            complain(f"Group {name} was not deleted: {sentence(KafkaError(error.code))}.")
            failed = True
        else:
            print(f"Group {name} is deleted.")
    return failed


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
