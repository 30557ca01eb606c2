"""One poller serves all who wait on the same compute, and goes on through every fault that may pass."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection, Mapping, Sequence

import pytest
from asgiref.sync import async_to_sync
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    NoCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from airflow_emr_pipelines.errors import UnknownState
from airflow_emr_pipelines.specs.reports import Report
from airflow_emr_pipelines.triggers import watcher
from airflow_emr_pipelines.triggers.watcher import Budget, watcher_of
from tests.unit.small_compute import SmallCompute, step
from tests.unit.triggers.virtual_time import run_at_once


def error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}, "X")  # type: ignore[typeddict-item]


class Steps(SmallCompute):
    """A compute whose steps go on by one state at each look; faults come first."""

    def __init__(self, *faults: Exception, states: Collection[str] = ("PENDING", "RUNNING", "COMPLETED")) -> None:
        super().__init__()
        self.faults = list(faults)
        self.states = list(states)
        self.looks: list[Collection[str]] = []
        self.connections = 0

    def connect(self) -> None:
        self.connections += 1

    def reports(self, ids: Collection[str]) -> tuple[Mapping[str, Report | Exception], int]:
        if self.faults:
            raise self.faults.pop(0)
        self.looks.append(set(ids))
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        answers = {step_id: step(step_id, state) for step_id in ids}
        return answers, 1


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "pauses", lambda: iter([0.001] * 1000))


async def states_of(
    source: Steps,
    step_id: str,
    *,
    poll_seconds: float = 0.005,
    calls_per_second: float = 10_000,
    patience: float = 5,
) -> list[str]:
    seen: list[str] = []
    source.calls_per_second = calls_per_second
    watching = watcher_of(source)
    async with watching.waiting_for(step_id, poll_seconds) as reports:
        while True:
            report = await asyncio.wait_for(reports.get(), patience)
            if isinstance(report, Exception):
                raise report
            if not seen or seen[-1] != report.state.value:
                seen.append(report.state.value)
            if report.state.finished:
                return seen


def test_a_waiter_sees_each_state_until_the_end() -> None:
    assert asyncio.run(states_of(Steps(), "s-1")) == ["PENDING", "RUNNING", "COMPLETED"]


def test_a_hundred_waiters_cost_the_looks_of_one() -> None:
    async def all_of(source: Steps) -> list[list[str]]:
        return await asyncio.gather(*(states_of(source, f"s-{n}") for n in range(100)))

    source = Steps(states=["RUNNING"] * 3 + ["COMPLETED"])
    assert all(seen[-1] == "COMPLETED" for seen in asyncio.run(all_of(source)))
    assert len(source.looks) <= 6
    assert source.connections == 1


@pytest.mark.parametrize(
    "fault",
    [
        error("ThrottlingException"),
        error("InternalServerException", 500),
        error("ServiceUnavailable", 503),
        ConnectionClosedError(endpoint_url="http://emr"),
        ProxyConnectionError(proxy_url="http://proxy"),
        SSLError(endpoint_url="http://emr", error=OSError("EOF occurred in violation of protocol")),
        NoCredentialsError(),
        RuntimeError("Airflow's database is away"),
        UnknownState("step s-1", "PONDERING"),
    ],
    ids=lambda fault: type(fault).__name__ + str(fault)[-60:],
)
def test_a_fault_that_may_pass_ends_no_wait_however_often_it_comes(fault: Exception) -> None:
    source = Steps(*[fault] * 50)
    assert asyncio.run(states_of(source, "s-1"))[-1] == "COMPLETED"
    assert source.connections == 1


def test_an_expired_session_is_renewed() -> None:
    source = Steps(error("ExpiredTokenException"))
    assert asyncio.run(states_of(source, "s-1"))[-1] == "COMPLETED"
    assert source.connections == 2


def test_a_refusal_is_told_to_every_waiter() -> None:
    async def all_of(source: Steps) -> list[BaseException | list[str]]:
        return await asyncio.gather(*(states_of(source, f"s-{n}") for n in range(3)), return_exceptions=True)

    answers = asyncio.run(all_of(Steps(error("AccessDeniedException"))))
    assert ["AccessDenied" in str(answer) for answer in answers] == [True] * 3


def test_what_keeps_any_call_from_being_made_ends_the_wait_only_when_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "PATIENCE", 0.02)
    with pytest.raises(NoCredentialsError):
        asyncio.run(states_of(Steps(*[NoCredentialsError()] * 1000), "s-1"))


def test_what_keeps_a_call_from_being_made_lasts_from_the_last_good_look_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away for one look, long after the first, ends no wait."""

    class ForHours(Steps):
        def reports(self, ids: Collection[str]) -> tuple[Mapping[str, Report | Exception], int]:
            if away and len(self.looks) == away[0]:
                away.pop(0)
                raise NoCredentialsError
            return super().reports(ids)

    away = [30, 60, 90]
    source = ForHours(states=["RUNNING"] * 100 + ["COMPLETED"])
    seen, seconds = run_at_once(states_of(source, "s-1", poll_seconds=60.0, patience=600.0), monkeypatch)
    assert away == []
    assert seen == ["RUNNING", "COMPLETED"]
    assert seconds > 6 * watcher.PATIENCE


