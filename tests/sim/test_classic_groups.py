"""Seeded schedules of a classic group whose members come, go, crash, pause and repeat themselves.

Each schedule disturbs a group for a while: requests and answers are delayed, doubled and lost,
members join, leave, crash, restart and fall asleep, the broker is killed or fails to write. Always:

  * no partition has two owners in one generation,
  * what `ClassicGroup` promises between decisions holds, and the store has what it should,
  * nobody is answered twice, and in the end nobody is left waiting.

When the disturbance ends, the group is stable within its timeouts, and all who are alive are in it.
A failure names its seed; `simulate(seed)` plays it again.
"""

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.store import StoreError
from tests.support.groups import Answer, Bench, check_invariants

SCHEDULES = 320
SCHEDULES_PER_TEST = 20

DISTURBED_MS = 60_000
SESSION_MS = 6_000
REBALANCE_MS = 10_000
HEARTBEAT_MS = 1_500
REQUEST_TIMEOUT_MS = 3_000
BACKOFF_MS = 100
# Dead members expire, then the others rebalance; a dead leader may cost that once more.
CALM_WITHIN_MS = 3 * (SESSION_MS + REBALANCE_MS)

PARTITIONS = range(8)
CLIENTS = 6


@pytest.mark.parametrize("first_seed", range(0, SCHEDULES, SCHEDULES_PER_TEST))
def test_a_group_survives_whatever_its_members_do(first_seed: int) -> None:
    for seed in range(first_seed, first_seed + SCHEDULES_PER_TEST):
        try:
            simulate(seed)
        except Exception as error:
            raise AssertionError(f"the schedule of seed {seed} failed") from error


def simulate(seed: int) -> None:
    """Play the schedule of one seed."""
    Simulation(seed).run()


class SimulatedBench(Bench):
    """Compares with the store at a restart only, which a schedule has few of."""

    def _compare(self) -> None:
        for group in self.coordinator._loaded.by_id.values():
            check_invariants(group)

    def restart(self) -> None:
        super()._compare()
        self.start()


