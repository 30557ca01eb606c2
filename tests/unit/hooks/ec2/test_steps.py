"""The steps of a cluster are asked for together, and one that EMR does not know spoils no other's answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps
from airflow_emr_pipelines.operators.waiting import GRACE_OF_A_KILLED_TASK
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.values.keys import name_with_key
from tests.unit.hooks.ec2.told_emr import NOON, ToldEmr, key, minutes, step

KNOWN = {f"s-{number:02}": "COMPLETED" for number in range(12)} | {"s-running": "RUNNING"}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "ListSteps")


class Hook(EmrHook):
    """EMR's ListSteps: at most ten ids a call, and none that it does not know."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str] | None] = []

    def list_steps(self, cluster_id: str, **filters: Any) -> Iterator[list[StepReport]]:
        ids = filters.get("StepIds")
        self.asked.append(ids)
        if ids and not set(ids) <= set(KNOWN):
            raise refusal("InvalidRequestException")
        wanted = ids or [step for step, state in KNOWN.items() if state in filters["StepStates"]]
        yield [StepReport.from_answer(cluster_id, {"Id": i, "Name": i, "Status": {"State": KNOWN[i]}}) for i in wanted]


@pytest.fixture
def steps() -> EmrSteps:
    steps = EmrSteps("j-1", None, "us-east-1")
    steps.hook = Hook()
    return steps


def test_many_steps_take_few_calls(steps: EmrSteps) -> None:
    reports, calls = steps.reports(list(KNOWN))
    assert set(reports) == set(KNOWN)
    assert calls == 3


def test_a_step_that_emr_does_not_know_is_refused_alone(steps: EmrSteps) -> None:
    reports, calls = steps.reports(["s-00", "s-running", "s-typo", "s-01"])
    assert {name for name, report in reports.items() if isinstance(report, StepReport)} == {"s-00", "s-running", "s-01"}
    assert isinstance(reports["s-typo"], ClientError)
    assert calls == 5


def test_a_refusal_of_the_whole_listing_is_raised(steps: EmrSteps, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise refusal("AccessDeniedException")

    monkeypatch.setattr(steps.hook, "list_steps", denied)
    with pytest.raises(ClientError, match="AccessDenied"):
        steps.reports(["s-00"])


class Ending(EmrSteps):
    """Steps that end so many seconds after they are interrupted, or killed."""

    def __init__(self, interrupted: float, killed: float = 1.0) -> None:
        super().__init__("j-1", None, "us-east-1")
        self.after = {False: interrupted, True: killed}
        self.now, self.ends = 0.0, float("inf")
        self.asked: list[tuple[float, bool]] = []
        self.hook = self  # type: ignore[assignment]

    def cancel_steps(self, cluster_id: str, step_ids: Sequence[str], *, kill: bool = False) -> dict[str, str]:
        self.asked.append((self.now, kill))
        self.ends = min(self.ends, self.now + self.after[kill])
        return {}

    def unfinished(self) -> list[StepReport]:
        step = {"Id": "s-1", "Name": "one", "Status": {"State": "CANCEL_PENDING"}}
        return [] if self.now >= self.ends else [StepReport.from_answer("j-1", step)]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def end(self, grace: float | None = None) -> None:
        self.cancel(["s-1"], grace=grace, sleep=self.sleep, clock=lambda: self.now)


def test_a_step_that_heeds_the_interrupt_is_not_killed() -> None:
    steps = Ending(interrupted=3)
    steps.end()
    assert steps.asked == [(0.0, False)]
    assert 3 <= steps.now <= 5


def test_a_step_that_does_not_is_killed_after_the_grace_and_seen_to_its_end() -> None:
    steps = Ending(interrupted=1000, killed=2)
    steps.end()
    assert steps.asked == [(0.0, False), (5.0, True)]
    assert steps.now >= 7


def test_a_step_of_a_task_that_is_about_to_be_killed_itself_has_less_grace() -> None:
    steps = Ending(interrupted=1000, killed=0.1)
    steps.end(GRACE_OF_A_KILLED_TASK)
    assert steps.asked == [(0.0, False), (GRACE_OF_A_KILLED_TASK, True)]
    assert steps.asked[-1][0] < 5, "Airflow kills a task five seconds after it has told it to end"


def test_a_client_that_is_made_anew_is_so_for_whoever_gave_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that waits in its worker cancels its step, and reads its logs, with what it gave to the watcher."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    hook = EmrHook(None, "us-east-1")
    first, steps = hook.conn, EmrSteps("j-1", None, "us-east-1", hook)
    steps.connect()
    assert hook.conn is first, "at first the one will do that was given"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "second")
    steps.connect()
    assert steps.hook is hook
    assert {client._get_credentials().access_key for client in (hook.conn, hook.unrepeated)} == {"second"}


