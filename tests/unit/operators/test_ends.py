"""How a task ends, and what becomes of its job, when things go wrong around it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from airflow.sdk import DAG
from botocore.exceptions import ClientError, NoCredentialsError
from jinja2 import UndefinedError

from airflow_emr_pipelines import (
    EmrCluster,
    EmrCreateClusterOperator,
    EmrRunStepOperator,
    EmrStepSensor,
    EmrTerminateClusterOperator,
    InstanceGroups,
    OnFailure,
    ShellStep,
)
from airflow_emr_pipelines.errors import (
    BadTriggerEvent,
    ClusterGone,
    DeadlineExceeded,
    StepCancelled,
    StepFailed,
    UnclearAnswer,
    UnknownState,
    WatchRefused,
)
from airflow_emr_pipelines.hooks.compute import Location
from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.values.keys import name_with_key, successor_key
from airflow_emr_pipelines.versions import AirflowException, AirflowSensorTimeout, AirflowSkipException, TaskDeferred

JOB = {"cluster_id": "j-1", "step_id": "s-1"}
CLUSTER = ClusterReport.from_answer(
    {"Id": "j-1", "Name": "standing", "Status": {"State": "WAITING"}, "LogUri": "s3://logs/"}
)


def step_report(state: str, step_id: str = "s-1", name: str = "one") -> StepReport:
    return StepReport.from_answer("j-1", {"Id": step_id, "Name": name, "Status": {"State": state}})


def event(report: StepReport | None = None, *, timed_out: bool = False, refused: str | None = None) -> dict[str, Any]:
    return {"job": JOB, "report": report.to_event() if report else None, "timed_out": timed_out, "refused": refused}


class Emr:
    """What the operators ask of EMR, and what they did."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.connections: list[tuple[str | None, str | None]] = []
        self.faults: dict[str, Exception] = {}
        self.names = {"s-2": "somebody's", "s-3": name_with_key("a neighbour's", "x" * 22)}

    def _do(self, what: str) -> None:
        self.done.append(what)
        if what in self.faults:
            raise self.faults[what]

    def submit(self, request: Any, key: str, *_: Any, **__: Any) -> str:
        self._do("submit")
        self.names["s-1"] = name_with_key("one", key)
        return "s-1"

    def reports(self, ids: Sequence[str]) -> tuple[dict[str, StepReport], int]:
        return {step_id: step_report("RUNNING", step_id, self.names[step_id]) for step_id in ids}, 1

    def describe_cluster(self, cluster_id: str) -> ClusterReport:
        self._do("describe")
        return CLUSTER

    def unfinished(self) -> list[StepReport]:
        return []

    def find(self, key: str, since: datetime) -> None:
        return None

    def cancel(self, ids: Sequence[str], *, grace: float | None = None) -> None:
        self._do(f"cancel {' '.join(ids)}")

    def end(self, cluster_id: str, **_: Any) -> None:
        self._do("end")


@pytest.fixture
def emr(monkeypatch: pytest.MonkeyPatch) -> Emr:
    emr = Emr()

    def asked(name: str) -> Any:
        def ask(self: Any, *arguments: Any, **named: Any) -> Any:
            emr.connections.append((self.aws_conn_id, self.region_name))
            return getattr(emr, name)(*arguments, **named)

        return ask

    for compute in (EmrSteps, EmrClusters):
        for name in ("submit", "unfinished", "find", "reports", "cancel", "end"):
            monkeypatch.setattr(compute, name, asked(name), raising=False)
        monkeypatch.setattr(compute, "location", Location("ec2", "j-1", "us-east-1", "aws_default"))
    monkeypatch.setattr(EmrHook, "describe_cluster", asked("describe_cluster"))
    return emr


@pytest.fixture
def context() -> Any:
    started = datetime(2026, 1, 1, tzinfo=timezone.utc)
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        dag_id="d",
        run_id="r",
        task_id="t",
        map_index=-1,
        try_number=1,
        max_tries=0,
        start_date=started,
        xcom_push=lambda key, value: pushed.update({key: value}),
        xcom_pull=lambda key, task_ids, map_indexes: pushed.get(key),
    )
    return {"ti": ti, "dag_run": SimpleNamespace(start_date=started)}