@pytest.mark.parametrize("lasting", [0.9, 1.1])
def test_what_keeps_any_call_from_being_made_for_long_ends_the_wait(
    monkeypatch: pytest.MonkeyPatch, lasting: float
) -> None:
    monkeypatch.setattr(watcher, "pauses", lambda: iter([30.0] * 1000))
    source = Steps(*[NoCredentialsError()] * int(lasting * watcher.PATIENCE / 30))
    waiting = states_of(source, "s-1", poll_seconds=60.0, patience=6000.0)
    if lasting < 1:
        assert run_at_once(waiting, monkeypatch)[0][-1] == "COMPLETED"
    else:
        with pytest.raises(NoCredentialsError):
            run_at_once(waiting, monkeypatch)


def test_a_look_that_took_many_calls_is_paid_for_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    class OfManyPages(Steps):
        def reports(self, ids: Collection[str]) -> tuple[Mapping[str, Report | Exception], int]:
            answers, _ = super().reports(ids)
            return answers, 10

    source = OfManyPages(states=["RUNNING"] * 20 + ["COMPLETED"])
    waiting = states_of(source, "s-1", poll_seconds=0.1, calls_per_second=0.5, patience=600.0)
    _, seconds = run_at_once(waiting, monkeypatch)
    calls = 20 * 10 + 1
    assert seconds == pytest.approx((calls - watcher.BURST) / 0.5)


def test_a_fault_of_the_poller_itself_is_told_to_every_waiter_instead_of_leaving_them_to_wait() -> None:
    class WithoutACount(Steps):
        def reports(self, ids: Collection[str]) -> tuple[Mapping[str, Report | Exception], int]:
            return {}, None  # type: ignore[return-value]

    async def all_of(source: Steps) -> list[BaseException | list[str]]:
        return await asyncio.gather(*(states_of(source, f"s-{n}") for n in range(3)), return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(all_of(WithoutACount()))] == [TypeError] * 3


def test_an_id_that_is_refused_is_told_to_who_waits_for_it_and_to_no_other() -> None:
    class WithOneUnknown(Steps):
        def reports(self, ids: Collection[str]) -> tuple[Mapping[str, Report | Exception], int]:
            answers, calls = super().reports(ids)
            return {**answers, "s-unknown": error("InvalidRequestException")}, calls

    async def both() -> Sequence[BaseException | list[str]]:
        source = WithOneUnknown()
        return await asyncio.gather(states_of(source, "s-1"), states_of(source, "s-unknown"), return_exceptions=True)

    good, unknown = asyncio.run(both())
    assert good == ["PENDING", "RUNNING", "COMPLETED"]
    assert "InvalidRequestException" in str(unknown)


def test_nothing_is_kept_of_a_compute_for_which_nobody_waits_any_more() -> None:
    async def after() -> bool:
        await states_of(Steps(), "s-1")
        return bool(watcher._watchers[asyncio.get_running_loop()])

    assert not asyncio.run(after())


def test_the_looks_are_as_frequent_as_those_who_still_wait_ask_for() -> None:
    async def pauses_of() -> list[float]:
        watching = watcher_of(Steps(states=["RUNNING"]))
        async with watching.waiting_for("s-1", 60.0):
            alone = watching._pause()
            async with watching.waiting_for("s-1", 5.0):
                both = watching._pause()
            return [alone, both, watching._pause()]

    assert asyncio.run(pauses_of()) == [60.0, 5.0, 60.0]


