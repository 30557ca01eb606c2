"""Lost machines are told from failed work."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines.errors import (
    ClusterGone,
    ClusterLost,
    InfrastructureLost,
    StepCancelled,
    StepFailed,
    StepLost,
)
from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps
from airflow_emr_pipelines.logs.cause import lost_machines
from airflow_emr_pipelines.operators.ec2.failures import cluster_failed_error, cluster_gone_error
from airflow_emr_pipelines.operators.job_logs import failure_of
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport

LOST = {
    "machines": {"Code": "INSTANCE_FAILURE", "Message": "The master node was terminated"},
    "spot capacity in time": {"Code": "INSTANCE_FLEET_TIMEOUT", "Message": "Spot capacity was not there"},
    "EMR itself": {"Code": "INTERNAL_ERROR", "Message": "Internal error"},
    "EC2's capacity": {"Code": "VALIDATION_ERROR", "Message": "InsufficientInstanceCapacity: no r5.2xlarge"},
}
OWN = {
    "a bootstrap action": {"Code": "BOOTSTRAP_FAILURE", "Message": "non-zero return code"},
    "a user": {"Code": "USER_REQUEST", "Message": "Terminated by user request"},
    "a step": {"Code": "STEP_FAILURE", "Message": "Shut down as step failed"},
    "a wrong subnet": {"Code": "VALIDATION_ERROR", "Message": "The subnet does not exist"},
}


def cluster(reason: dict[str, str], state: str = "TERMINATED_WITH_ERRORS") -> ClusterReport:
    status = {"State": state, "StateChangeReason": reason}
    return ClusterReport.from_answer({"Id": "j-1", "Name": "c", "Status": status})


def ended(report: ClusterReport | Exception, state: str = "FAILED", message: str = "exit code 1") -> StepFailed:
    """The exception of a step that ended so on that cluster."""

    def describe_cluster(cluster_id: str) -> ClusterReport:
        if isinstance(report, Exception):
            raise report
        return report

    status = {"State": state, "FailureDetails": {"Message": message}}
    step = StepReport.from_answer("j-1", {"Id": "s-1", "Name": "s", "Status": status})
    hook: Any = SimpleNamespace(describe_cluster=describe_cluster)
    return failure_of(
        EmrSteps("j-1", None, None, hook), step, log=SimpleNamespace(info=print, warning=print, log=print)
    )


@pytest.mark.parametrize("reason", LOST.values(), ids=LOST)
@pytest.mark.parametrize("state", ["TERMINATED_WITH_ERRORS", "TERMINATING"])
def test_a_loss_has_a_type_of_its_own(reason: dict[str, str], state: str) -> None:
    report = cluster(reason, state)
    for error in (cluster_failed_error(report), cluster_gone_error(report)):
        assert isinstance(error, ClusterLost)
        assert isinstance(error, InfrastructureLost)
    for end in ("FAILED", "CANCELLED"):
        lost = ended(report, end)
        assert type(lost) is StepLost
        assert reason["Message"] in str(lost)


@pytest.mark.parametrize("reason", OWN.values(), ids=OWN)
def test_a_fault_of_the_user_s_is_none(reason: dict[str, str]) -> None:
    report = cluster(reason)
    assert type(cluster_gone_error(report)) is ClusterGone
    assert not isinstance(cluster_failed_error(report), InfrastructureLost)
    assert (type(ended(report)), type(ended(report, "CANCELLED"))) == (StepFailed, StepCancelled)


def test_a_cluster_that_lives_is_not_lost() -> None:
    assert not cluster({"Code": "INTERNAL_ERROR", "Message": ""}, "RUNNING").lost


@pytest.mark.parametrize(
    ("cause", "lost"),
    [
        ("Exit status: -100. Diagnostics: Container released on a *lost* node", True),
        (
            "ExecutorLostFailure (executor 3 exited caused by the tasks) Reason: Node decommissioned",
            True,
        ),
        ("ExecutorLostFailure: Container killed by YARN for exceeding memory limits", False),
        ("ValueError: lost in translation", False),
    ],
)
def test_a_step_on_lost_nodes_is_lost_while_its_cluster_lives(cause: str, lost: bool) -> None:
    assert lost_machines(cause) is lost
    alive = cluster({"Message": ""}, "RUNNING")
    assert isinstance(ended(alive, message=cause), StepLost) is lost


def test_a_cluster_that_cannot_be_looked_at_hides_no_cause() -> None:
    error = ended(RuntimeError("throttled"), message="exit code 7")
    assert type(error) is StepFailed
    assert error.cause == "exit code 7"