def operator(word: OnFailure = OnFailure.CANCEL_AND_WAIT, **arguments: Any) -> EmrRunStepOperator:
    step = ShellStep("one", "true", on_failure=word)
    return EmrRunStepOperator(task_id="t", step=step, cluster_id="j-1", **arguments)


def test_logs_that_cannot_be_found_change_nothing_about_a_steps_end(emr: Emr, context: Any) -> None:
    emr.faults["describe"] = RuntimeError("throttled")
    assert operator(show_logs="always").resume(context, event(step_report("COMPLETED")))["state"] == "COMPLETED"
    with pytest.raises(StepFailed):
        operator().resume(context, event(step_report("FAILED")))
    assert operator(OnFailure.CONTINUE).resume(context, event(step_report("FAILED")))["tolerated"] is True


@pytest.mark.parametrize("word", OnFailure)
def test_what_a_step_says_of_its_failure_is_not_done_when_somebody_has_cancelled_it(
    emr: Emr, context: Any, word: OnFailure
) -> None:
    with pytest.raises(StepCancelled):
        operator(word).resume(context, event(step_report("CANCELLED")))
    assert "end" not in emr.done


def test_what_a_step_says_of_its_failure_waits_for_the_last_try(emr: Emr, context: Any) -> None:
    context["ti"].max_tries = 1
    for word in (OnFailure.CONTINUE, OnFailure.TERMINATE_CLUSTER):
        with pytest.raises(StepFailed):
            operator(word).resume(context, event(step_report("FAILED")))
    assert "end" not in emr.done


def test_the_cluster_is_terminated_before_the_logs_are_waited_for(emr: Emr, context: Any) -> None:
    with pytest.raises(StepFailed):
        operator(OnFailure.TERMINATE_CLUSTER).resume(context, event(step_report("FAILED")))
    assert emr.done == ["end", "describe"]


def test_a_cluster_that_cannot_be_terminated_does_not_hide_why_the_step_failed(emr: Emr, context: Any) -> None:
    emr.faults["end"] = RuntimeError("denied")
    with pytest.raises(StepFailed):
        operator(OnFailure.TERMINATE_CLUSTER).resume(context, event(step_report("FAILED")))


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize(
    ("seen", "error"),
    [(event(timed_out=True), DeadlineExceeded), (event(refused="AccessDenied"), WatchRefused)],
    ids=["late", "refused"],
)
def test_a_job_is_cancelled_when_its_wait_fails_and_the_reason_is_told_though_that_fails_too(
    emr: Emr, context: Any, seen: Any, error: type[Exception], lost: bool
) -> None:
    if lost:
        emr.faults["cancel s-1"] = RuntimeError("throttled")
    with pytest.raises(error):
        operator().resume(context, seen)
    assert emr.done == ["cancel s-1"]


@pytest.mark.parametrize(
    ("report", "error"),
    [
        ({"state": "PONDERING", "application_ids": []}, UnknownState),
        ({"state": "COMPLETED", "application_ids": []}, BadTriggerEvent),
        (None, BadTriggerEvent),
    ],
    ids=["a state that nobody knows", "half a report", "no report"],
)
@pytest.mark.parametrize("lost", [False, True])
def test_a_job_is_cancelled_when_what_was_seen_of_it_cannot_be_judged(
    emr: Emr, context: Any, report: Any, error: type[Exception], lost: bool
) -> None:
    if lost:
        emr.faults["cancel s-1"] = RuntimeError("throttled")
    with pytest.raises(error):
        operator().resume(context, {**event(), "report": report})
    assert emr.done == ["cancel s-1"]


