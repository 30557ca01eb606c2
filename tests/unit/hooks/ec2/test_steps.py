"""The steps of a cluster are asked for together, and one that EMR does not know spoils no other's answer."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from airflow_emr_pipelines.hooks.compute import JobLogs
from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps
from airflow_emr_pipelines.operators.waiting import GRACE_OF_A_KILLED_TASK
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.ec2.states import ClusterState
from airflow_emr_pipelines.specs.values.keys import name_with_key
from tests.unit.hooks.ec2.told_emr import NOON, ToldEmr, cluster, key, minutes, step

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


def test_each_call_of_a_cancellation_is_repeated_until_its_answer_is_clear(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_emr_pipelines.hooks.sending.pauses", lambda: itertools.repeat(0.0))
    emr = ToldEmr(steps=[step("s-1"), step("s-2", "COMPLETED")])
    emr.refused = {"s-1": "not now"}
    for call in ("interrupt s-1", "list steps", "kill s-2"):
        emr.faults[call].append(LOST)
    assert steps_in(emr).refusals(["s-1"], kill=False) == {"s-1": "not now"}
    emr.refused = {}
    emr.steps[0] = step("s-1", "CANCELLED")
    steps_in(emr).cancel(["s-2"], grace=0.0, sleep=lambda _: None)
    unclear = [record.message.partition(" got no clear answer")[0] for record in caplog.records]
    assert [call for call in unclear if " " not in call] == ["CancelSteps", "ListSteps"]
    assert "interrupt s-2" in emr.done


def test_steps_are_those_of_a_cluster_a_connection_and_a_region() -> None:
    emr = ToldEmr()
    steps = EmrSteps.of({"cluster_id": "j-1"}, "prod", "eu-west-1", emr)
    assert (steps.cluster_id, steps.aws_conn_id, steps.hook, steps.fields) == (
        "j-1",
        "prod",
        emr,
        {"cluster_id": "j-1"},
    )
    place = EmrSteps.of({"cluster_id": "j-1"}, None, "eu-west-1").location
    assert (place.backend, place.id, place.region) == ("ec2", "j-1", "eu-west-1")
    with pytest.raises(KeyError, match="cluster_id"):
        EmrSteps.of({}, None, None)


def test_what_has_not_ended_is_known_whoever_added_it() -> None:
    states = {"s-1": "RUNNING", "s-2": "PENDING", "s-3": "COMPLETED", "s-4": "CANCEL_PENDING", "s-5": "FAILED"}
    emr = ToldEmr(steps=[step(name, state) for name, state in states.items()], page=2)
    assert [one.id for one in steps_in(emr).unfinished()] == ["s-1", "s-2", "s-4"]


# --- its logs, wherever they are


STEP_FOLDER = "j-1/steps/s-1"
FAILED = replace(step("s-1", "FAILED"), started=NOON.isoformat())


@pytest.fixture
def stored() -> Iterator[ToldEmr]:
    """A cluster whose logs go to S3 and CloudWatch, in buckets and groups that are there and empty."""
    with mock_aws():
        emr = ToldEmr(cluster("j-1", log_uri="s3://emr-logs/"))
        emr.s3 = boto3.client("s3", region_name="us-east-1")
        emr.logs = boto3.client("logs", region_name="us-east-1")
        emr.s3.create_bucket(Bucket="emr-logs")
        yield emr


def store(emr: ToldEmr, **files: str) -> None:
    for name, text in files.items():
        emr.s3.put_object(Bucket="emr-logs", Key=f"{STEP_FOLDER}/{name}", Body=text.encode())


def watch(emr: ToldEmr, **files: str) -> None:
    """Files in CloudWatch, below a prefix of the cluster's own."""
    emr.clusters["j-1"] = replace(emr.clusters["j-1"], log_group="emr", log_stream_prefix="daily")
    emr.logs.create_log_group(logGroupName="emr")
    for name, text in files.items():
        stream = {"logGroupName": "emr", "logStreamName": f"daily/{STEP_FOLDER}/{name}"}
        emr.logs.create_log_stream(**stream)
        emr.logs.put_log_events(**stream, logEvents=[{"timestamp": int(time.time() * 1000), "message": text}])


def lines_of(found: JobLogs) -> dict[str, tuple[str, ...]]:
    return {file.name: file.lines for file in found.files}


