"""GetResources of the Resource Groups Tagging API: our clusters, and with them what moto knows of other services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.emulator.ec2.model import Cluster

Request = Mapping[str, Any]

ARN_PART = ":elasticmapreduce:"
CLUSTER_TYPES = ("elasticmapreduce", "elasticmapreduce:cluster")


def asks_for_clusters(request: Request) -> bool:
    """Whether clusters are among what the request asks for."""
    types, arns = request.get("ResourceTypeFilters"), request.get("ResourceARNList")
    if arns:
        return any(ARN_PART in arn for arn in arns)
    return not types or any(kind in CLUSTER_TYPES for kind in types)


def for_others(request: Request) -> Request | None:
    """The request without what concerns clusters; None when nothing is left of it."""
    rest = dict(request)
    for name in ("ResourceTypeFilters", "ResourceARNList"):
        if request.get(name):
            rest[name] = [text for text in request[name] if text not in CLUSTER_TYPES and ARN_PART not in text]
            if not rest[name]:
                return None
    return rest


def matching(clusters: Sequence[Cluster], request: Request) -> list[dict[str, Any]]:
    """The mappings of ARN to tags of the clusters that the request asks for."""
    arns = request.get("ResourceARNList")
    return [
        {"ResourceARN": cluster.arn, "Tags": [{"Key": key, "Value": value} for key, value in cluster.tags.items()]}
        for cluster in clusters
        if (cluster.arn in arns if arns else bool(cluster.tags))
        and all(_has(cluster.tags, wanted) for wanted in request.get("TagFilters", ()))
    ]


def _has(tags: Mapping[str, str], wanted: Request) -> bool:
    values = wanted.get("Values")
    return wanted["Key"] in tags and (not values or tags[wanted["Key"]] in values)