class Simulation:
    """One schedule: the broker, the network and the clients."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.bench = SimulatedBench(
            group_initial_rebalance_delay_ms=self.random.choice([0, 0, 1_000])
        )
        self.is_disturbed = True
        self.events: list[tuple[int, int, Callable[[], None]]] = []
        self.sequence = 0
        self.answers: list[Answer] = []
        self.owners: dict[tuple[int, int], str] = {}
        instances = self.random.choice([0, 0, 2, CLIENTS])
        self.clients = [
            Client(self, f"client-{number}", f"instance-{number}" if number < instances else None)
            for number in range(CLIENTS)
        ]

    def run(self) -> None:
        end_ms = self.bench.now_ms + DISTURBED_MS
        self.clients[0].start()
        self.after(self.random.randrange(2_000), self.disturb)
        self.play_until(end_ms)
        self.is_disturbed = False
        self.bench.fails_to_store = False
        if not any(client.is_up for client in self.clients):
            self.clients[0].start()
        for client in self.clients:
            client.asleep_until_ms = 0
        self.play_until(end_ms + CALM_WITHIN_MS)
        self.check_calm()

    def after(self, delay_ms: int, event: Callable[[], None]) -> None:
        self.sequence += 1
        heapq.heappush(self.events, (self.bench.now_ms + delay_ms, self.sequence, event))

    def play_until(self, end_ms: int) -> None:
        """Let events and deadlines come in the order of their times."""
        while True:
            next_ms = min(self.events[0][0] if self.events else end_ms, end_ms)
            deadline_ms = self.bench.timers.next_deadline_ms()
            if deadline_ms is not None and deadline_ms <= next_ms:
                self.let_pass(max(deadline_ms, self.bench.now_ms))
                continue
            self.let_pass(next_ms)
            if not self.events or self.events[0][0] > end_ms:
                return
            heapq.heappop(self.events)[2]()

    def let_pass(self, time_ms: int) -> None:
        try:
            self.bench.advance(time_ms - self.bench.now_ms)
        except StoreError:
            # The coordinator has dropped its groups, and their deadlines with them.
            return

    # What goes wrong.

    def disturb(self) -> None:
        if not self.is_disturbed:
            return
        self.random.choice(
            [
                self.start_somebody,
                self.start_somebody,
                self.crash_somebody,
                self.stop_somebody,
                self.put_somebody_to_sleep,
                self.change_somebody,
                self.kill_broker,
                self.fail_to_store,
            ]
        )()
        self.after(self.random.randrange(50, 4_000), self.disturb)

    def somebody(self, *, up: bool) -> "Client | None":
        candidates = [client for client in self.clients if client.is_up is up]
        return self.random.choice(candidates) if candidates else None

    def start_somebody(self) -> None:
        if client := self.somebody(up=False):
            client.start()

    def crash_somebody(self) -> None:
        if client := self.somebody(up=True):
            client.stop()

    def stop_somebody(self) -> None:
        if client := self.somebody(up=True):
            if client.member_id and client.instance is None:
                self.bench_call(lambda: self.bench.leave(client.member_id))
            client.stop()

    def put_somebody_to_sleep(self) -> None:
        if client := self.somebody(up=True):
            client.asleep_until_ms = self.bench.now_ms + self.random.randrange(2 * SESSION_MS)

    def change_somebody(self) -> None:
        if client := self.somebody(up=True):
            client.metadata = self.random.randbytes(2)
            client.join()

    def kill_broker(self) -> None:
        for answer in self.answers:
            answer.is_abandoned = True
        self.answers.clear()
        self.bench.restart()

    def fail_to_store(self) -> None:
        self.bench.fails_to_store = True

        def recover() -> None:
            self.bench.fails_to_store = False

        self.after(self.random.randrange(500), recover)

    # The network.

    def send(self, ask: Callable[[], Any], receive: Callable[[Any], None]) -> None:
        """Carry a request to the broker and its answer back, perhaps."""
        self.after(self.delay_ms(), lambda: self.deliver(ask, receive))
        if self.is_disturbed and self.random.random() < 0.05:
            self.after(self.delay_ms(), lambda: self.deliver(ask, lambda _: None))

    def delay_ms(self) -> int:
        if self.is_disturbed and self.random.random() < 0.05:
            return self.random.randrange(5_000)
        return self.random.randrange(1, 20)

    def deliver(self, ask: Callable[[], Any], receive: Callable[[Any], None]) -> None:
        if self.is_disturbed and self.random.random() < 0.03:
            return
        answer = self.bench_call(ask)
        if answer is None:
            return
        if not isinstance(answer, Answer):
            self.carry_back(answer, receive)
            return
        self.answers = [each for each in self.answers if not each.done()]
        self.answers.append(answer)
        if answer.done():
            self.carry_back(answer.response, receive)
        else:
            self.wait_for(answer, receive)

    def wait_for(self, answer: Answer, receive: Callable[[Any], None]) -> None:
        def set_result(response: Any) -> None:
            Answer.set_result(answer, response)
            self.carry_back(response, receive)

        answer.set_result = set_result  # type: ignore[method-assign]

    def carry_back(self, response: Any, receive: Callable[[Any], None]) -> None:
        if not (self.is_disturbed and self.random.random() < 0.03):
            self.after(self.delay_ms(), lambda: receive(response))

    def bench_call(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except StoreError:
            return None  # The connection gets an error that says nothing; the client retries.

    # What must hold.

    def own(self, generation_id: int, assignment: bytes, owner: str) -> None:
        """Note what a member was assigned, the moment that it learns it."""
        for partition in assignment:
            known = self.owners.setdefault((generation_id, partition), owner)
            assert known == owner, f"{partition} in {generation_id}: {known} and {owner}"

    def check_calm(self) -> None:
        group = self.bench.group()
        alive = [client for client in self.clients if client.is_up]
        assert group.state is GroupState.STABLE
        assert set(group.members) == {client.member_id for client in alive}
        assert {client.generation_id for client in alive} == {group.generation_id}
        owned = sorted(partition for client in alive for partition in client.assignment)
        assert owned == list(PARTITIONS)
        assert not [answer for answer in self.answers if not answer.done()]
        Bench._compare(self.bench)


class Client:
    """A consumer as the clients' libraries have it: join, sync, heartbeat, and start over."""

    def __init__(self, simulation: Simulation, name: str, instance: str | None) -> None:
        self.simulation = simulation
        self.name = name
        self.instance = instance
        self.metadata = b""
        self.is_up = False
        self.asleep_until_ms = 0
        self.turn = 0  # Answers and alarms of an earlier turn mean nothing any more.
        self.forget()

    def forget(self) -> None:
        self.member_id = ""
        self.generation_id = -1
        self.assignment = b""

    def start(self) -> None:
        self.is_up = True
        self.forget()
        self.join()

    def stop(self) -> None:
        self.is_up = False
        self.turn += 1

    # Doing things in turn.

    def ask(self, ask: Callable[[], Any], receive: Callable[[Any], None], timeout_ms: int) -> None:
        """Begin a turn: ask, and start over when no answer comes."""
        self.turn += 1
        turn = self.turn
        self.simulation.send(ask, lambda response: self.in_turn(turn, lambda: receive(response)))
        self.simulation.after(timeout_ms, lambda: self.in_turn(turn, self.join))

    def in_turn(self, turn: int, act: Callable[[], None]) -> None:
        if turn != self.turn or not self.is_up:
            return
        asleep_ms = self.asleep_until_ms - self.simulation.bench.now_ms
        if asleep_ms > 0:
            self.simulation.after(asleep_ms, lambda: self.in_turn(turn, act))
        else:
            act()

    def later(self, delay_ms: int, act: Callable[[], None]) -> None:
        self.turn += 1
        turn = self.turn
        self.simulation.after(delay_ms, lambda: self.in_turn(turn, act))

    # The protocol.

    def join(self) -> None:
        self.assignment = b""
        member_id, metadata = self.member_id, self.metadata
        self.ask(
            lambda: self.simulation.bench.join(
                member_id,
                instance=self.instance,
                protocols={"range": metadata},
                session_ms=SESSION_MS,
                rebalance_ms=REBALANCE_MS,
                client_id=self.name,
            ),
            self.joined,
            REBALANCE_MS + REQUEST_TIMEOUT_MS,
        )

    def joined(self, response: Any) -> None:
        if response.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            self.member_id = response.member_id
            self.join()
            return
        if response.error_code != ErrorCode.NONE:
            self.refused(response.error_code)
            return
        self.member_id = response.member_id
        self.generation_id = response.generation_id
        assignments: dict[str, bytes] = {}
        if response.leader == self.member_id and not response.skip_assignment:
            ids = [member.member_id for member in response.members]
            for partition in PARTITIONS:
                member_id = ids[partition % len(ids)]
                assignments[member_id] = assignments.get(member_id, b"") + bytes([partition])
        self.sync(assignments)

    def sync(self, assignments: dict[str, bytes]) -> None:
        member_id, generation_id = self.member_id, self.generation_id
        self.ask(
            lambda: self.simulation.bench.sync(
                member_id, generation_id, assignments, instance=self.instance
            ),
            self.synced,
            REBALANCE_MS + REQUEST_TIMEOUT_MS,
        )

    def synced(self, response: Any) -> None:
        if response.error_code != ErrorCode.NONE:
            self.refused(response.error_code)
            return
        self.assignment = response.assignment
        self.simulation.own(self.generation_id, self.assignment, self.instance or self.member_id)
        self.later(HEARTBEAT_MS, self.heartbeat)

    def heartbeat(self) -> None:
        member_id, generation_id = self.member_id, self.generation_id
        self.ask(
            lambda: self.simulation.bench.heartbeat(
                member_id, generation_id, instance=self.instance
            ),
            self.heard,
            REQUEST_TIMEOUT_MS,
        )

    def heard(self, code: ErrorCode) -> None:
        if code is ErrorCode.NONE:
            self.later(HEARTBEAT_MS, self.heartbeat)
        else:
            self.refused(code)

    def refused(self, code: int) -> None:
        match ErrorCode(code):
            case ErrorCode.UNKNOWN_MEMBER_ID:
                self.forget()
            case ErrorCode.FENCED_INSTANCE_ID:
                # A late request of its own took its place; a supervisor starts it again.
                self.forget()
            case ErrorCode.ILLEGAL_GENERATION:
                self.generation_id = -1
            case ErrorCode.REBALANCE_IN_PROGRESS | ErrorCode.NOT_COORDINATOR:
                pass
            case other:
                raise AssertionError(f"{self.name} was told {other.name}")
        self.assignment = b""
        self.later(BACKOFF_MS, self.join)
