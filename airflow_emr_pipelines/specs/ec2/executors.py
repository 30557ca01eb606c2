"""How many Spark executors of which size a live cluster has room for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.yarn import yarn_memory
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
NEARLY_BEST = 92
"""Percent of what the best layout uses: so much is enough for executors of more cores."""


@dataclass(frozen=True)
class Node:
    """A machine that runs YARN containers: its memory in MiB, its virtual cores and, where known, what it is.

    :param memory: MiB
    :param cores: virtual cores
    :param instance_type: where known: a few types give YARN another share of their memory
    """

    memory: int
    cores: int
    instance_type: str = ""

    @property
    def yarn_memory(self) -> int:
        """MiB that EMR gives to YARN."""
        return yarn_memory(self.memory, self.instance_type)


@dataclass(frozen=True)
class SparkResources:
    """What a Spark application may ask for; memory in whole MiB.

    :param executors: how many
    :param executor_cores: cores of each
    :param executor_memory: MiB of the heap of each
    :param executor_overhead: MiB of each outside of the heap
    :param driver_memory: MiB of the driver's heap
    :param driver_overhead: MiB of the driver outside of the heap
    """

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

    All executors of an application are alike, and nodes are not. An executor is as large as a node's share for them, or
    an even part of it. Of the sizes by which the nodes that there are use nearly most of their memory and cores, where
    memory counts three times, it is the one with most cores: many tiny executors would fill any nodes best, and Spark
    worst. Each node then runs as many as fit on it; one that is too small for any runs none. Shares are of the memory
    that YARN has there. An executor's and a driver's memory outside the heap are counted.

    :param nodes: the machines that run containers
    :param driver_share: how much of a node's memory the driver takes: of the smallest one that runs executors
    :param executor_share: how much of each node's memory executors take together
    :param spare_cores: cores of each node that are left to the system and the driver
    :param executor_cores: of each executor, or as many as the largest node has; None for what suits the nodes
    :raises InvalidSpec: there is no node, the shares do not fit together, or the nodes are too small for Spark
    """
    if not nodes:
        raise InvalidSpec("nodes", [], "executors run on nodes", "wait until the cluster has some that run")
    check_shares(driver_share, executor_share, spare_cores, executor_cores)
    rooms: Counter[_Room] = Counter()
    for node in nodes:
        rooms[_Room(node.yarn_memory, int(node.yarn_memory * executor_share), max(1, node.cores - spare_cores))] += 1
    asked = None if executor_cores is None else min(executor_cores, max(room.cores for room in rooms))
    layouts = [_Layout.of(rooms, each, size) for each, size in _sizes(rooms, asked)]
    if not layouts:
        _parts("executor_share", max(room.memory for room in rooms))  # refuses it, and says why
    most = max(layout.worth(rooms) for layout in layouts)
    nearly = [layout for layout in layouts if 100 * layout.worth(rooms) >= NEARLY_BEST * most]
    best = max(nearly, key=lambda layout: (layout.cores, layout.worth(rooms), -layout.count))
    heap, overhead = _parts("executor_share", best.size)
    driver_heap, driver_overhead = _parts("driver_share", int(best.smallest * driver_share))
    return SparkResources(best.count, best.cores, heap, overhead, driver_heap, driver_overhead)


@dataclass(frozen=True)
class _Room:
    """What a node has: MiB for containers, how much of it is for executors, and cores for them."""

    yarn_memory: int
    memory: int
    cores: int


@dataclass(frozen=True)
class _Layout:
    """Executors of one size on the nodes.

    :param size: MiB of one's container
    :param cores: of one
    :param smallest: MiB for containers of the smallest node that runs one
    """

    size: int
    cores: int
    count: int
    smallest: int

    @classmethod
    def of(cls, rooms: Mapping[_Room, int], cores: int | None, size: int) -> _Layout:
        """As many as fit, of so many cores, or each of as many as any node has for it."""
        fits = {room: min(room.memory // size, room.cores // (cores or 1)) for room in rooms}
        fits = {room: fit for room, fit in fits.items() if fit}
        each = cores or min(room.cores // fit for room, fit in fits.items())
        count = sum(fit * rooms[room] for room, fit in fits.items())
        return cls(size, each, count, min(room.yarn_memory for room in fits))

    def worth(self, rooms: Mapping[_Room, int]) -> int:
        """How much of the nodes is used."""
        memory = sum(room.memory * number for room, number in rooms.items())
        cores = sum(room.cores * number for room, number in rooms.items())
        return self.count * (3 * self.size * cores + self.cores * memory)


def _sizes(rooms: Collection[_Room], asked: int | None) -> Iterator[tuple[int | None, int]]:
    """Cores and MiB that an executor may have, so that at least one node runs one."""
    for room in rooms:
        for side_by_side in range(1, room.cores // (asked or 1) + 1):
            size = room.memory // side_by_side // CONTAINER_STEP * CONTAINER_STEP
            if _heap(size) >= LEAST_HEAP:
                yield asked, size
                if asked is None:
                    yield room.cores // side_by_side, size


def _heap(container: int) -> int:
    """The heap that leaves as much outside of it as EMR asks for."""
    return min(int(container / (1 + OVERHEAD_SHARE)), container - LEAST_OVERHEAD)


def _parts(share: str, container: int) -> tuple[int, int]:
    """A container's heap and what lies outside it."""
    room = container // CONTAINER_STEP * CONTAINER_STEP
    heap = _heap(room)
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
