"""How many Spark executors of which size a live cluster has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.rules import article

DRIVER_SHARE = 0.10
EXECUTOR_SHARE = 0.70
SPARE_CORES = 2
OVERHEAD_SHARE = 0.1875
"""What EMR adds to a heap for what lies outside it (its spark.executor.memoryOverheadFactor)."""
LEAST_OVERHEAD = 384
LEAST_HEAP = 512
"""Spark itself refuses a heap below 471,859,200 bytes."""
CONTAINER_STEP = 32
"""MiB that YARN on EMR gives containers in (yarn.scheduler.minimum-allocation-mb)."""


@dataclass(frozen=True)
class Node:
    """A machine that runs YARN containers: its memory in MiB and its virtual cores."""

    memory: int
    cores: int

    @property
    def yarn_memory(self) -> int:
        """MiB that EMR gives to YARN: all but a quarter, and never keeping back more than 8 GiB."""
        return self.memory - min(self.memory // 4, 8 * 1024)


@dataclass(frozen=True)
class SparkResources:
    """What a Spark application may ask for; memory in whole MiB."""

    executors: int
    executor_cores: int
    executor_memory: int
    executor_overhead: int
    driver_memory: int
    driver_overhead: int

    @property
    def executor_container(self) -> int:
        return self.executor_memory + self.executor_overhead

    @property
    def driver_container(self) -> int:
        return self.driver_memory + self.driver_overhead

    def values(self) -> dict[str, Any]:
        """By the names that a SparkStep's fields have; the overheads are settings of Spark's conf."""
        return {
            "num_executors": self.executors,
            "executor_cores": self.executor_cores,
            "executor_memory": f"{self.executor_memory}m",
            "executor_overhead": f"{self.executor_overhead}m",
            "driver_memory": f"{self.driver_memory}m",
            "driver_overhead": f"{self.driver_overhead}m",
        }


def executors_for(
    nodes: Sequence[Node],
    *,
    driver_share: float = DRIVER_SHARE,
    executor_share: float = EXECUTOR_SHARE,
    spare_cores: int = SPARE_CORES,
    executor_cores: int | None = None,
) -> SparkResources:
    """The resources of one Spark application that has the cluster for itself, its driver on the cluster, too.

    The smallest node says how big an executor is, so that any node may run one; bigger nodes run more of them. Shares
    are of the memory that YARN has there. An executor's and a driver's memory outside the heap are counted.

    :param nodes: the machines that run containers
    :param driver_share: how much of a node's memory the driver takes
    :param executor_share: how much of each node's memory executors take together
    :param spare_cores: cores of each node that are left to the system and the driver
    :param executor_cores: of each executor; None for one executor on the smallest node
    :raises InvalidSpec: there is no node, the shares do not fit together, or a node is too small for Spark
    """
    if not nodes:
        raise InvalidSpec("nodes", [], "executors run on nodes", "wait until the cluster has some that run")
    check_shares(driver_share, executor_share, spare_cores, executor_cores)
    cores = [max(1, node.cores - spare_cores) for node in nodes]
    each = min(executor_cores or min(cores), *cores)
    memory = min(node.yarn_memory for node in nodes)
    side_by_side = min(free // each for free in cores)
    heap, overhead = _parts("executor_share", int(memory * executor_share) // side_by_side)
    driver_heap, driver_overhead = _parts("driver_share", int(memory * driver_share))
    count = sum(
        min(free // each, int(node.yarn_memory * executor_share) // (heap + overhead))
        for node, free in zip(nodes, cores, strict=True)
    )
    return SparkResources(count, each, heap, overhead, driver_heap, driver_overhead)


def _parts(share: str, container: int) -> tuple[int, int]:
    """A container's heap and what lies outside it."""
    room = container // CONTAINER_STEP * CONTAINER_STEP
    heap = min(int(room / (1 + OVERHEAD_SHARE)), room - LEAST_OVERHEAD)
    if heap < LEAST_HEAP:
        raise InvalidSpec(
            share,
            f"{container} MiB",
            f"Spark needs {LEAST_HEAP} MiB and {LEAST_OVERHEAD} MiB outside the heap",
            "take bigger nodes, a bigger share, or more cores an executor",
        )
    return heap, room - heap


def check_shares(driver_share: float, executor_share: float, spare_cores: int, executor_cores: int | None) -> None:
    """Refuse shares and cores that no node could give."""
    shares_and_cores = {
        "driver_share": driver_share,
        "executor_share": executor_share,
        "spare_cores": spare_cores,
        "executor_cores": 1 if executor_cores is None else executor_cores,
    }
    for name, value in shares_and_cores.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidSpec(name, value, f"it is a number, not {article(value)}", "write one, without quotes")
    if driver_share <= 0 or executor_share <= 0 or driver_share + executor_share > 1:
        shares = f"{driver_share:g} and {executor_share:g}"
        raise InvalidSpec(
            "driver_share and executor_share",
            shares,
            "they are shares of one node, which may run both",
            "choose two above 0 that are at most 1 together",
        )
    if spare_cores < 0 or (executor_cores is not None and executor_cores < 1):
        raise InvalidSpec(
            "spare_cores and executor_cores",
            (spare_cores, executor_cores),
            "they count cores",
            "write at least 0 and 1",
        )
