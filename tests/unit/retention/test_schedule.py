"""Jobs that run again and again, on a clock that the test moves."""

import asyncio
import logging

import pytest

from pybroker.errors import ErrorCode, KafkaError
from pybroker.retention.schedule import Job, Schedule
from pybroker.timers import Timers


class Setting:
    """A schedule whose clock and job the test holds."""

    def __init__(self) -> None:
        self.now_ms = 1_000
        self.timers = Timers(lambda _deadline_ms: None)
        self.bugs: list[str] = []
        self.schedule = Schedule(
            self.timers, lambda: self.now_ms, lambda what, _error: self.bugs.append(what)
        )
        self.started: list[int] = []
        self.ending: asyncio.Event | None = None
        self.failure: Exception | None = None

    async def job(self) -> None:
        self.started.append(self.now_ms)
        if self.ending is not None:
            await self.ending.wait()
        if self.failure is not None:
            raise self.failure

    async def advance_to(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.timers.fire(now_ms)
        await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run(conversation) -> None:  # type: ignore[no-untyped-def]
    async def main() -> None:
        setting = Setting()
        setting.schedule.add(Job("The job", setting.job, 300, 1_000))
        await conversation(setting)

    asyncio.run(main())


def test_a_job_runs_after_its_first_delay_and_then_at_its_interval() -> None:
    async def conversation(setting: Setting) -> None:
        for now_ms in (1_299, 1_300, 2_299, 2_300, 2_301, 3_300):
            await setting.advance_to(now_ms)
        assert setting.started == [1_300, 2_300, 3_300]

    run(conversation)


def test_a_job_that_takes_long_is_not_begun_twice() -> None:
    async def conversation(setting: Setting) -> None:
        setting.ending = asyncio.Event()
        await setting.advance_to(1_300)
        await setting.advance_to(9_000)
        assert setting.started == [1_300]
        setting.ending.set()
        await settled()
        await setting.advance_to(9_000)
        assert setting.started == [1_300, 9_000]

    run(conversation)


def test_a_job_that_may_overlap_begins_at_its_interval_all_the_same() -> None:
    async def conversation(setting: Setting) -> None:
        setting.ending = asyncio.Event()
        setting.schedule.add(Job("Another", setting.job, 2_000, 1_000, may_overlap=True))
        for now_ms in (1_300, 3_000, 4_000, 5_000):
            await setting.advance_to(now_ms)
        assert setting.started == [1_300, 3_000, 4_000, 5_000]
        setting.ending.set()
        await settled()
        await setting.advance_to(5_999)
        assert setting.started == [1_300, 3_000, 4_000, 5_000, 5_999]
        await setting.advance_to(6_000)
        assert setting.started[5:] == [6_000]

    run(conversation)


def test_a_job_that_fails_is_logged_and_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    async def conversation(setting: Setting) -> None:
        setting.failure = KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, "the disk is gone")
        await setting.advance_to(1_300)
        assert setting.bugs == []
        setting.failure = RuntimeError("not expected")
        await setting.advance_to(2_300)
        assert setting.bugs == ["The job failed"]
        await setting.advance_to(3_300)
        assert setting.started == [1_300, 2_300, 3_300]

    with caplog.at_level(logging.WARNING):
        run(conversation)
    (record,) = caplog.records
    assert record.getMessage() == "The job failed: KAFKA_STORAGE_ERROR: the disk is gone"


def test_nothing_runs_after_the_stop() -> None:
    async def conversation(setting: Setting) -> None:
        setting.ending = asyncio.Event()
        await setting.advance_to(1_300)
        setting.schedule.stop()
        setting.ending.set()
        await settled()
        await setting.advance_to(99_000)
        assert setting.started == [1_300]

    run(conversation)


def test_a_job_that_waits_begins_after_its_new_interval() -> None:
    async def conversation(setting: Setting) -> None:
        setting.schedule.change("The job", 100)
        for now_ms in (1_099, 1_100, 1_200):
            await setting.advance_to(now_ms)
        assert setting.started == [1_100, 1_200]
        setting.schedule.change("The job", 100)
        setting.schedule.change("The job", 5_000)
        await setting.advance_to(6_199)
        assert setting.started == [1_100, 1_200]
        await setting.advance_to(6_200)
        assert setting.started == [1_100, 1_200, 6_200]

    run(conversation)


def test_a_job_that_runs_waits_for_its_new_interval_afterwards() -> None:
    async def conversation(setting: Setting) -> None:
        setting.ending = asyncio.Event()
        await setting.advance_to(1_300)
        setting.schedule.change("The job", 5_000)
        setting.ending.set()
        await settled()
        for now_ms in (6_299, 6_300):
            await setting.advance_to(now_ms)
        assert setting.started == [1_300, 6_300]

    run(conversation)