def test_a_connection_that_hangs_holds_up_no_other() -> None:
    release = threading.Event()

    class Hanging(Steps):
        account = "another account"

        def connect(self) -> None:
            release.wait(30)

    async def beside() -> list[str]:
        stuck = [Hanging() for _ in range(40)]
        for number, source in enumerate(stuck):
            source.identity = number
        waits = [asyncio.create_task(states_of(source, "s-1")) for source in stuck]
        await asyncio.sleep(0.05)
        seen = await states_of(Steps(), "s-1")
        for wait in waits:
            wait.cancel()
        release.set()
        await asyncio.gather(*waits, return_exceptions=True)
        return seen

    assert asyncio.run(beside()) == ["PENDING", "RUNNING", "COMPLETED"]


def test_the_poller_stops_when_the_last_waiter_leaves_and_starts_again_for_the_next() -> None:
    async def twice() -> tuple[bool, list[str]]:
        source = Steps(states=["RUNNING"])
        watching = watcher_of(source)
        async with watching.waiting_for("s-1", 0.005) as reports:
            await reports.get()
        await asyncio.sleep(0)
        assert watching.polling is not None
        stopped = (
            watching.polling.cancelled() or watching.polling.cancelling() > 0
            if hasattr(watching.polling, "cancelling")
            else True
        )
        source.states = ["COMPLETED"]
        return stopped, await states_of(source, "s-2")

    stopped, seen = asyncio.run(twice())
    assert stopped
    assert seen == ["COMPLETED"]


def test_a_budget_lets_a_few_calls_follow_at_once_and_then_keeps_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)

    monkeypatch.setattr("airflow_emr_pipelines.triggers.watcher.time.monotonic", lambda: now)
    monkeypatch.setattr("airflow_emr_pipelines.triggers.watcher.asyncio.sleep", sleep)
    budget = Budget(0.25)

    async def spend(calls: int) -> None:
        for _ in range(calls):
            await budget.spend()

    asyncio.run(spend(watcher.BURST))
    assert slept == []
    asyncio.run(spend(10))
    assert now == pytest.approx(40)


def test_what_was_not_spent_in_a_quiet_time_is_not_saved_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def spend_after_an_hour() -> float:
        budget = Budget(0.25)
        await asyncio.sleep(3600)
        for _ in range(20):
            await budget.spend()
        return asyncio.get_running_loop().time() - 3600

    took, _ = run_at_once(spend_after_an_hour(), monkeypatch)
    assert took == pytest.approx((20 - watcher.BURST) / 0.25)


def test_calls_that_are_owed_are_waited_for_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    async def spend_with_a_debt() -> None:
        budget = Budget(0.25)
        budget.charge(1000)
        await budget.spend()

    assert run_at_once(spend_with_a_debt(), monkeypatch)[1] == pytest.approx((1001 - watcher.BURST) / 0.25)


def test_a_call_that_is_not_made_after_all_is_not_waited_for() -> None:
    async def tokens() -> float:
        budget = Budget(0.25)
        budget.charge(watcher.BURST)
        waiting = [asyncio.create_task(budget.spend()) for _ in range(50)]
        await asyncio.sleep(0)
        for spending in waiting:
            spending.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return budget.tokens

    assert asyncio.run(tokens()) == pytest.approx(0, abs=0.1)


def test_the_look_up_of_a_connection_goes_to_its_end_though_its_last_waiter_has_left() -> None:
    """One that is cut leaves its answer, in an Airflow before 3.3, to whoever asks next."""
    begun, ends = asyncio.Event(), asyncio.Queue[str]()

    class Slow(Steps):
        def connect(self) -> None:
            async_to_sync(self.look_up)()

        async def look_up(self) -> None:
            begun.set()
            try:
                await asyncio.sleep(0.2)
                ends.put_nowait("whole")
            except asyncio.CancelledError:
                ends.put_nowait("cut")
                raise

    async def come_and_go() -> str:
        async with watcher_of(Slow()).waiting_for("s-1", 0.005):
            await asyncio.wait_for(begun.wait(), 5)
        return await asyncio.wait_for(ends.get(), 5)

    assert asyncio.run(come_and_go()) == "whole"
