"""What EMR gives to YARN of a machine's memory (yarn.nodemanager.resource.memory-mb)."""

from __future__ import annotations

from airflow_emr_pipelines.specs.ec2 import node_sizes

MOST_KEPT_BACK = 8 * 1024
"""MiB that a machine keeps for its system and Hadoop's daemons, when a quarter of it is more."""
DOCUMENTED = {
    "c1.medium": 1024,
    "c1.xlarge": 5120,
    "c3.xlarge": 5632,
    "c4.large": 1792,
    "c4.xlarge": 5632,
    "m1.medium": 2048,
    "m1.large": 5120,
    "m1.xlarge": 12288,
    "m2.xlarge": 14336,
    "m2.4xlarge": 61440,
}
"""Where AWS's table says otherwise than the rule
(https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-hadoop-task-config.html). Without m2.2xlarge, of
which it has more than that has."""


def yarn_memory(memory: int, instance_type: str = "") -> int:
    """MiB for containers of a machine with so many MiB: all but a quarter, and never keeping back more than 8 GiB.

    The rule is read off AWS's table, which it meets for every other type of it; AWS states none.
    """
    return DOCUMENTED.get(instance_type) or memory - min(memory // 4, MOST_KEPT_BACK)


def yarn_memory_of(instance_type: str) -> int | None:
    """MiB for containers of an instance type; None where its memory is not known."""
    memory = node_sizes.memory_of(instance_type)
    return None if memory is None else yarn_memory(memory, instance_type)
