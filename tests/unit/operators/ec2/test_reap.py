"""A reaper's task fails when a cluster could not be ended, and so does the command; both name it."""

from __future__ import annotations

import argparse
import json
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines import EmrReapClustersOperator, versions
from airflow_emr_pipelines.cli import reap
from airflow_emr_pipelines.hooks.ec2 import clusters
from airflow_emr_pipelines.versions import AirflowException
from tests.unit.hooks.ec2.test_reaper import RUNS, denied, old
from tests.unit.hooks.ec2.told_emr import ToldEmr


@pytest.fixture
def emr(monkeypatch: pytest.MonkeyPatch) -> ToldEmr:
    """Two orphans of ours, and a cluster whose run is under way."""
    emr = ToldEmr(old("j-1", age=30), old("j-2"), old("j-3", run="under_way"))
    made = clusters.EmrClusters(None, "us-east-1", None, emr)
    monkeypatch.setattr(clusters, "EmrClusters", lambda *_: made)
    monkeypatch.setattr(versions, "run_is_over", lambda _, run_id: RUNS.get(run_id))
    monkeypatch.setenv("AIRFLOW__EMR_PIPELINES__DEPLOYMENT", "ours")
    return emr


def ended(emr: ToldEmr) -> list[str]:
    return [what for what in emr.done if "describe" not in what]


def executed(**arguments: Any) -> list[str]:
    def count(*, dag_id: str, run_ids: list[str], states: list[str] | None = None) -> int:
        over = RUNS.get(run_ids[0])
        return int(over is not None and (states is None or over))

    context: Any = {"ti": SimpleNamespace(get_dr_count=count)}
    return EmrReapClustersOperator(task_id="reap", **arguments).execute(context)


def command(*words: str) -> None:
    parser = argparse.ArgumentParser()
    reap.add_arguments(parser)
    reap.run(parser.parse_args(words))


def test_a_task_ends_the_orphans_and_answers_their_ids(emr: ToldEmr) -> None:
    assert executed(terminate=True) == ["j-1", "j-2"]
    assert ended(emr) == ["terminate j-1", "terminate j-2"]


def test_a_task_that_only_looks_answers_what_it_would_end(emr: ToldEmr) -> None:
    assert executed() == ["j-1", "j-2"]
    assert ended(emr) == []


def test_a_task_fails_when_an_orphan_could_not_be_ended_and_names_it(emr: ToldEmr) -> None:
    emr.faults["terminate j-1"].append(denied("TerminateJobFlows"))
    with pytest.raises(AirflowException, match=r"1 of 2 clusters could not be terminated: \['j-1'\]"):
        executed(terminate=True)
    assert ended(emr) == ["terminate j-2"]


def test_the_command_fails_when_an_orphan_could_not_be_ended_and_names_it(
    emr: ToldEmr, capsys: pytest.CaptureFixture[str]
) -> None:
    emr.faults["terminate j-1"].append(denied("TerminateJobFlows"))
    with pytest.raises(SystemExit, match="1"):
        command("--terminate")
    said = capsys.readouterr()
    assert "Could not be terminated: j-1\n" in said.err
    assert "Terminating: j-2\n" in said.out


def test_the_command_that_ends_all_orphans_ends_well(emr: ToldEmr, capsys: pytest.CaptureFixture[str]) -> None:
    command("--terminate")
    said = capsys.readouterr()
    assert "Terminating: j-1 j-2\n" in said.out
    assert "Could not be terminated" not in said.err


def test_as_json_the_command_tells_each_cluster_once_with_what_came_of_it(
    emr: ToldEmr, capsys: pytest.CaptureFixture[str]
) -> None:
    emr.faults["terminate j-1"].append(denied("TerminateJobFlows"))
    command("--format", "json")
    first = json.loads(capsys.readouterr().out)[0]
    assert "is over" in first.pop("why")
    assert first == {
        "cluster_id": "j-1",
        "name": "daily",
        "state": "WAITING",
        "orphaned": True,
        "terminating": False,
    }
    with pytest.raises(SystemExit, match="1"):
        command("--format", "json", "--terminate")
    verdicts = [(one["orphaned"], one["terminating"]) for one in json.loads(capsys.readouterr().out)]
    assert verdicts == [(True, False), (True, True), (False, False)]
