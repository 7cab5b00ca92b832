"""`pybroker group` against a broker: what it prints, what it sets, and how it ends."""

import sys
import time
from datetime import UTC, datetime

import pytest

from pybroker.__main__ import main as run_program
from pybroker.cli.group import main
from tests.support.classic_member import ClassicMember
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch

HOUR_MS = 3_600_000
OFFSETS = 10  # Records in each partition, an hour apart; the last one is new.


@pytest.fixture
def run(broker, capsys):
    """Run the command: gives its exit code and the words of each line."""
    return runner(broker, capsys)


def runner(broker, capsys):
    def run_command(line):
        command, *rest = line.split()
        code = main([command, "--bootstrap-server", broker.bootstrap_servers, *rest])
        printed = capsys.readouterr()
        return code, [text.split() for text in printed.out.splitlines()], printed.err

    return run_command


@pytest.fixture
def filled(client):
    """Topics with records, oldest first."""
    now_ms = time.time_ns() // 1_000_000
    create_topic(client, "orders", 2, configs=[("retention.ms", "-1")])
    create_topic(client, "returns", 1)
    for partition in range(2):
        for age in range(OFFSETS, 0, -1):
            produce(client, "orders", partition, record_batch([now_ms - (age - 1) * HOUR_MS]))
    return now_ms


def rows(lines):
    """The rows of a table of positions: (topic, partition, old, new, lag) as they are printed."""
    return [tuple(line) for line in lines[1:]]


def test_a_group_is_set_shown_and_deleted(run, filled):
    code, lines, _ = run("reset readers --topic orders --to-offset 4")
    assert code == 0
    assert lines[0] == ["TOPIC", "PARTITION", "OLD", "NEW", "LAG"]
    assert rows(lines) == [("orders", "0", "-", "4", "6"), ("orders", "1", "-", "4", "6")]
    code, lines, _ = run("list")
    assert (code, lines[1]) == (0, ["readers", "classic", "Empty", "-"])
    code, lines, _ = run("describe readers")
    assert code == 0
    assert lines[0][:4] == ["Group", "readers:", "classic,", "Empty,"]
    assert lines[2:] == [
        ["orders", "0", "4", "10", "6", "-"],
        ["orders", "1", "4", "10", "6", "-"],
    ]
    code, lines, _ = run("delete readers")
    assert (code, lines) == (0, [["Group", "readers", "is", "deleted."]])
    code, lines, error = run("describe readers")
    assert (code, lines) == (1, [])
    assert error == "pybroker: There is no group readers.\n"


@pytest.mark.parametrize(
    ("target", "new"),
    [
        ("--to-earliest", 0),
        ("--to-latest", 10),
        ("--to-offset 7", 7),
        ("--by-duration PT3H30M", 6),
        ("--by-duration P1D", 0),
        ("--by-duration P20000D", 0),
        ("--by-duration P999999999D", 0),
        ("--by-duration PT0S", 10),
        ("--to-datetime 2000-01-01T00:00:00", 0),
        ("--to-datetime 1969-12-31T23:59:59.999", 0),
        ("--to-datetime 2100-01-01T00:00:00+02:00", 10),
    ],
)
def test_every_way_to_say_where(run, filled, target, new):
    code, lines, _ = run(f"reset readers --topic orders:1 {target} --dry-run")
    assert code == 0
    assert rows(lines) == [("orders", "1", "-", str(new), str(10 - new))]


def test_a_time_is_utc_unless_it_says_more(run, filled):
    moment = datetime.fromtimestamp((filled - 5 * HOUR_MS) / 1000, UTC)
    for text in (moment.replace(tzinfo=None).isoformat(), moment.isoformat()):
        _, lines, _ = run(f"reset readers --topic orders:0 --to-datetime {text} --dry-run")
        assert rows(lines) == [("orders", "0", "-", "4", "6")]


def test_a_dry_run_sets_nothing(run, filled):
    assert run("reset readers --topic orders --to-earliest --dry-run")[0] == 0
    assert run("list")[1] == [["GROUP", "TYPE", "STATE", "PROTOCOL"]]


