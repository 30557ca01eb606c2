"""The requests of Amazon EMR on EC2 that tasks send, and plans tell: names with their keys, steps and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.errors import HIDDEN
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.kerberos import Secret
from airflow_emr_pipelines.specs.ec2.render.cluster import Reveal, render_cluster
from airflow_emr_pipelines.specs.ec2.zones import check_zones
from airflow_emr_pipelines.specs.steps import Step
from airflow_emr_pipelines.specs.values.keys import name_with_key


def hidden(secret: Secret) -> str:
    """What stands for a secret in a request that is shown."""
    return HIDDEN


def cluster_request(
    cluster: EmrCluster,
    steps: Sequence[Step],
    *,
    key: str,
    tags: Mapping[str, str],
    region: str | None = None,
    reveal: Reveal = hidden,
) -> dict[str, Any]:
    """RunJobFlow.

    :param steps: those that are part of the request
    :param reveal: what a secret is; when the request is about to be sent
    """
    check_zones(cluster, region)
    name = name_with_key(cluster.name, key)
    return render_cluster(cluster, name=name, steps=_rendered(steps, key, region), tags=tags, reveal=reveal)


def steps_request(cluster_id: str, steps: Sequence[Step], *, key: str, region: str | None) -> dict[str, Any]:
    """AddJobFlowSteps."""
    return {"JobFlowId": cluster_id, "Steps": _rendered(steps, key, region)}


def _rendered(steps: Sequence[Step], key: str, region: str | None) -> list[dict[str, Any]]:
    return [EC2.render(step, {"region": region}, name_with_key(step.name, key, EC2.name_limit)) for step in steps]
