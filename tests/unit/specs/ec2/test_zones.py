from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.ec2.cluster import EmrCreateClusterOperator
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, InstanceFleets, InstanceGroups


def grouped(**fields: Any) -> EmrCluster:
    return EmrCluster("any", "emr-7.10.0", InstanceGroups("m5.xlarge"), **fields)


def in_fleets(*zones: Any) -> EmrCluster:
    return EmrCluster("any", "emr-7.10.0", InstanceFleets("m5.xlarge"), availability_zones=zones)


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "eusc-de-east-1"])
def test_a_region_is_no_zone(region: str) -> None:
    why = f'it is the name of a Region; write a zone of it, such as "{region}a"'
    with pytest.raises(InvalidSpec, match=why):
        grouped(availability_zone=region)
    with pytest.raises(InvalidSpec, match=why):
        in_fleets(region)


@pytest.mark.parametrize(
    "zone", ["eu-west-1a", "us-west-2-lax-1a", "us-east-1-wl1-bos-wlz-1", "euw1-az2", "{{ params.zone }}"]
)
def test_what_may_be_a_zone_is_taken(zone: str) -> None:
    assert grouped(availability_zone=zone).availability_zone == zone


def test_several_zones_are_of_one_region() -> None:
    assert in_fleets("eu-west-1a", "{{ params.zone }}", "eu-west-1b").availability_zones[0] == "eu-west-1a"
    with pytest.raises(
        InvalidSpec, match=r"us-east-1b.*of another Region: eu-west-1a is of eu-west-1; write one such as"
    ):
        in_fleets("eu-west-1a", "us-east-1b")


def test_a_zone_is_of_the_region_that_the_operator_names() -> None:
    for cluster in (grouped(availability_zone="eu-west-1a"), in_fleets("eu-west-1a")):
        EmrCreateClusterOperator(task_id="create", cluster=cluster, region_name="eu-west-1")
        EmrCreateClusterOperator(task_id="create", cluster=cluster, region_name="{{ params.region }}")
        with pytest.raises(InvalidSpec, match="the cluster is made in us-east-1"):
            EmrCreateClusterOperator(task_id="create", cluster=cluster, region_name="us-east-1")
    late = grouped(availability_zone="{{ params.zone }}")
    EmrCreateClusterOperator(task_id="create", cluster=late, region_name="us-east-1")
    fields = {"cluster": grouped(availability_zone="eu-west-1a"), "steps": ()}
    with pytest.raises(InvalidSpec, match="the cluster is made in us-east-1"):  # by the connection, at last
        EmrCreateClusterOperator.request(fields, key="key", tags={}, region="us-east-1")
