"""Presets: legal for the release that they name, refused early, and open to change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from airflow_emr_pipelines.emulator.ec2.aws_lists import FIRST_REGION, release_labels
from airflow_emr_pipelines.emulator.ec2.rules.new_cluster import new_cluster
from airflow_emr_pipelines.emulator.ec2.rules.releases import release_of
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, InstanceGroups
from airflow_emr_pipelines.specs.ec2.presets import (
    data_engineering_cluster,
    interactive_analytics_cluster,
    io_optimized_cluster,
    machine_learning_cluster,
    memory_optimized_cluster,
    multi_tenant_cluster,
    spark_analytics_cluster,
    streaming_cluster,
)
from airflow_emr_pipelines.specs.ec2.releases import lacks_idle_policy
from airflow_emr_pipelines.specs.ec2.render.cluster import render_cluster

Preset = Callable[..., EmrCluster]
PRESETS: list[Preset] = [
    data_engineering_cluster,
    interactive_analytics_cluster,
    io_optimized_cluster,
    machine_learning_cluster,
    memory_optimized_cluster,
    partial(multi_tenant_cluster, tenants=["a", "b"]),
    spark_analytics_cluster,
    partial(streaming_cluster, checkpoints="s3://checkpoints/"),
]
each_preset = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: getattr(preset, "func", preset).__name__)


def settings(cluster: EmrCluster, classification: str) -> dict[str, Any]:
    (found,) = (each for each in cluster.configurations if each.classification == classification)
    return dict(found.properties)


@each_preset
def test_a_preset_has_the_name_the_logs_the_release_and_the_workers_that_are_asked_for(preset: Preset) -> None:
    cluster = preset("mine", log_uri="s3://logs/", release_label="emr-6.15.0", workers=7)
    assert (cluster.name, cluster.log_uri, cluster.release_label) == ("mine", "s3://logs/", "emr-6.15.0")
    assert isinstance(cluster.instances, InstanceGroups)
    assert [group.count for role, group in cluster.instances.each() if role == "core"] == [7]
    assert render_cluster(cluster)["Name"] == "mine"


@each_preset
def test_a_preset_is_legal_for_every_release_that_ends_idle_clusters(preset: Preset) -> None:
    releases = [label for label in release_labels(FIRST_REGION) if not lacks_idle_policy(release_of(label))]
    assert len(releases) > 50
    for label in releases:
        if preset is interactive_analytics_cluster and label.startswith("emr-spark-"):
            continue
        new_cluster(render_cluster(preset("a", release_label=label)), {}, FIRST_REGION)  # by the emulator's own rules


def test_there_is_no_engine_for_interactive_sql_in_the_runtime_for_spark() -> None:
    with pytest.raises(InvalidSpec, match="it has none of Trino, PrestoSQL, Presto"):
        interactive_analytics_cluster("a", release_label="emr-spark-8.0.0")


def test_the_runtime_for_spark_has_no_settings_of_what_it_lacks() -> None:
    cluster = spark_analytics_cluster("a", release_label="emr-spark-8.1.0")
    assert cluster.applications == ("Spark",)
    assert [each.classification for each in cluster.configurations] == ["spark-defaults", "spark-hive-site"]


@each_preset
def test_a_preset_may_be_changed_like_any_cluster(preset: Preset) -> None:
    cluster = replace(preset("a"), idle_timeout=600, step_concurrency=2)
    assert (cluster.idle_timeout, cluster.step_concurrency) == (600, 2)
    with pytest.raises(InvalidSpec, match="idle_timeout"):
        replace(cluster, idle_timeout=5)


@each_preset
@pytest.mark.parametrize("workers", [0, -1, 501, "4", True, "{{ params.workers }}"])
def test_workers_that_are_no_number_or_too_many_are_refused(preset: Preset, workers: Any) -> None:
    with pytest.raises(InvalidSpec, match="workers"):
        preset("a", workers=workers)


@each_preset
@pytest.mark.parametrize(
    ("given", "field"),
    [({"release_label": "7.10.0"}, "release_label"), ({"log_uri": "logs"}, "log_uri"), ({"name": ""}, "name")],
)
def test_what_a_cluster_refuses_is_refused_here_too(preset: Preset, given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSpec, match=field):
        preset(**{"name": "a", **given})


@each_preset
def test_a_release_may_be_a_template(preset: Preset) -> None:
    cluster = preset("a", release_label="{{ params.release }}")
    assert "MXNet" not in cluster.applications


def test_machine_learning_has_what_its_release_still_has() -> None:
    assert "MXNet" in machine_learning_cluster("a", release_label="emr-6.15.0").applications
    assert "MXNet" not in machine_learning_cluster("a").applications


@pytest.mark.parametrize(
    ("release", "engine", "connector"),
    [
        ("emr-7.10.0", "Trino", "trino-connector-hive"),
        ("emr-6.3.0", "PrestoSQL", "prestosql-connector-hive"),
        ("emr-5.36.0", "Presto", "presto-connector-hive"),
    ],
)
def test_people_who_ask_get_the_engine_of_the_release(release: str, engine: str, connector: str) -> None:
    cluster = interactive_analytics_cluster("a", release_label=release)
    assert {engine} == {"Trino", "PrestoSQL", "Presto"} & set(cluster.applications)
    assert settings(cluster, connector) == {"hive.metastore": "glue"}


def test_executors_follow_the_workers() -> None:
    spark = settings(spark_analytics_cluster("a", workers=10), "spark-defaults")
    assert spark["spark.dynamicAllocation.minExecutors"] == "10"
    assert spark["spark.dynamicAllocation.maxExecutors"] == "80"


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_tenants_have_queues_alike_and_the_rest_goes_to_the_default(number: int) -> None:
    tenants = [f"tenant-{place}" for place in range(number)]
    queues = settings(multi_tenant_cluster("a", tenants), "capacity-scheduler")
    root = "yarn.scheduler.capacity.root"
    assert queues[f"{root}.queues"] == ",".join(["default", *tenants])
    shares = [float(queues[f"{root}.{name}.capacity"]) for name in ["default", *tenants]]
    assert sum(shares) == pytest.approx(100)
    assert len(set(shares[1:])) == 1
    assert shares[0] == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("tenants", [[], "ewr", ["a", "a"], ["default"], ["a b"], ["../x"], "{{ params.tenants }}"])
def test_tenants_that_are_no_queues_are_refused(tenants: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"tenants|yarn_queues\.shares"):
        multi_tenant_cluster("a", tenants)


@pytest.mark.parametrize("checkpoints", ["", "checkpoints"])
def test_a_place_that_is_none_for_checkpoints_is_refused(checkpoints: str) -> None:
    with pytest.raises(InvalidSpec, match="checkpoints"):
        streaming_cluster("a", checkpoints=checkpoints)
