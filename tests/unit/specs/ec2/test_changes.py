"""What shall be otherwise in a cluster keeps to EMR's bounds."""

from __future__ import annotations

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.changes import ClusterChange, GroupChange


@pytest.mark.parametrize("seconds", [60, 604_800])
def test_a_cluster_may_be_idle_for_a_minute_to_a_week(seconds: int) -> None:
    assert ClusterChange(idle_timeout=seconds).idle_timeout == seconds


@pytest.mark.parametrize("seconds", [0, 59, 604_801])
def test_an_idle_time_beyond_a_minute_to_a_week_is_refused(seconds: int) -> None:
    with pytest.raises(InvalidSpec, match=r"idle_timeout = \d+: .* from 60 to 604,800"):
        ClusterChange(idle_timeout=seconds)


@pytest.mark.parametrize("count", [0, 2000])
def test_a_group_may_have_none_to_2000_instances(count: int) -> None:
    assert GroupChange("CORE", count=count).count == count


@pytest.mark.parametrize("count", [-1, 2001])
def test_a_count_beyond_2000_is_refused(count: int) -> None:
    with pytest.raises(InvalidSpec, match=r"count = -?\d+: .* from 0 to 2,000"):
        GroupChange("CORE", count=count)
