"""ListGroups against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.protocol.list_groups import ListGroupsRequest, ListGroupsResponse

Listed = ListGroupsResponse.ListedGroup


def listed(client, version, **filters):
    answer = client.ask(ListGroupsRequest(**filters), version)
    assert answer.error_code == 0
    return sorted(answer.groups, key=lambda group: group.group_id)


@pytest.mark.parametrize("version", range(6))
def test_every_group_with_what_the_version_shows(start_member, version):
    member = start_member(group_id="a").stable()
    start_member(group_id="b").stable().leave()
    state, kind = version >= 4, "classic" if version >= 5 else ""
    assert listed(member.client, version) == [
        Listed(
            group_id="a",
            protocol_type="consumer",
            group_state="Stable" if state else "",
            group_type=kind,
        ),
        Listed(
            group_id="b",
            protocol_type="consumer",
            group_state="Empty" if state else "",
            group_type=kind,
        ),
    ]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"states_filter": ["Stable"]}, ["a"]),
        ({"states_filter": ["empty", "STABLE"]}, ["a", "b"]),
        ({"states_filter": ["Nonsense"]}, []),
        ({"types_filter": ["Classic"]}, ["a", "b"]),
        ({"types_filter": ["consumer"]}, []),
        ({"types_filter": ["classic"], "states_filter": ["Empty"]}, ["b"]),
    ],
)
def test_filters(start_member, filters, found):
    member = start_member(group_id="a").stable()
    start_member(group_id="b").stable().leave()
    assert [group.group_id for group in listed(member.client, 5, **filters)] == found


def test_groups_are_listed_after_a_restart(restart_broker, start_member):
    start_member(restart_broker(), group_id="a").stable()
    client = start_member(restart_broker()).client
    assert [group.group_id for group in listed(client, 5)] == ["a"]
