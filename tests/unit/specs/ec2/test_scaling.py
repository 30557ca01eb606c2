from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.scaling import THIS_CLUSTER, UNITS, AutoScaling, ManagedScaling, ScalingRule
from airflow_emr_pipelines.specs.values.templates import is_template
from tests.unit.specs.emr_model import EMR


def rule(**fields: Any) -> ScalingRule:
    return ScalingRule(
        **{
            "name": "out",
            "metric_name": "YARNMemoryAvailablePercentage",
            "comparison_operator": "LESS_THAN",
            "threshold": 15,
            "adjustment": 1,
            **fields,
        }
    )


def test_a_rule_watches_the_cluster_that_is_being_created_by_a_text_that_jinja_leaves_alone() -> None:
    assert rule().dimensions == {"JobFlowId": "${emr.clusterId}"}
    assert not is_template(THIS_CLUSTER)


def test_the_units_are_those_of_the_model() -> None:
    shape: Any = EMR.shape_for("Unit")
    assert set(UNITS) == set(shape.enum)


def test_a_metric_of_ones_own_has_its_own_dimensions() -> None:
    own = rule(namespace="Queues", metric_name="CPUUtilization", dimensions={"Queue": "etl"})
    assert (own.period, own.dimensions) == (300, {"Queue": "etl"})


def test_a_rule_that_grows_when_memory_is_free_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="'out' adds instances when much memory is free"):
        rule(comparison_operator="GREATER_THAN")
    rule(comparison_operator="GREATER_THAN", adjustment=-1)


@pytest.mark.parametrize("adjustment", [-2000, 2000])
def test_a_rule_adds_or_takes_up_to_2000_instances(adjustment: int) -> None:
    assert rule(adjustment=adjustment).adjustment == adjustment
    with pytest.raises(InvalidSpec, match="from -2,000 to 2,000"):
        rule(adjustment=adjustment + (1 if adjustment > 0 else -1))


@pytest.mark.parametrize("index", [1, 25, 50, 75, 100, "50"])
def test_the_advanced_strategy_has_one_of_five_indexes(index: int | str) -> None:
    scaling = ManagedScaling(1, 10, scaling_strategy="ADVANCED", utilization_performance_index=index)
    assert scaling.utilization_performance_index == int(index)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        pytest.param(
            lambda: ManagedScaling(10, 2), "minimum = 10: it is more than the maximum, 2", id="the minimum is the least"
        ),
        pytest.param(lambda: ManagedScaling(0, 2), "of at least 1", id="the minimum is at least 1"),
        pytest.param(
            lambda: ManagedScaling(1, 5, maximum_on_demand=6),
            "maximum_on_demand = 6: it is more than the maximum, 5",
            id="MaximumOnDemandCapacityUnits is at most the maximum",
        ),
        pytest.param(
            lambda: ManagedScaling(1, 5, maximum_core=6),
            "maximum_core = 6: it is more than the maximum, 5",
            id="MaximumCoreCapacityUnits is at most the maximum",
        ),
        pytest.param(
            lambda: ManagedScaling(1, 5, unit_type="Cores"),
            "none of InstanceFleetUnits, Instances, VCPU",
            id="a unit type is one of three",
        ),
        pytest.param(
            lambda: ManagedScaling(1, 5, scaling_strategy="ADVANCED", utilization_performance_index=30),
            "none of 1, 25, 50, 75, 100",
            id="UtilizationPerformanceIndex is one of five",
        ),
        pytest.param(
            lambda: ManagedScaling(1, 5, utilization_performance_index=50),
            'add scaling_strategy="ADVANCED"',
            id="UtilizationPerformanceIndex is for the ADVANCED strategy",
        ),
        pytest.param(
            lambda: ManagedScaling(1, 5, scaling_strategy="DEFAULT", utilization_performance_index=50),
            'add scaling_strategy="ADVANCED"',
            id="UtilizationPerformanceIndex is not for the DEFAULT strategy",
        ),
        pytest.param(
            lambda: ManagedScaling(1, 5, scaling_strategy="ADVANCED"),
            "goes with utilization_performance_index",
            id="the ADVANCED strategy needs a UtilizationPerformanceIndex",
        ),
        pytest.param(
            lambda: AutoScaling(5, 2, [rule()]), "more than the maximum, 2", id="MinCapacity is at most MaxCapacity"
        ),
        pytest.param(lambda: AutoScaling(1, 2, []), "at least one rule", id="a policy has a rule"),
        pytest.param(
            lambda: AutoScaling(1, 2, [rule(), rule()]), "not all different", id="the names of rules are unique"
        ),
        pytest.param(
            lambda: AutoScaling(1, 2, [{"Name": "out"}]),  # type: ignore[list-item]
            r"rules\[0\] = .*it is no ScalingRule",
            id="rules are ScalingRules",
        ),
        pytest.param(
            lambda: rule(period=60),
            "period = 60: metrics come every 300 seconds",
            id="the period of a rule is 300 seconds",
        ),
        pytest.param(
            lambda: rule(period="600", namespace="Queues"),
            "period = 600: metrics come every 300 seconds",
            id="the period of a rule on a metric of one's own is 300 seconds",
        ),
        pytest.param(
            lambda: rule(metric_name="CPUUtilization"), "does not have this metric", id="EMR has no CPUUtilization"
        ),
        pytest.param(
            lambda: rule(metric_name="StreamingBatchProcessingTime"),
            "does not have this metric",
            id="EMR has no StreamingBatchProcessingTime",
        ),
        pytest.param(
            lambda: rule(dimensions={"InstanceGroupName": "task"}),
            "only JobFlowId and JobId",
            id="EMR's metrics are of the cluster, not of a group",
        ),
        pytest.param(
            lambda: rule(dimensions=[{"Key": "JobFlowId", "Value": THIS_CLUSTER}]),
            "it is a mapping",
            id="dimensions are a mapping",
        ),
        pytest.param(
            lambda: rule(adjustment_type="EXACT_CAPACITY", adjustment=0),
            "EXACT_CAPACITY",
            id="an exact capacity is positive",
        ),
        pytest.param(lambda: rule(threshold=-1), "at least 0", id="a threshold is not negative"),
        pytest.param(lambda: rule(evaluation_periods=0), "at least 1", id="there is at least one evaluation period"),
        pytest.param(lambda: rule(cool_down=-1), "at least 0", id="a cool-down is not negative"),
        pytest.param(lambda: rule(unit="Percent"), "none of NONE, COUNT, PERCENT", id="a unit is one of CloudWatch's"),
        pytest.param(lambda: rule(statistic="MEDIAN"), "none of SAMPLE_COUNT", id="a statistic is one of five"),
        pytest.param(lambda: rule(comparison_operator="<"), "none of GREATER", id="a comparison is one of four"),
    ],
)
def test_scaling_that_emr_would_refuse(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        make()