def read(emr: ToldEmr, report: StepReport = FAILED) -> JobLogs:
    return steps_in(emr).log_files(report, log=logging.getLogger("task"))


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.usefixtures("at_once")
class TestLogs:
    @pytest.fixture
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("airflow_emr_pipelines.settings.log_wait_seconds", lambda: 0.25)

    def test_they_are_read_from_where_the_cluster_puts_them(
        self, stored: ToldEmr, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        store(stored, controller="ended", stderr="oh no")
        found = read(stored)
        assert (lines_of(found), found.lost) == ({"controller": ("ended",), "stderr": ("oh no",)}, None)
        assert "Reading the logs of step s-1 from s3://emr-logs/j-1/steps/s-1/" in caplog.messages

    def test_those_in_cloudwatch_are_not_read_twice_nor_the_others_waited_for(
        self, stored: ToldEmr, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("airflow_emr_pipelines.settings.log_wait_seconds", lambda: 3600.0)
        caplog.set_level(logging.INFO)
        watch(stored, stderr="at once")
        assert lines_of(read(stored)) == {"stderr": ("at once",)}
        store(stored, controller="ended", stderr="late")
        assert lines_of(read(stored)) == {"stderr": ("at once",), "controller": ("ended",)}
        assert "Reading the logs of step s-1 from CloudWatch log group emr, streams daily/j-1…" in caplog.messages
        assert warnings_in(caplog) == []

    def test_a_cluster_without_a_folder_for_them_may_have_them_in_cloudwatch_alone(
        self, stored: ToldEmr, caplog: pytest.LogCaptureFixture
    ) -> None:
        stored.clusters["j-1"] = replace(stored.clusters["j-1"], log_uri=None)
        assert read(stored).files == []
        assert warnings_in(caplog) == ["Cluster j-1 has no log URI, so the step's logs are nowhere to be read"]
        caplog.clear()
        watch(stored, stderr="at once")
        assert lines_of(read(stored)) == {"stderr": ("at once",)}
        assert warnings_in(caplog) == []

    def test_a_step_may_have_a_folder_where_its_cluster_has_none(self, stored: ToldEmr) -> None:
        stored.clusters["j-1"] = replace(stored.clusters["j-1"], log_uri=None)
        store(stored, stderr="oh no")
        assert lines_of(read(stored, replace(FAILED, log_uri="s3://emr-logs/"))) == {"stderr": ("oh no",)}

    def test_where_none_came_it_is_said_how_long_they_were_waited_for(
        self, stored: ToldEmr, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert read(stored) == JobLogs([])
        assert warnings_in(caplog) == ["No logs of step s-1 under s3://emr-logs/j-1/steps/s-1/ after 0.25 s"]

    def test_a_step_that_never_started_has_none(self, stored: ToldEmr, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        store(stored, stderr="of another")
        assert read(stored, step("s-1", "CANCELLED")) == JobLogs()
        assert caplog.messages == ["Step s-1 never started, so it has no logs"]

    def test_a_cluster_that_was_lost_is_told_with_them(self, stored: ToldEmr) -> None:
        state = ClusterState.TERMINATED_WITH_ERRORS
        stored.clusters["j-1"] = replace(
            stored.clusters["j-1"], state=state, code="INSTANCE_FAILURE", message="All slaves failed"
        )
        store(stored, stderr="oh no")
        found = read(stored)
        assert found.lost == "its cluster was lost, INSTANCE_FAILURE: All slaves failed"
        assert lines_of(found) == {"stderr": ("oh no",)}

    def test_a_cluster_that_may_not_be_described_costs_the_logs_and_no_more(
        self, stored: ToldEmr, caplog: pytest.LogCaptureFixture
    ) -> None:
        store(stored, stderr="oh no")
        stored.faults["describe j-1"].append(refusal("AccessDeniedException"))
        assert read(stored) == JobLogs()
        (said,) = caplog.messages
        assert said.startswith("Where the logs of step s-1 are is not known: ")
        assert "AccessDeniedException" in said

    def test_a_description_is_asked_for_again_as_long_as_logs_are_waited_for(
        self, stored: ToldEmr, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("airflow_emr_pipelines.hooks.sending.pauses", lambda: iter([0.0, 1.0]))
        store(stored, stderr="oh no")
        stored.faults["describe j-1"] += [LOST, LOST]
        assert read(stored) == JobLogs()
        assert caplog.messages[0].startswith("DescribeCluster got no clear answer")
        assert caplog.messages[1].startswith("Where the logs of step s-1 are is not known: Read timeout")
