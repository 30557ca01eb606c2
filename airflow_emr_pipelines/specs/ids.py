"""Ids that EMR gives, as operators and sensors take them."""

from __future__ import annotations

from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.late import known
from airflow_emr_pipelines.specs.rules import instead_of


def cluster_id(field: str, value: Any) -> Any:
    """The id of a cluster that there is."""
    remedy = "EmrFindClusterOperator finds it by the cluster's name, and transient_cluster creates a cluster"
    return _id(field, value, "cluster", "j-", remedy)


def maybe_cluster_id(field: str, value: Any) -> Any:
    """The id of a cluster, or nothing, where none was created."""
    return value if value in (None, "", "None") else cluster_id(field, value)


def step_id(field: str, value: Any) -> Any:
    """The id of a step that there is."""
    return _id(field, value, "step", "s-", 'the task of a step gives it: .output["step_id"]')


def _id(field: str, value: Any, what: str, start: str, remedy: str) -> Any:
    if known(value) and not (isinstance(value, str) and value.startswith(start)):
        raise InvalidSpec(field, value, f"the id of a {what} starts with {start}", instead_of(value) or remedy)
    return value
