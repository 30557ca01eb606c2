from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.executors import Node, SparkResources, executors_for
from airflow_emr_pipelines.specs.steps import SparkStep

GIB = 1024
R5_XLARGE, R5_2XLARGE, R5_4XLARGE = Node(32 * GIB, 4), Node(64 * GIB, 8), Node(128 * GIB, 16)
M5_XLARGE, M5_2XLARGE, M5_4XLARGE = Node(16 * GIB, 4), Node(32 * GIB, 8), Node(64 * GIB, 16)
nodes = st.lists(st.builds(Node, st.integers(4 * GIB, 1024 * GIB), st.integers(2, 192)), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("gib", "yarn"), [(8, 6144), (16, 12288), (32, 24576), (64, 57344), (128, 122880), (256, 253952)]
)
def test_yarn_has_what_emr_gives_it(gib: int, yarn: int) -> None:
    """https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-hadoop-task-config.html"""
    assert Node(gib * GIB, 4).yarn_memory == yarn


def test_yarn_has_what_emr_documents_where_that_is_otherwise() -> None:
    assert Node(3840, 2, "c4.large").yarn_memory == 1792
    assert Node(3840, 2).yarn_memory == 2880


def test_one_executor_a_node_has_its_cores_but_two_and_seven_tenths_of_its_memory() -> None:
    resources = executors_for([R5_XLARGE] * 6)
    assert (resources.executors, resources.executor_cores) == (6, 2)
    assert resources.executor_container == 0.7 * 24576 // 32 * 32
    assert resources.driver_container == 0.1 * 24576 // 32 * 32


def test_nodes_that_differ_are_all_used() -> None:
    resources = executors_for([R5_2XLARGE] * 2 + [M5_2XLARGE] * 4)
    assert (resources.executors, resources.executor_cores) == (2 * 2 + 4, 3)
    assert resources.executor_container == 0.7 * M5_2XLARGE.yarn_memory // 32 * 32
    assert 2 * resources.executor_container > 0.58 * R5_2XLARGE.yarn_memory
    assert resources.driver_container == 0.1 * M5_2XLARGE.yarn_memory // 32 * 32


@pytest.mark.parametrize(
    ("nodes", "executors", "cores"),
    [
        ([R5_4XLARGE] * 10 + [M5_XLARGE], 10, 14),
        ([R5_4XLARGE] * 10 + [M5_4XLARGE], 10, 14),
        ([R5_4XLARGE] * 4 + [M5_4XLARGE] * 4, 4 * 2 + 4, 7),
        ([R5_2XLARGE] * 6 + [M5_2XLARGE] * 2, 6 * 2 + 2, 3),
        ([R5_2XLARGE] * 2 + [M5_2XLARGE] * 6, 2 + 6, 6),
        ([M5_4XLARGE] * 9 + [M5_2XLARGE] * 2, 9 * 3 + 2, 4),
    ],
)
def test_executors_that_are_tiny_are_not_taken_to_use_a_little_more(
    nodes: list[Node], executors: int, cores: int
) -> None:
    resources = executors_for(nodes)
    assert (resources.executors, resources.executor_cores) == (executors, cores)


NODE = st.builds(Node, st.integers(16 * GIB, 1024 * GIB), st.integers(4, 192))


@given(NODE, st.integers(1, 20))
def test_nodes_that_are_alike_are_used_whole_by_an_executor_each(node: Node, number: int) -> None:
    resources = executors_for([node] * number)
    assert (resources.executors, resources.executor_cores) == (number, node.cores - 2)
    assert resources.executor_container > int(0.7 * node.yarn_memory) - 32


@given(
    st.builds(Node, st.integers(64 * GIB, 1024 * GIB), st.integers(16, 192)),
    st.integers(8, 20),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_small_node_more_never_makes_executors_much_smaller(
    node: Node, number: int, of_memory: float, of_cores: float
) -> None:
    memory, cores = number * node.memory // 25, number * (node.cores - 2) // 20  # at most, of the small one
    small = Node(16 * GIB + int(of_memory * (memory - 16 * GIB)), 2 + max(1, int(of_cores * cores)))
    before, after = executors_for([node] * number), executors_for([node] * number + [small])
    assert after.executor_cores >= before.executor_cores
    assert after.executor_container >= 0.8 * before.executor_container


def test_a_node_that_is_too_small_does_not_make_all_executors_small() -> None:
    resources = executors_for([Node(3840, 2, "c4.large")] + [R5_4XLARGE] * 10)
    assert resources == executors_for([R5_4XLARGE] * 10)
    assert resources.executors == 10


def test_executors_of_so_many_cores_use_what_each_node_has_of_memory() -> None:
    resources = executors_for([R5_XLARGE, R5_4XLARGE], executor_cores=2)
    assert (resources.executors, resources.executor_cores) == (1 + 7, 2)


def test_so_many_cores_are_kept_to_though_a_node_has_fewer() -> None:
    resources = executors_for([R5_4XLARGE] * 2 + [M5_2XLARGE] * 6, executor_cores=8)
    assert (resources.executors, resources.executor_cores) == (2, 8)
    assert executors_for([M5_XLARGE] * 2, executor_cores=5).executor_cores == 2


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
        room += fits
        if fits:
            assert fits * resources.executor_container + resources.driver_container <= node.yarn_memory
    assert resources.executors == room >= 1


@given(nodes, st.integers(0, 4))
def test_mixed_nodes_are_used_nearly_as_well_as_by_executors_that_one_of_them_would_have(
    nodes: list[Node], spare: int
) -> None:
    def used(one: SparkResources) -> float:
        """Of all nodes' memory and cores, by as many executors like one as fit."""
        size, count = one.executor_container, 0
        for node in nodes:
            count += min(int(node.yarn_memory * 0.7) // size, max(1, node.cores - spare) // one.executor_cores)
        memory = sum(int(node.yarn_memory * 0.7) for node in nodes)
        return count * (3 * size / memory + one.executor_cores / sum(max(1, node.cores - spare) for node in nodes))

    try:
        resources, *alone = (executors_for(some, spare_cores=spare) for some in (nodes, *([node] for node in nodes)))
    except InvalidSpec:
        assume(False)
    assert used(resources) >= 0.92 * max(map(used, alone)) - 1e-9


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
