"""Clusters that outlived their DAG run are found and ended, and no others are."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_emr_pipelines.cli import reap
from airflow_emr_pipelines.errors import InvalidSpec
from tests.integration.faults.conftest import Account

PREFIX = "airflow-emr-pipelines:"
INSTANCES = {
    "InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}],
    "KeepJobFlowAliveWhenNoSteps": True,
}
Make = Callable[..., str]


@pytest.fixture
def make(emr: Any) -> Iterator[Make]:
    """Makes a cluster with the owner's tags as given; ends what is left of them."""
    made = []

    def make(**tags: str) -> str:
        made.append(
            emr.run_job_flow(
                Name="reaped",
                ReleaseLabel="emr-7.10.0",
                Instances=INSTANCES,
                ServiceRole="EMR_DefaultRole",
                JobFlowRole="EMR_EC2_DefaultRole",
                Tags=[{"Key": f"{PREFIX}{name}", "Value": value} for name, value in tags.items()],
            )["JobFlowId"]
        )
        return str(made[-1])

    yield make
    emr.terminate_job_flows(JobFlowIds=made)


@pytest.fixture
def ended_run(run_dag: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A DAG run that is over, of the deployment ``reaping``."""
    monkeypatch.setenv("AIRFLOW__EMR_PIPELINES__DEPLOYMENT", "reaping")
    return run_dag("reap_dry")


def is_ending(emr: Any, cluster_id: str) -> bool:
    state = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"]["State"]
    return state in ("TERMINATING", "TERMINATED")


def tags(dag_run: Any, **others: str) -> dict[str, str]:
    own = {"key": "k" * 22, "deployment": "reaping", "dag": dag_run.dag_id, "run": dag_run.run_id, "task": "create"}
    return {**own, **others}


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    reap.add_arguments(parser)
    return parser.parse_args(["--older-than", "0", *words])


def test_the_command_ends_what_is_orphaned_and_lists_why_it_leaves_the_rest(
    emr: Any, make: Make, ended_run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    orphan = make(**tags(ended_run))
    kept = {
        make(): "it carries no tags of this package",
        make(**tags(ended_run, deployment="another")): "it is of deployment another",
        make(**tags(ended_run, run="never_was")): "run never_was of DAG reap_dry is not known here",
    }
    reap.run(options())
    listed = capsys.readouterr().out
    assert not is_ending(emr, orphan), "the command is dry unless told otherwise"
    reap.run(options("--terminate"))
    assert is_ending(emr, orphan)
    lines = {line.split()[0]: line for line in listed.splitlines() if line.startswith("j-")}
    assert f"run {ended_run.run_id} of DAG reap_dry is over" in lines[orphan]
    assert {cluster: lines[cluster].endswith(why) for cluster, why in kept.items()} == dict.fromkeys(kept, True)
    assert not any(is_ending(emr, cluster) for cluster in kept)


def test_a_cluster_that_may_not_be_looked_at_keeps_no_other_from_its_end(
    emulator: Any, emr: Any, make: Make, ended_run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """As IAM has it for clusters with others' tags."""
    make()
    orphan = make(**tags(ended_run))
    account = Account(emulator)
    account.fault("DescribeCluster", "error", times=1, code="AccessDeniedException", message="not yours", status=400)
    reap.run(options("--terminate"))
    listed = capsys.readouterr().out
    assert "it cannot be looked at: " in listed
    assert "not yours" in listed
    assert is_ending(emr, orphan)


def test_a_protected_orphan_of_ours_is_ended_too(emr: Any, make: Make, ended_run: Any) -> None:
    orphan = make(**tags(ended_run))
    emr.set_termination_protection(JobFlowIds=[orphan], TerminationProtected=True)
    reap.run(options("--terminate"))
    assert is_ending(emr, orphan)


def test_a_young_cluster_is_left_to_its_teardown(
    emr: Any, make: Make, ended_run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    young = make(**tags(ended_run))
    reap.run(options("--terminate", "--older-than", "5"))
    assert "it is younger than 0:05:00" in capsys.readouterr().out
    assert not is_ending(emr, young)


def test_without_a_deployment_id_nothing_is_looked_at(airflow: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        reap.run(options("--terminate"))
    assert "[emr_pipelines] deployment" in capsys.readouterr().err


def test_the_operator_knows_the_runs_of_its_airflow(
    emr: Any, make: Make, ended_run: Any, run_dag: Callable[..., Any]
) -> None:
    orphan, unknown = make(**tags(ended_run)), make(**tags(ended_run, run="never_was"))
    run = run_dag("reap_for_real")
    assert run.state == "success"
    assert is_ending(emr, orphan)
    assert not is_ending(emr, unknown)


def test_a_cluster_whose_run_is_under_way_is_left_alone(ended_run: Any, run_dag: Callable[..., Any]) -> None:
    assert run_dag("reap_in_between").state == "success"


def test_terminate_says_a_truth() -> None:
    from airflow_emr_pipelines import EmrReapClustersOperator

    with pytest.raises(InvalidSpec, match="terminate"):
        EmrReapClustersOperator(task_id="reap", terminate="perhaps")
