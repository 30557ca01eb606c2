"""The clusters of a connection: found by their keys, made once, and ended when they are ours and have not ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from airflow_emr_pipelines.errors import ClusterFailed
from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
from airflow_emr_pipelines.specs.ec2.kerberos import Secret
from airflow_emr_pipelines.specs.ec2.render.cluster import Reveal
from airflow_emr_pipelines.specs.values.keys import DEPLOYMENT_TAG, name_with_key
from tests.unit.hooks.ec2.told_emr import NOON, ToldEmr, cluster, key, minutes

REQUEST = {"Name": name_with_key("daily", key("k"))}
LOST = ReadTimeoutError(endpoint_url="http://emr")
PROTECTED: dict[str, Any] = {"termination_protected": True}


PASSWORD = "hunter2-of-the-realm"


def clusters_of(emr: ToldEmr) -> EmrClusters:
    return EmrClusters(None, "us-east-1", None, emr)


@pytest.mark.parametrize(("oldest", "found"), [(False, "j-1"), (True, "j-2")])
def test_of_several_clusters_with_a_key_the_newest_is_found_or_the_oldest(oldest: bool, found: str) -> None:
    created = {"j-2": 1, "j-1": 3, "j-3": 2}
    ours = [cluster(name, of=key("k"), created=NOON + minutes(when)) for name, when in created.items()]
    others = [cluster("j-0", of=key("o")), cluster("j-9", of=key("o"), created=NOON + minutes(9))]
    report = clusters_of(ToldEmr(*others, *ours)).find(key("k"), NOON, oldest=oldest)
    assert report is not None
    assert report.id == found


def test_the_newest_is_found_where_nothing_else_is_asked_for() -> None:
    emr = ToldEmr(cluster("j-2", of=key("k")), cluster("j-1", of=key("k"), created=NOON + minutes(1)))
    report = clusters_of(emr).find(key("k"), NOON)
    assert report is not None
    assert report.id == "j-1"


@pytest.mark.parametrize("cluster_id", [None, "j-1"])
def test_clusters_are_those_of_a_connection_and_a_region(cluster_id: str | None) -> None:
    clusters = EmrClusters(None, "eu-west-1", cluster_id)
    assert clusters.fields == ({} if cluster_id is None else {"cluster_id": "j-1"})
    place = clusters.location
    assert (place.backend, place.id, place.region, place.aws_conn_id) == ("ec2", cluster_id, "eu-west-1", None)
    assert EmrClusters("prod", None).aws_conn_id == "prod"


def test_a_watched_cluster_is_made_of_what_a_trigger_keeps() -> None:
    emr = ToldEmr()
    clusters = EmrClusters.of({"cluster_id": "j-1"}, "prod", "eu-west-1", emr)
    assert (clusters.cluster_id, clusters.aws_conn_id, clusters.hook) == ("j-1", "prod", emr)
    assert EmrClusters.of({"cluster_id": "j-1"}, None, "eu-west-1").location.region == "eu-west-1"
    with pytest.raises(KeyError, match="cluster_id"):
        EmrClusters.of({}, None, None)


def test_a_cluster_that_awss_clock_puts_a_little_before_the_run_is_found_and_an_older_one_is_not() -> None:
    just_before = cluster("j-1", of=key("k"), created=NOON - minutes(4))
    long_before = cluster("j-2", of=key("k"), created=NOON - minutes(6))
    assert clusters_of(ToldEmr(just_before)).find(key("k"), NOON) == just_before
    assert clusters_of(ToldEmr(long_before)).find(key("k"), NOON) is None


def test_a_cluster_whose_creations_answer_was_lost_is_found_among_its_neighbours() -> None:
    neighbour = cluster("j-neighbour", of=key("n"), created=NOON + minutes(1))
    emr = ToldEmr(neighbour)
    emr.lost["create"].append(LOST)
    made = clusters_of(emr).create(lambda reveal: REQUEST, key("k"), NOON)
    assert emr.clusters[made].name == REQUEST["Name"]
    assert emr.done.count("create") == 1


def test_the_cluster_of_the_attempt_before_is_not_what_another_try_has_made() -> None:
    emr = ToldEmr(cluster("j-earlier", of=key("k")))
    clusters = clusters_of(emr)
    made = clusters.create(lambda reveal: REQUEST, key("k"), NOON, earlier="j-earlier", unsent=0.0)
    assert made not in ("j-earlier", None)
    assert clusters.create(lambda reveal: REQUEST, key("k"), NOON, earlier="j-earlier", unsent=0.0) == made
    assert emr.done.count("create") == 1, "what another try has made is taken"


def test_a_creations_secrets_go_to_emr_and_into_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_emr_pipelines.hooks.ec2.secrets._kept_by_airflow", lambda secret: PASSWORD)
    sent: list[str] = []

    class Refusing(ToldEmr):
        def run_job_flow(self, request: Mapping[str, Any]) -> str:
            sent.append(request["Password"])
            raise ClusterFailed("j-1", "daily", "STARTING", "VALIDATION_ERROR", f"{PASSWORD} is too weak", None)

    def render(reveal: Reveal) -> dict[str, Any]:
        return {**REQUEST, "Password": reveal(Secret("kdc"))}

    with pytest.raises(ClusterFailed, match="is too weak") as refused:
        clusters_of(Refusing()).create(render, key("k"), NOON)
    assert sent == [PASSWORD]
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("state", ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"])
def test_a_cluster_that_lives_is_asked_to_end_once(state: str) -> None:
    emr = ToldEmr(cluster("j-1", state))
    clusters = clusters_of(emr)
    assert [clusters.end("j-1").state.value for _ in range(2)] == [state, "TERMINATING"]
    assert emr.done == ["describe j-1", "terminate j-1", "describe j-1"]


@pytest.mark.parametrize("state", ["TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS"])
def test_a_cluster_that_is_ending_or_has_ended_is_not_asked_again_nor_unlocked(state: str) -> None:
    emr = ToldEmr(cluster("j-1", state, **PROTECTED))
    assert clusters_of(emr).end("j-1", deployment="ours").state.value == state
    assert emr.done == ["describe j-1"]


def test_protection_is_taken_off_a_cluster_of_ours_and_of_whoever_made_it_itself() -> None:
    ours, own = cluster("j-1", **PROTECTED, tags={DEPLOYMENT_TAG: "ours"}), cluster("j-2", **PROTECTED)
    emr = ToldEmr(ours, own)
    clusters_of(emr).end("j-1", deployment="ours")
    clusters_of(emr).cancel(["j-2"])
    assert [what for what in emr.done if "describe" not in what] == [
        *("unlock j-1", "terminate j-1"),
        *("unlock j-2", "terminate j-2"),
    ]


@pytest.mark.parametrize("tags", [{}, {DEPLOYMENT_TAG: "another"}], ids=["nobody's", "another's"])
def test_a_protected_cluster_that_is_not_ours_is_left_as_it_is(tags: dict[str, str]) -> None:
    emr = ToldEmr(cluster("j-1", **PROTECTED, tags=tags))
    with pytest.raises(ClusterFailed) as refused:
        clusters_of(emr).end("j-1", deployment="ours")
    assert str(refused.value) == (
        "Cluster j-1 (daily) is WAITING, TERMINATION_PROTECTED: the cluster is protected against termination and was "
        "not made by this deployment; take the protection off with SetTerminationProtection to let it be ended"
    )
    assert emr.done == ["describe j-1"]


def test_a_name_is_that_of_the_living_clusters_that_have_it_with_or_without_a_key() -> None:
    keyed, plain, gone = cluster("j-2", of=key("k")), cluster("j-1"), cluster("j-3", "TERMINATED")
    clusters = clusters_of(ToldEmr(keyed, plain, gone, cluster("j-4", name="weekly")))
    assert clusters.named("daily") == ["j-1", "j-2"]
    assert clusters.named(keyed.name) == ["j-2"]


def test_each_cluster_that_is_watched_costs_a_call() -> None:
    one, other = cluster("j-1"), cluster("j-2", "STARTING")
    assert clusters_of(ToldEmr(one, other)).reports(["j-1", "j-2"]) == ({"j-1": one, "j-2": other}, 2)