@pytest.mark.parametrize(
    "seen",
    [
        *(None, "done", {"job": JOB, "report": None}),
        *({**event(), "job": job} for job in (None, "s-1", {"cluster_id": "j-1"}, {"step_id": "s-1"})),
    ],
)
def test_a_job_is_cancelled_when_its_trigger_comes_back_with_no_event(emr: Emr, context: Any, seen: Any) -> None:
    with pytest.raises(TaskDeferred):
        operator().execute(context)
    with pytest.raises(BadTriggerEvent):
        operator().resume(context, seen)
    assert emr.done[-1] == "cancel s-1"


DENIED = ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, "AddJobFlowSteps")
UNCLEAR = UnclearAnswer("AddJobFlowSteps", "no clear answer in 900 s", "try again later")


@pytest.mark.parametrize(
    ("refused", "state", "error"),
    [
        (DENIED, "TERMINATING", ClusterGone),
        (DENIED, "TERMINATED", ClusterGone),
        (DENIED, "WAITING", ClientError),
        (UNCLEAR, "TERMINATED", UnclearAnswer),
        (NoCredentialsError(), "TERMINATED", NoCredentialsError),
    ],
    ids=["it is ending", "it has ended", "it lives", "EMR gave no clear answer", "nothing could be asked"],
)
def test_only_a_refusal_of_emrs_says_that_the_cluster_ended_meanwhile(
    emr: Emr, context: Any, monkeypatch: pytest.MonkeyPatch, refused: Exception, state: str, error: type[Exception]
) -> None:
    emr.faults["submit"] = refused
    meanwhile = ClusterReport.from_answer({"Id": "j-1", "Name": "standing", "Status": {"State": state}})
    monkeypatch.setattr(emr, "describe_cluster", lambda _: meanwhile if "submit" in emr.done else CLUSTER)
    with pytest.raises(error):
        operator().execute(context)
    assert emr.done == ["submit"]


def test_a_job_whose_trigger_was_lost_is_cancelled(emr: Emr, context: Any) -> None:
    with pytest.raises(TaskDeferred):
        operator().execute(context)
    with pytest.raises(Exception, match="Trigger timeout"):
        operator().resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    assert emr.done == ["describe", "submit", "cancel s-1"]


@pytest.mark.parametrize("step_id", ["s-2", "s-3"], ids=["without a key", "of another key"])
def test_of_a_lost_job_nothing_is_cancelled_that_does_not_carry_the_tasks_key(
    emr: Emr, context: Any, step_id: str
) -> None:
    """Whoever may write XComs of the DAG can set the one that says which job it is."""
    with pytest.raises(TaskDeferred):
        operator().execute(context)
    said = context["ti"].xcom_pull("emr_where", "t", -1)
    context["ti"].xcom_push("emr_where", {**said, "step_id": step_id})
    with pytest.raises(Exception, match="Trigger timeout"):
        operator().resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    assert emr.done == ["describe", "submit"]


def test_a_retry_that_is_resumed_with_what_an_earlier_try_waited_for_starts_anew(emr: Emr, context: Any) -> None:
    """As Airflow 3.0 resumes it; the same event is an end to the try that has waited."""
    seen = {**event(step_report("FAILED")), "try_number": 1}
    with pytest.raises(StepFailed):
        operator().resume_execution("resume", {"event": seen}, context)
    context["ti"].try_number = 2
    with pytest.raises(TaskDeferred) as deferred:
        operator().resume_execution("resume", {"event": seen}, context)
    assert emr.done[-2:] == ["describe", "submit"]
    assert deferred.value.trigger.try_number == 2
    with pytest.raises(Exception, match="Trigger timeout"):
        operator().resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    assert emr.done[-1] == "cancel s-1"
    context["ti"].try_number = 3
    with pytest.raises(TaskDeferred):
        operator().resume_execution("__fail__", {"error": "Trigger timeout"}, context)