def test_a_step_that_survives_even_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    steps = Ending(interrupted=1000, killed=1000)
    steps.end()
    assert [record.message for record in caplog.records] == [
        "Steps ['s-1'] have not ended after an interrupt",
        "Steps ['s-1'] have not ended after being killed",
    ]


# --- found and submitted by key, on a cluster that others use as well


OURS, THEIRS = key("o"), key("t")
REQUEST = {"JobFlowId": "j-1", "Steps": [{"Name": name_with_key("clean", OURS)}]}
LOST = ReadTimeoutError(endpoint_url="http://emr")


def steps_in(emr: ToldEmr) -> EmrSteps:
    return EmrSteps("j-1", None, "us-east-1", emr)


def test_of_the_steps_with_a_key_the_newest_is_found_whatever_its_neighbours_are() -> None:
    newest = step("s-3", of=OURS)
    emr = ToldEmr(steps=[step("s-5", of=THEIRS), step("s-4"), newest, step("s-2", of=OURS), step("s-1", of=THEIRS)])
    assert steps_in(emr).find(OURS, NOON) == newest
    assert steps_in(emr).find(key("n"), NOON) is None


def test_a_step_is_looked_for_on_all_pages_that_may_have_it_and_on_no_more() -> None:
    ages = [9, 5, 1, -4, -6, -9]
    neighbours = [step(f"s-{age}", of=THEIRS, created=NOON + minutes(age)) for age in ages]
    emr = ToldEmr(steps=neighbours, page=1)
    assert steps_in(emr).find(OURS, NOON) is None
    assert len(emr.done) == 5, "the page that begins before all that may carry the key is the last"
    just_before = step("s-ours", of=OURS, created=NOON - minutes(4.5))
    emr.steps.insert(4, just_before)
    assert steps_in(emr).find(OURS, NOON) == just_before, "AWS's clock may be behind ours"


def test_a_step_whose_answer_was_lost_is_found_among_its_neighbours() -> None:
    class Busy(ToldEmr):
        def _end(self, what: str) -> None:
            self.steps.insert(0, step("s-neighbour", of=THEIRS))
            super()._end(what)

    emr = Busy(steps=[step("s-earlier", "FAILED", of=OURS), step("s-1", of=THEIRS)])
    emr.lost["add"].append(LOST)
    assert steps_in(emr).submit(REQUEST, OURS, NOON, earlier="s-earlier") == "s-made-2"
    assert emr.done.count("add") == 1


def test_the_step_of_the_attempt_before_is_not_what_another_try_has_added() -> None:
    emr = ToldEmr(steps=[step("s-neighbour", of=THEIRS), step("s-earlier", "FAILED", of=OURS)])
    made = steps_in(emr).submit(REQUEST, OURS, NOON, earlier="s-earlier", unsent=0.0)
    assert made == "s-made-2"
    assert steps_in(emr).submit(REQUEST, OURS, NOON, earlier="s-earlier", unsent=0.0) == made
    assert emr.done.count("add") == 1, "what another try has added is taken"


def test_what_a_step_runs_as_goes_with_it() -> None:
    asked: list[str | None] = []

    class Roles(ToldEmr):
        def add_step(self, cluster_id: str, step: Mapping[str, Any], *, execution_role_arn: str | None = None) -> str:
            asked.append(execution_role_arn)
            return super().add_step(cluster_id, step)

    request = {**REQUEST, "ExecutionRoleArn": "arn:aws:iam::123456789012:role/job"}
    steps_in(Roles()).submit(request, OURS, NOON)
    assert asked == ["arn:aws:iam::123456789012:role/job"]


# --- cancelled by whoever wants to know what could not be


def test_a_step_that_is_ending_or_has_ended_all_the_same_was_not_refused() -> None:
    states = {
        "s-running": "RUNNING",
        "s-pending": "PENDING",
        "s-ending": "CANCEL_PENDING",
        "s-cancelled": "CANCELLED",
        "s-failed": "FAILED",
    }
    emr = ToldEmr(steps=[step(name, state) for name, state in states.items()])
    emr.refused = {**{name: f"{state} is refused" for name, state in states.items()}, "s-unknown": "is not valid"}
    assert steps_in(emr).refusals([*emr.refused], kill=False) == {
        "s-running": "RUNNING is refused",
        "s-pending": "PENDING is refused",
        "s-unknown": "is not valid",
    }


def test_where_nothing_is_refused_nothing_is_looked_at() -> None:
    emr = ToldEmr(steps=[step("s-1"), step("s-2")])
    assert steps_in(emr).refusals(["s-2", "s-1"], kill=True) == {}
    assert emr.done == ["kill s-1 s-2"]