def test_all_topics_are_those_with_positions(run, filled):
    run("reset readers --topic orders:1 --topic returns --to-offset 0")
    code, lines, _ = run("reset readers --all-topics --to-latest")
    assert code == 0
    assert rows(lines) == [("orders", "1", "0", "10", "0"), ("returns", "0", "0", "0", "0")]
    code, _, error = run("reset nobody --all-topics --to-latest")
    assert code == 1
    assert error == "pybroker: Group nobody has no positions; say where with --topic.\n"


def test_an_offset_that_there_is_not_becomes_the_nearest(run, filled):
    code, lines, error = run("reset readers --topic orders:0 --to-offset 999")
    assert code == 0
    assert rows(lines) == [("orders", "0", "-", "10", "0")]
    assert error == "pybroker: orders-0 has the offsets 0 to 10: 10 it is.\n"


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        ("nowhere", "There is no topic nowhere."),
        ("orders:7", "Topic orders has no partition 7."),
        ("orders:x", "Topic orders has no partition x."),
        ("orders:", "Topic orders has no partition without a number."),
    ],
)
def test_what_is_not_there_is_said_and_nothing_is_set(run, filled, topic, message):
    code, lines, error = run(f"reset readers --topic orders:0 --topic {topic} --to-latest")
    assert (code, lines, error) == (1, [], f"pybroker: {message}\n")
    assert run("describe readers")[0] == 1


def test_a_group_with_members_is_left_as_it_is(group_broker, capsys):
    run = runner(group_broker, capsys)
    member = ClassicMember(group_broker.bootstrap_servers, "busy", None).stable()
    create_topic(member.client, "orders")
    code, _, error = run("reset busy --topic orders --to-latest")
    assert code == 1
    assert error == "pybroker: Group busy is Stable: positions are set while nobody is in it.\n"
    code, lines, error = run("delete busy nobody")
    assert (code, lines) == (1, [])
    assert error.splitlines() == [
        "pybroker: Group busy was not deleted: it has members; stop them first.",
        "pybroker: Group nobody was not deleted: there is no such group.",
    ]
    code, lines, _ = run("describe busy --members")
    assert code == 0
    assert lines[2][0] == member.member_id
    member.close()


def test_groups_of_every_node_are_listed_and_reached(start_broker, capsys):
    broker = start_broker(settings={"pybroker.brokers": "3"})
    run = runner(broker, capsys)
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "orders", 3)
    names = [f"group-{number}" for number in range(6)]
    for name in names:
        assert run(f"reset {name} --topic orders --to-latest")[0] == 0
    _, lines, _ = run("list")
    assert [line[0] for line in lines[1:]] == names
    _, lines, _ = run("describe")
    coordinators = {line[-1] for line in lines if line[:1] == ["Group"]}
    assert len(coordinators) > 1
    assert run(f"delete {' '.join(names)}")[0] == 0


def test_filters_do_not_look_at_case(run, filled):
    run("reset readers --topic orders --to-latest")
    assert len(run("list --state empty,stable --type CLASSIC")[1]) == 2
    assert len(run("list --state stable")[1]) == 1


def test_nobody_listening_is_said_in_a_sentence(capsys):
    assert main(["list", "--bootstrap-server", "127.0.0.1:1"]) == 1
    error = capsys.readouterr().err
    assert error == "pybroker: 127.0.0.1:1 cannot be reached: Connection refused\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("reset readers --to-latest", "--topic --all-topics is required"),
        ("reset readers --topic orders", "is required"),
        ("reset readers --topic orders --to-latest --to-earliest", "not allowed with"),
        ("reset readers --topic orders --by-duration 1h", "1h is not a duration"),
        ("reset readers --topic orders --by-duration PT", "PT is not a duration"),
        ("reset readers --topic orders --by-duration P1000000000D", "too long a duration"),
        ("reset readers --topic orders --to-datetime noon", "noon is not a time"),
        ("delete", "GROUP"),
        ("list --bootstrap-server", "expected one argument"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_refused(capsys, line, message):
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_the_program_has_the_command(broker, capsys, monkeypatch):
    words = ["pybroker", "group", "list", "--bootstrap-server", broker.bootstrap_servers]
    monkeypatch.setattr(sys, "argv", words)
    assert run_program() == 0
    assert capsys.readouterr().out == "GROUP  TYPE  STATE  PROTOCOL\n"
