"""What a cluster's nodes have no room for is said, and what would run is not complained of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk import DAG
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines import (
    AutoScaling,
    Configuration,
    EmrCluster,
    EmrCreateClusterOperator,
    Fleet,
    Group,
    InstanceFleets,
    InstanceGroups,
    ManagedScaling,
    ScalingRule,
    SparkSqlStep,
    SparkStep,
    data_engineering_cluster,
    memory_optimized_cluster,
    spark_analytics_cluster,
    spark_defaults,
    transient_cluster,
    yarn_site,
)
from airflow_emr_pipelines.specs.ec2.executors import Node, executors_for
from airflow_emr_pipelines.specs.ec2.fit import cluster_misfits, step_misfits
from airflow_emr_pipelines.specs.ec2.node_sizes import memory_of
from airflow_emr_pipelines.specs.ec2.yarn import yarn_memory, yarn_memory_of

TWO = InstanceGroups("m5.xlarge", core=Group("m5.xlarge", 2))
CLUSTER = EmrCluster("c", "emr-7.10.0", TWO, log_uri="s3://logs/")
RULES = [ScalingRule("grow", "YARNMemoryAvailablePercentage", "LESS_THAN", 15, 1)]
STEP = SparkStep("s", "s3://apps/s.py")


def codes(step: SparkStep | SparkSqlStep, cluster: EmrCluster = CLUSTER) -> list[str]:
    return [misfit.code for misfit in step_misfits(step, cluster)]


def executors(count: Any, memory: Any, **fields: Any) -> SparkStep:
    return replace(STEP, num_executors=count, executor_memory=memory, **fields)


def on(core: Any = None, *tasks: Any, primary: Any = "m5.xlarge", **fields: Any) -> EmrCluster:
    return replace(CLUSTER, instances=InstanceGroups(primary, core, tasks), **fields)


def late(**fields: Any) -> EmrCluster:
    return replace(CLUSTER, **fields)


def test_executors_that_find_no_place_are_told_with_the_room_that_there_is() -> None:
    (misfit,) = step_misfits(executors(10, "8g"), CLUSTER)
    assert misfit.code == "executors-do-not-fit"
    assert misfit.text.startswith("step 's' asks for 10 executors of 9,011 MiB with what lies outside the heap")
    assert "YARN has room for 2 (2 m5.xlarge with 12,288 MiB each): the others wait without end" in misfit.text
    assert codes(executors(2, "8g")) == []


def test_an_executor_that_no_node_has_room_for_can_never_start() -> None:
    (misfit,) = step_misfits(executors(1, "64g"), CLUSTER)
    assert (misfit.code, "12,288 MiB: none can ever start" in misfit.text) == ("executor-too-large", True)
    assert codes(replace(STEP, executor_memory="64g")) == ["executor-too-large"]
    assert codes(executors(1, "64g"), on(Group("m5.xlarge", 2), Group("r5.4xlarge"))) == []


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (replace(STEP, driver_memory="16g"), ["driver-too-large"]),
        (replace(STEP, driver_memory="10g"), []),
        (replace(STEP, driver_memory="12g", deploy_mode="client"), []),
        (replace(STEP, driver_memory="20g", deploy_mode="client"), ["driver-too-large"]),
        (replace(STEP, driver_memory="20g", deploy_mode=None), ["driver-too-large"]),
        (replace(STEP, driver_memory="20g", deploy_mode="{{ params.mode }}"), []),
        (SparkSqlStep("q", "s3://apps/q.sql", conf={"spark.driver.memory": "20g"}), ["driver-too-large"]),
    ],
)
def test_a_driver_is_held_against_the_node_that_it_runs_on(step: SparkStep, code: list[str]) -> None:
    assert codes(step) == code
    assert codes(step, on(Group("r5.4xlarge", 2), primary="r5.4xlarge")) == []


def test_a_driver_in_client_mode_starts_and_may_run_out_of_memory() -> None:
    (misfit,) = step_misfits(replace(STEP, driver_memory="20g", deploy_mode="client"), CLUSTER)
    assert "a m5.xlarge, has 16,384 MiB: it may run out of memory; ask for less" in misfit.text
    (misfit,) = step_misfits(replace(STEP, driver_memory="20g"), CLUSTER)
    assert "12,288 MiB: it can never start; ask for less" in misfit.text


@pytest.mark.parametrize(("master", "code"), [("local[4]", []), ("yarn", ["executor-too-large"])])
def test_where_spark_does_not_run_on_yarn_nothing_is_said(master: str, code: list[str]) -> None:
    conf = {"spark.master": master, "spark.executor.memory": "64g"}
    assert codes(replace(STEP, deploy_mode="client", conf=conf)) == code
    conf = {"spark.executor.memory": "64g"}
    defaults = [spark_defaults({"spark.master": master})]
    assert codes(replace(STEP, deploy_mode="client", conf=conf), late(configurations=defaults)) == code


def test_the_driver_takes_the_place_of_an_executor_where_both_do_not_fit_on_a_node() -> None:
    assert codes(executors(2, "8g", driver_memory="2g")) == []
    assert codes(executors(2, "8g", driver_memory="8g")) == ["executors-do-not-fit"]
    assert codes(executors(2, "8g", driver_memory="8g"), on(Group("m5.xlarge", 2), Group("m5.xlarge"))) == []
    assert codes(executors(2, "8g", driver_memory="8g", deploy_mode="client")) == []


@pytest.mark.parametrize(
    "cluster",
    [
        on(Group("m5.xlarge", 10)),
        on(Group("m5.xlarge", 2), Group("r5.4xlarge", 1)),
        on(Group("m5.xlarge", "{{ params.nodes }}")),
        on(Group("{{ params.type }}", 2)),
        on(Group("m5.xlarge", 2), "{{ params.type }}"),
        on(Group("m5.xlarge", 2), managed_scaling=ManagedScaling(2, 10)),
        on(Group("m5.xlarge", 2), managed_scaling=ManagedScaling(8, 8, unit_type="VCPU")),
        on(
            Group("m5.xlarge", 2, auto_scaling=AutoScaling(2, 10, RULES)),
            auto_scaling_role="EMR_AutoScaling_DefaultRole",
        ),
        on(primary="m5.24xlarge"),
        late(instances="{{ params.instances }}"),
        replace(CLUSTER, instances=InstanceFleets("m5.xlarge", core=Fleet(["m5.xlarge", "m5.4xlarge"], on_demand=2))),
        replace(CLUSTER, configurations=[yarn_site({"yarn.nodemanager.resource.memory-mb": 60_000})]),
        on(Group("m5.xlarge", 2, configurations=[yarn_site({"yarn.nodemanager.resource.memory-mb": 60_000})])),
        on(Group("m5.xlarge", 2, configurations=[spark_defaults({"spark.executor.memory": "1g"})])),
        late(configurations="{{ params.configurations }}"),
    ],
)
def test_where_there_is_room_or_it_is_not_known_how_much_nothing_is_said(cluster: EmrCluster) -> None:
    assert codes(executors(10, "8g"), cluster) == []


@pytest.mark.parametrize(
    "cluster",
    [
        on(primary="m5.xlarge"),
        on(Group("m5.xlarge", 2), managed_scaling=ManagedScaling(2, 9)),
        on(Group("m5.xlarge", 2), Group("m5.xlarge", 7)),
        on(
            Group("m5.xlarge", 2, auto_scaling=AutoScaling(2, 9, RULES)),
            auto_scaling_role="EMR_AutoScaling_DefaultRole",
        ),
        replace(CLUSTER, configurations=[yarn_site({"yarn.nodemanager.resource.memory-mb": 40_000})]),
    ],
)
def test_growth_and_settings_count_as_far_as_they_go(cluster: EmrCluster) -> None:
    assert codes(executors(10, "8g"), cluster) == ["executors-do-not-fit"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"conf": {"spark.executor.memoryOverhead": "3g"}}, []),
        ({"conf": {"spark.executor.memoryOverhead": "4200"}}, ["executor-too-large"]),
        ({"conf": {"spark.executor.memoryOverhead": "{{ params.overhead }}"}}, []),
        ({"conf": {"spark.executor.memoryOverheadFactor": "0.0"}}, []),
        ({"properties_file": "/etc/spark/mine.conf", "conf": {"spark.executor.memoryOverhead": "9g"}}, []),
        ({"executor_memory": "{{ params.memory }}"}, []),
        ({"executor_memory": None}, []),
        ({"num_executors": "{{ params.count }}"}, []),
    ],
)
def test_what_lies_outside_the_heap_is_counted_as_it_is_said(fields: dict[str, Any], code: list[str]) -> None:
    assert codes(replace(executors(2, "8g"), **fields)) == code


def test_what_the_step_does_not_say_its_cluster_may() -> None:
    cluster = replace(
        CLUSTER, configurations=[spark_defaults({"spark.executor.memory": "64g", "spark.driver.memory": "64g"})]
    )
    assert codes(STEP, cluster) == ["driver-too-large", "executor-too-large"]
    assert codes(replace(STEP, driver_memory="1g", executor_memory="1g"), cluster) == []
    assert (
        codes(STEP, replace(CLUSTER, configurations=[Configuration("spark", {"maximizeResourceAllocation": True})]))
        == []
    )


def test_of_a_type_that_is_not_known_no_memory_is_known() -> None:
    assert (yarn_memory_of("x9.xlarge"), yarn_memory_of("m5.xlarge")) == (None, 12288)


@pytest.mark.parametrize(
    ("instance_type", "gib"),
    [
        ("m7i-flex.xlarge", 16),
        ("c8i-flex.2xlarge", 16),
        ("r8i-flex.4xlarge", 128),
        ("c7i-flex.xlarge", 8),
        ("g5.xlarge", 16),
        ("g6.8xlarge", 128),
        ("g6.48xlarge", 768),
        ("d3.xlarge", 32),
        ("i4g.2xlarge", 64),
        ("is4gen.xlarge", 24),
        ("p4d.24xlarge", 1152),
        ("x1.32xlarge", 1952),
        ("x1e.xlarge", 122),
        ("f2.48xlarge", 2048),
    ],
)
def test_no_type_is_held_to_less_memory_than_it_has(instance_type: str, gib: int) -> None:
    assert gib * 1024 <= (memory_of(instance_type) or 0) <= 1.07 * gib * 1024
    nodes = on(Group(instance_type, 1), primary=instance_type)
    heap = f"{yarn_memory(gib * 1024) * 10 // 11 - 384}m"
    assert codes(executors(1, heap, driver_memory=heap, deploy_mode="client"), nodes) == []


def test_a_core_group_of_none_is_told() -> None:
    def told(cluster: EmrCluster) -> list[str]:
        return [misfit.code for misfit in cluster_misfits(cluster)]

    assert told(on(Group("m5.xlarge", 0))) == ["empty-core-group"]
    assert told(on(Group("m5.xlarge", 0), Group("m5.xlarge", 2))) == ["empty-core-group"]
    assert told(on()) == told(CLUSTER) == []
    assert told(on(Group("m5.xlarge", 0), managed_scaling=ManagedScaling(1, 9))) == []
    assert codes(executors(10, "8g"), on(Group("m5.xlarge", 0))) == []


def test_a_dag_warns_when_it_is_read() -> None:
    with DAG("d", schedule=None), transient_cluster("emr", CLUSTER) as emr:
        emr.run(executors(2, "8g"))
        with pytest.warns(UserWarning, match="room for 2") as told:
            emr.run(executors(10, "8g"), task_id="ten")
    assert [each.filename for each in told] == [__file__]
    with DAG("e", schedule=None):
        with pytest.warns(UserWarning, match="a core group of 0") as empty:
            EmrCreateClusterOperator(task_id="empty", cluster=on(Group("m5.xlarge", 0)))
        with pytest.warns(UserWarning, match="none can ever start") as large:
            EmrCreateClusterOperator(task_id="large", cluster=CLUSTER, steps=[executors(1, "64g")])
    assert [each.filename for each in [*empty, *large]] == [__file__] * 2


SIZES = st.sampled_from(["m5.xlarge", "m5.2xlarge", "r5.xlarge", "r5.4xlarge", "c5.2xlarge", "m7i.8xlarge"])
GROUPS = st.lists(st.builds(Group, SIZES, st.integers(1, 4)), min_size=1, max_size=3)


@given(GROUPS, st.integers(1, 40), st.integers(600, 120_000), st.integers(600, 60_000))
def test_it_is_complained_of_exactly_when_no_placing_of_the_containers_succeeds(
    groups: list[Group], count: int, heap: int, driver: int
) -> None:
    step = executors(count, f"{heap}m", driver_memory=f"{driver}m")
    container, host = (size + max(int(size * 0.1), 384) for size in (heap, driver))
    free = [yarn_memory_of(group.instance_type) or 0 for group in groups for _ in range(int(group.count))]
    placed = [
        sum((each - (host if place == at else 0)) // container for at, each in enumerate(free))
        for place in range(len(free))
        if free[place] >= host
    ]
    assert (codes(step, on(*groups)) == []) == (max(placed, default=-1) >= count)


@given(GROUPS)
def test_what_our_own_sizing_asks_for_fits(groups: list[Group]) -> None:
    nodes = [
        Node(memory_of(group.instance_type) or 0, 4, group.instance_type)
        for group in groups
        for _ in range(int(group.count))
    ]
    values = executors_for(nodes).values()
    conf = {
        "spark.executor.memoryOverhead": values.pop("executor_overhead"),
        "spark.driver.memoryOverhead": values.pop("driver_overhead"),
    }
    assert codes(SparkStep("s", "s3://apps/s.py", conf=conf, **values), on(*groups)) == []


@pytest.mark.parametrize("preset", [data_engineering_cluster, memory_optimized_cluster, spark_analytics_cluster])
def test_presets_are_not_complained_of(preset: Any) -> None:
    cluster = preset("p", log_uri="s3://logs/")
    assert codes(STEP, cluster) == [misfit.code for misfit in cluster_misfits(cluster)] == []
