from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, InstanceGroups
from airflow_emr_pipelines.specs.ec2.releases import check_applications, lacks_idle_policy, numbers_of, release_label
from airflow_emr_pipelines.specs.serialization import from_dict, to_dict


@pytest.mark.parametrize(
    ("label", "numbers"),
    [
        ("emr-7.10.0", (7, 10, 0)),
        ("emr-spark-8.1.0", (8, 1, 0)),
        ("emr-6.0.0-beta", (6, 0, 0)),
        ("{{ params.release }}", None),
    ],
)
def test_a_release_label_has_numbers_once_it_is_known(label: str, numbers: Any) -> None:
    assert numbers_of(release_label("field", label)) == numbers


@pytest.mark.parametrize(
    "label", ["7.10.0", "emr-7.10", "emr-spark-8.0-preview", "EMR-7.10.0", "emr-3.11.0", "", 7, "latest"]
)
def test_what_is_no_release_label_is_refused(label: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"emr-7\.10\.0"):
        release_label("EmrCluster.release_label", label)


@pytest.mark.parametrize(
    ("label", "application", "told"),
    [
        ("emr-7.0.0", "Ganglia", "AmazonCloudWatchAgent took its place"),
        ("emr-7.10.0", "ganglia", "AmazonCloudWatchAgent took its place"),
        ("emr-6.15.0", "Mahout", "releases from emr-6.15.0 on do not have it"),
        ("emr-7.7.0", "MXNet", "releases from emr-7.7.0 on do not have it"),
        ("emr-7.5.0", "SQOOP", "releases from emr-7.5.0 on do not have it"),
        ("emr-6.3.0", "Trino", "its name was PrestoSQL"),
        ("emr-6.4.0", "PrestoSQL", "its name is Trino"),
        ("emr-6.15.0", "AmazonCloudWatchAgent", "it came with emr-7.0.0"),
        ("emr-spark-8.0.0", "Hive", "it has AmazonCloudWatchAgent, Delta, Hudi, Iceberg, .*, Spark, and no others"),
        ("emr-spark-8.1.0", "hadoop", "and no others"),
    ],
)
def test_an_application_that_the_release_lacks_is_refused(label: str, application: str, told: str) -> None:
    with pytest.raises(InvalidSpec, match=told) as refused:
        check_applications("EmrCluster.applications", ["Spark", application], label)
    assert f"{label} does not have {application}" in str(refused.value)


@pytest.mark.parametrize(
    ("label", "applications"),
    [
        ("emr-6.15.0", ["Ganglia", "Sqoop", "MXNet", "Trino"]),
        ("emr-7.4.0", ["Sqoop", "MXNet"]),
        ("emr-6.3.0", ["PrestoSQL"]),
        ("emr-7.10.0", ["Pig", "Presto", "ZooKeeper", "TensorFlow", "SomethingNew"]),
        ("emr-spark-8.1.0", ["spark", "Livy", "Delta", "Hudi", "Iceberg", "AmazonCloudWatchAgent"]),
        ("{{ params.release }}", ["Ganglia"]),
    ],
)
def test_what_is_not_known_to_be_gone_is_left_to_emr(label: str, applications: list[str]) -> None:
    cluster = EmrCluster("any", label, InstanceGroups("m5.xlarge"), applications=applications)
    assert cluster.applications == tuple(applications)


@pytest.mark.parametrize("other", ["Trino", "trino", "PrestoSQL"])
def test_presto_and_trino_are_not_together(other: str) -> None:
    with pytest.raises(InvalidSpec, match="Presto and Trino"):
        check_applications("field", ["presto", other], None)


def test_which_releases_end_idle_clusters() -> None:
    lacking = [label for label in ("emr-5.29.0", "emr-5.30.0", "emr-6.0.0", "emr-6.1.0", "emr-7.0.0") if _lacks(label)]
    assert lacking == ["emr-5.29.0", "emr-6.0.0"]


def _lacks(label: str) -> bool:
    numbers = numbers_of(label)
    assert numbers
    return lacks_idle_policy(numbers)


@pytest.mark.parametrize(
    ("label", "way_out"),
    [
        ("emr-6.15.0-latest", "the next one is emr-6.15.0"),
        ("emr-4.8.0", "the next one is emr-4.8.2"),
        ("emr-spark-7.0.0", "the next one is emr-spark-8.0.0"),
        ("emr-spark-8.0.0-20260421", "the next one is emr-spark-8.0.0"),
    ],
)
def test_a_release_that_the_list_knows_better_is_refused_with_the_next_one(label: str, way_out: str) -> None:
    with pytest.raises(InvalidSpec, match=f"no such release in EMR's list as moto [0-9.]+ had it on 20.*; {way_out}$"):
        release_label("EmrCluster.release_label", label)


@pytest.mark.parametrize(
    "label", ["emr-9.99.0", "emr-8.0.0", "emr-7.99.0", "emr-7.10.7", "emr-spark-8.99.0", "emr-5.99.0"]
)
def test_a_release_that_is_newer_than_the_list_is_warned_about(label: str) -> None:
    said = f"{label} is newer than the list of EMR's releases as moto [0-9.]+ had it on 20"
    with pytest.warns(UserWarning, match=said) as told:
        cluster = EmrCluster("any", label, InstanceGroups("m5.xlarge"), applications=["Hive"])
    with pytest.warns(UserWarning, match=said) as told_again:
        assert replace(cluster, name="other").release_label == label
    assert [each.filename for each in [*told, *told_again]] == [__file__] * 2


def test_a_template_is_judged_when_it_is_rendered() -> None:
    late = to_dict(EmrCluster("any", "{{ params.release }}", InstanceGroups("{{ params.kind }}")))
    for label, kind, why in (
        ("emr-4.8.0", "m5.xlarge", "no such release"),
        ("emr-4.8.5", "m5.xlarge", "does not have this instance type"),
        ("emr-7.10.0", "r5.large", "did you mean r5.xlarge"),
    ):
        rendered = {
            **late,
            "release_label": label,
            "idle_timeout": None,
            "instances": {**late["instances"], "primary": kind},
        }
        with pytest.raises(InvalidSpec, match=why):
            from_dict(rendered, EmrCluster)
