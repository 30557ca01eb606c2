from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.executors import Node, executors_for
from airflow_emr_pipelines.specs.steps import SparkStep

GIB = 1024
R5_XLARGE, R5_4XLARGE = Node(32 * GIB, 4), Node(128 * GIB, 16)
nodes = st.lists(st.builds(Node, st.integers(4 * GIB, 1024 * GIB), st.integers(2, 192)), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("gib", "yarn"), [(8, 6144), (16, 12288), (32, 24576), (64, 57344), (128, 122880), (256, 253952)]
)
def test_yarn_has_what_emr_gives_it(gib: int, yarn: int) -> None:
    """https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-hadoop-task-config.html"""
    assert Node(gib * GIB, 4).yarn_memory == yarn


def test_one_executor_a_node_has_its_cores_but_two_and_seven_tenths_of_its_memory() -> None:
    resources = executors_for([R5_XLARGE] * 6)
    assert (resources.executors, resources.executor_cores) == (6, 2)
    assert resources.executor_container == 0.7 * 24576 // 32 * 32
    assert resources.driver_container == 0.1 * 24576 // 32 * 32


def test_a_bigger_node_runs_more_executors_of_the_smallest_nodes_size() -> None:
    small, mixed = executors_for([R5_XLARGE]), executors_for([R5_XLARGE, R5_4XLARGE])
    assert replace(mixed, executors=1) == small
    assert mixed.executors == 1 + 5


def test_executors_of_few_cores_stand_side_by_side() -> None:
    resources = executors_for([R5_4XLARGE] * 2, executor_cores=5)
    assert (resources.executors, resources.executor_cores) == (4, 5)
    assert 2 * resources.executor_container <= 0.7 * R5_4XLARGE.yarn_memory


@given(nodes, st.one_of(st.none(), st.integers(1, 16)), st.integers(0, 4), st.floats(0.1, 0.9))
def test_no_node_and_no_cluster_is_asked_for_more_than_it_has(
    nodes: list[Node], cores: int | None, spare: int, share: float
) -> None:
    try:
        resources = executors_for(nodes, executor_cores=cores, spare_cores=spare, executor_share=share)
    except InvalidSpec:
        assume(False)
    assert resources.executor_memory >= 512
    assert resources.executor_overhead >= max(384, int(0.1875 * resources.executor_memory))
    assert resources.driver_overhead >= max(384, int(0.1875 * resources.driver_memory))
    room = 0
    for node in nodes:
        free = max(1, node.cores - spare)
        fits = min(free // resources.executor_cores, int(node.yarn_memory * share) // resources.executor_container)
        assert fits >= 1
        room += fits
        assert resources.executor_container + resources.driver_container <= node.yarn_memory
    assert resources.executors == room


@given(nodes)
def test_a_step_takes_the_values_as_they_are(nodes: list[Node]) -> None:
    try:
        values = executors_for(nodes).values()
    except InvalidSpec:
        assume(False)
    conf = {
        "spark.executor.memoryOverhead": values.pop("executor_overhead"),
        "spark.driver.memoryOverhead": values.pop("driver_overhead"),
    }
    assert SparkStep("s", "s3://apps/s.py", conf=conf, **values).num_executors == values["num_executors"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"nodes": []}, "executors run on nodes"),
        ({"nodes": [Node(2 * GIB, 2)]}, "Spark needs 512 MiB and 384 MiB outside the heap"),
        ({"nodes": [R5_XLARGE], "executor_share": 0.95}, "0.1 and 0.95': they are shares of one node"),
        ({"nodes": [R5_XLARGE], "driver_share": 0}, "choose two above 0"),
        ({"nodes": [R5_XLARGE], "executor_cores": 0}, "they count cores"),
        ({"nodes": [R5_XLARGE], "spare_cores": -1}, "they count cores"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidSpec, match=said):
        executors_for(**arguments)  # type: ignore[arg-type]
