"""Clusters that outlived their DAG run are told from all others, ended, and named where they could not be."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
from airflow_emr_pipelines.hooks.ec2.reaper import Reaper
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport
from airflow_emr_pipelines.specs.values.keys import DAG_TAG, DEPLOYMENT_TAG, KEY_TAG, RUN_TAG, TASK_TAG
from tests.unit.hooks.ec2.told_emr import ToldEmr, cluster, key, minutes

TAGS = {KEY_TAG: key("k"), DEPLOYMENT_TAG: "ours", DAG_TAG: "daily", RUN_TAG: "ended", TASK_TAG: "create"}
TAGS_BY_NAME = {"key": KEY_TAG, "deployment": DEPLOYMENT_TAG, "dag": DAG_TAG, "run": RUN_TAG, "task": TASK_TAG}
RUNS = {"ended": True, "under_way": False}


def old(cluster_id: str, state: str = "WAITING", *, age: float = 20, **tags: str | None) -> ClusterReport:
    """A cluster of ours whose run is over, apart from what is said; a tag that is None is not there."""
    changed = {**TAGS, **{TAGS_BY_NAME[name]: value for name, value in tags.items()}}
    present = {name: value for name, value in changed.items() if value is not None}
    return cluster(cluster_id, state, created=datetime.now(timezone.utc) - minutes(age), tags=present)


def run_is_over(dag_id: str, run_id: str) -> bool | None:
    return RUNS.get(run_id) if dag_id == "daily" else None


def reaper_of(emr: ToldEmr, deployment: str = "ours") -> Reaper:
    clusters = EmrClusters(None, "us-east-1", None, emr)
    return Reaper(clusters, deployment, run_is_over, older_than=timedelta(minutes=15))


def denied(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}, operation)


def test_a_cluster_of_ours_whose_run_is_over_is_orphaned() -> None:
    (found,) = reaper_of(ToldEmr(old("j-1"))).find()
    assert (found.cluster.id, found.orphaned, found.why) == ("j-1", True, "run ended of DAG daily is over")


@pytest.mark.parametrize(
    ("differing", "why"),
    [
        *[({name: None}, "it carries no tags of this package") for name in TAGS_BY_NAME],
        ({"deployment": "theirs"}, "it is of deployment theirs"),
        ({"deployment": ""}, "it is of deployment (none)"),
        ({"age": 14}, "it is younger than 0:15:00"),
        ({"run": "never_was"}, "run never_was of DAG daily is not known here"),
        ({"run": "under_way"}, "run under_way of DAG daily has not ended"),
    ],
)
def test_whatever_is_not_surely_an_orphan_is_left_alone_with_the_reason(differing: dict[str, Any], why: str) -> None:
    emr = ToldEmr(old("j-1", **differing))
    reaper = reaper_of(emr)
    (found,) = findings = reaper.find()
    assert (found.cluster.id, found.orphaned, found.why) == ("j-1", False, why)
    assert reaper.end(findings) == []
    assert emr.done == ["describe j-1"], "it was only looked at"


def test_a_cluster_that_began_to_end_since_it_was_listed_is_left_to_that() -> None:
    class Ending(ToldEmr):
        def describe_cluster(self, cluster_id: str) -> ClusterReport:
            return old(cluster_id, "TERMINATING")

    (found,) = reaper_of(Ending(old("j-1"))).find()
    assert (found.cluster.id, found.orphaned, found.why) == ("j-1", False, "it is TERMINATING")


def test_one_that_may_not_be_looked_at_hides_no_other() -> None:
    emr = ToldEmr(old("j-1"), old("j-2", age=30))
    emr.faults["describe j-2"].append(denied("DescribeCluster"))
    others, orphan = reaper_of(emr).find()
    assert (others.cluster.id, others.orphaned) == ("j-2", False)
    assert "it cannot be looked at: " in others.why
    assert "not yours" in others.why
    assert (orphan.cluster.id, orphan.orphaned) == ("j-1", True)


def test_what_could_not_be_terminated_is_named_and_keeps_no_other_from_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    emr = ToldEmr(old("j-1", age=30), old("j-2"), old("j-3", run="under_way"))
    emr.faults["terminate j-1"].append(denied("TerminateJobFlows"))
    reaper = reaper_of(emr)
    assert reaper.end(reaper.find()) == ["j-1"]
    assert [what for what in emr.done if "describe" not in what] == ["terminate j-2"]
    assert "Cluster j-1 could not be terminated: " in caplog.text
    assert "not yours" in caplog.text


def test_a_protected_cluster_of_ours_is_ended_by_a_deployment_whose_id_a_tag_cannot_hold() -> None:
    emr = ToldEmr(replace(old("j-1", deployment="_ours"), termination_protected=True))
    reaper = reaper_of(emr, "#ours")
    assert reaper.end(reaper.find()) == []
    assert [what for what in emr.done if "describe" not in what] == ["unlock j-1", "terminate j-1"]


def test_one_that_has_become_anothers_since_it_was_found_keeps_its_protection(caplog: pytest.LogCaptureFixture) -> None:
    emr = ToldEmr(old("j-1"))
    reaper = reaper_of(emr)
    findings = reaper.find()
    emr.clusters["j-1"] = replace(old("j-1", deployment="theirs"), termination_protected=True)
    assert reaper.end(findings) == ["j-1"]
    assert emr.done == ["describe j-1", "describe j-1"]
    assert "TERMINATION_PROTECTED" in caplog.text


def test_each_call_is_repeated_until_its_answer_is_clear(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_emr_pipelines.hooks.sending.pauses", lambda: itertools.repeat(0.0))
    emr = ToldEmr(old("j-1"))
    for call in ("list clusters", "describe j-1", "terminate j-1"):
        emr.faults[call].append(ReadTimeoutError(endpoint_url="http://emr"))
    reaper = reaper_of(emr)
    assert reaper.end(reaper.find()) == []
    assert emr.clusters["j-1"].state.value == "TERMINATING"
    unclear = [record.message.partition(" got no clear answer")[0] for record in caplog.records if record.args]
    assert [call for call in unclear if " " not in call] == ["ListClusters", "DescribeCluster", "TerminateJobFlows"]


def test_without_a_deployment_id_there_is_no_reaper() -> None:
    with pytest.raises(InvalidSpec) as refused:
        reaper_of(ToldEmr(), "")
    assert str(refused.value) == (
        "deployment = '': without it a cluster of ours cannot be told from one of another Airflow; set [emr_pipelines] "
        "deployment in Airflow's configuration, before the clusters are made"
    )