@pytest.mark.parametrize(
    ("field", "used"), [("aws_default", ("aws_default", None)), ("{{ gone.away }}", ("others", "eu-west-1"))]
)
def test_a_lost_job_is_cancelled_with_the_tasks_connection_and_anothers_only_where_that_cannot_be_rendered(
    emr: Emr, context: Any, field: str, used: tuple[str, str | None]
) -> None:
    """Whoever may write XComs of the DAG can set the one that says where the job is."""
    with pytest.raises(TaskDeferred):
        operator().execute(context)
    said = context["ti"].xcom_pull("emr_where", "t", -1)
    context["ti"].xcom_push("emr_where", {**said, "aws_conn_id": "others", "region": "eu-west-1"})
    task = operator()
    task.aws_conn_id = field
    with pytest.raises(Exception, match="Trigger timeout"):
        task.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    assert (emr.done[-1], emr.connections[-1]) == ("cancel s-1", used)


@pytest.mark.parametrize("try_number", [1, 2], ids=["of this try", "of the try before"])
def test_a_job_whose_task_cannot_be_rendered_when_it_comes_back_is_cancelled(
    emr: Emr, context: Any, try_number: int
) -> None:
    with DAG("d"):
        task = operator()
    with pytest.raises(TaskDeferred):
        task.execute(context)
    task.cluster_id = "{{ gone.away }}"
    context["ti"].try_number = try_number
    with pytest.raises(UndefinedError):
        task.render_template_fields(context)
    assert emr.done == ["describe", "submit", *(["cancel s-1"] if try_number == 1 else [])]


def test_the_teardown_ends_all_that_took_the_place_of_a_lost_cluster_also_while_that_is_ending(
    emr: Emr, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two were made at once, and the task that made the younger was killed before it gave way."""
    key = successor_key(deployment="", cluster_id="j-1")

    def cluster(cluster_id: str, state: str, name: str = "standing") -> ClusterReport:
        status = {"State": state, "Timeline": {"CreationDateTime": datetime(2026, 1, 1, tzinfo=timezone.utc)}}
        return ClusterReport.from_answer({"Id": cluster_id, "Name": name, "Status": status})

    lost = cluster("j-1", "TERMINATING")
    successors = [cluster(cluster_id, "WAITING", name_with_key("standing", key)) for cluster_id in ("j-2", "j-3")]
    ended: list[str] = []

    def end(cluster_id: str, **_: Any) -> ClusterReport:
        ended.append(cluster_id)
        return lost

    monkeypatch.setattr(emr, "end", end)
    monkeypatch.setattr(emr, "find", lambda found, *_, **__: successors[0] if found == key else None)
    monkeypatch.setattr(emr, "unfinished", lambda: [cluster("j-9", "WAITING"), *successors])
    with pytest.raises(TaskDeferred) as waits:
        EmrTerminateClusterOperator(task_id="t", cluster_id="j-1").execute(context)
    assert waits.value.trigger.serialize()[1]["job"]["cluster_id"] == "j-2"
    assert sorted(ended) == ["j-1", "j-2", "j-3"]


def test_a_kill_during_the_submission_cancels_the_job_as_soon_as_it_has_an_id(
    emr: Emr, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = operator()

    def killed_meanwhile(*_: Any, **__: Any) -> str:
        task.on_kill()
        return "s-1"

    monkeypatch.setattr(emr, "submit", killed_meanwhile)
    with pytest.raises(AirflowException, match="killed while it started s-1"):
        task.execute(context)
    assert emr.done == ["describe", "cancel s-1"]


def test_a_try_that_airflow_ends_by_mistake_leaves_a_cluster_alone_that_has_become_ready(
    emr: Emr, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took the end of the process that deferred for that of the one that goes on; a retry takes it over."""
    cluster = EmrCluster("standing", "emr-7.10.0", InstanceGroups("m5.xlarge"))
    task = EmrCreateClusterOperator(task_id="t", cluster=cluster)
    conclude = task.conclude

    def ended_meanwhile(context: Any, report: ClusterReport) -> str:
        task.on_kill()
        return conclude(context, report)

    monkeypatch.setattr(task, "conclude", ended_meanwhile)
    ready = {**event(), "job": {"cluster_id": "j-1"}, "report": CLUSTER.to_event()}
    assert task.resume(context, ready) == "j-1"
    assert emr.done == []


def test_a_throttled_termination_is_asked_for_again(emr: Emr, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = ClusterReport.from_answer({"Id": "j-1", "Name": "standing", "Status": {"State": "TERMINATED"}})
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "DescribeCluster")
    answers: list[ClusterReport | Exception] = [throttled, gone]

    def end(*_: Any, **__: Any) -> ClusterReport:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(emr, "end", end)
    EmrTerminateClusterOperator(task_id="t", cluster_id="j-1").execute(context)
    assert answers == []


FAULT = ClientError({"Error": {"Code": "InternalServerError", "Message": "try later"}}, "TerminateJobFlows")
DENIED_END = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, "TerminateJobFlows")


