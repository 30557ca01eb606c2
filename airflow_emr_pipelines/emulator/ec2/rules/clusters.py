"""What holds for a cluster that is there."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws.errors import NOT_MODIFIABLE, NOT_RUNNING, Refused
from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.ec2.rules.releases import Release, supported_from
from airflow_emr_pipelines.specs.ec2.states import ClusterState


def modifiable(cluster: Cluster) -> None:
    """Refuse to change a cluster that is ending or has ended."""
    if cluster.state.finished or cluster.state is ClusterState.TERMINATING or cluster.end is not None:
        raise Refused(NOT_MODIFIABLE)


def running(cluster: Cluster, collection: str) -> None:
    """Refuse to change a ``group`` or ``fleet`` of a cluster that does not run, be it that it has yet to start."""
    if not cluster.state.usable or cluster.end is not None:
        raise Refused(NOT_RUNNING.format(collection))


def step_concurrency(level: int, release: Release) -> None:
    """Refuse a step concurrency level that EMR would refuse."""
    if not 1 <= level <= 256:
        raise Refused(f"Step concurrency level must be between 1 and 256, not {level}.")
    if level > 1:
        supported_from("A step concurrency level greater than 1", (5, 28, 0), release)