def test_a_termination_that_gets_no_clear_answer_is_waited_for_in_the_triggerer(
    emr: Emr, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_emr_pipelines.operators.ec2.cluster.ASKED_SECONDS", 0)
    task = EmrTerminateClusterOperator(task_id="t", cluster_id="j-1")
    emr.faults["end"] = FAULT
    with pytest.raises(TaskDeferred) as waits:
        task.execute(context)
    for _ in range(2):  # however often
        assert waits.value.method_name == "ask_again"
        assert waits.value.trigger.deadline is not None
        with pytest.raises(TaskDeferred) as waits:
            task.ask_again(context, {**event(timed_out=True), "job": {"cluster_id": "j-1"}})
    emr.faults["end"] = DENIED_END
    with pytest.raises(ClientError, match="not you"):
        task.ask_again(context, None)


@pytest.mark.parametrize(
    ("words", "fault"),
    [({}, DENIED_END), ({"execution_timeout": timedelta(0)}, FAULT), ({"deferrable": False}, DENIED_END)],
    ids=["EMR refuses it", "its time is over", "it waits in the worker"],
)
def test_a_termination_that_cannot_be_waited_for_fails_the_try(
    emr: Emr, context: Any, monkeypatch: pytest.MonkeyPatch, words: Any, fault: ClientError
) -> None:
    monkeypatch.setattr("airflow_emr_pipelines.operators.ec2.cluster.ASKED_SECONDS", 0)
    emr.faults["end"] = fault
    with pytest.raises(ClientError):
        EmrTerminateClusterOperator(task_id="t", cluster_id="j-1", **words).execute(context)


def sensor(**arguments: Any) -> EmrStepSensor:
    return EmrStepSensor(task_id="t", cluster_id="j-1", step_id="s-1", **arguments)


def resumed(task: EmrStepSensor, context: Any, seen: Any) -> NoReturn:
    task.resume_execution("resume", {"event": seen}, context)
    raise AssertionError("it ended well")


@pytest.mark.parametrize(
    ("words", "seen", "error"),
    [
        ({}, event(timed_out=True), AirflowSensorTimeout),
        ({"soft_fail": True}, event(timed_out=True), AirflowSkipException),
        ({"never_fail": True}, event(timed_out=True), AirflowSkipException),
        ({}, event(step_report("FAILED")), StepFailed),
        ({"soft_fail": True}, event(step_report("FAILED")), StepFailed),
        ({"never_fail": True}, event(step_report("FAILED")), AirflowSkipException),
        ({"soft_fail": True}, event(refused="AccessDenied"), WatchRefused),
        ({"soft_fail": True}, {"unheard": "of"}, BadTriggerEvent),
    ],
)
def test_a_deferred_sensor_ends_as_a_waiting_one(
    emr: Emr, context: Any, words: Any, seen: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        resumed(sensor(**words), context, seen)


@pytest.mark.parametrize(
    ("words", "error"), [({"soft_fail": True}, StepFailed), ({"never_fail": True}, AirflowSkipException)]
)
def test_a_waiting_sensor_skips_as_airflow_says(
    emr: Emr, context: Any, monkeypatch: pytest.MonkeyPatch, words: Any, error: type[Exception]
) -> None:
    monkeypatch.setattr(emr, "reports", lambda ids: ({"s-1": step_report("FAILED")}, 1), raising=False)
    with pytest.raises(error):
        sensor(deferrable=False, **words).execute(context)
