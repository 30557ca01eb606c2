"""Ids that EMR gives, as operators and sensors take them."""

from __future__ import annotations

import re
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.rules import instead_of
from airflow_emr_pipelines.specs.values.templates import is_rendered

_WHOLE = {"j-": re.compile(r"j-[A-Za-z0-9]{1,64}"), "s-": re.compile(r"s-[A-Za-z0-9]{1,64}")}
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]{2,16}){1,3}-[0-9]{1,2}")


def is_cluster(value: object) -> bool:
    """Whether a value that anybody may have written is the id of a cluster, and nothing else."""
    return isinstance(value, str) and bool(_WHOLE["j-"].fullmatch(value))


def is_step(value: object) -> bool:
    """Whether a value that anybody may have written is the id of a step, and nothing else."""
    return isinstance(value, str) and bool(_WHOLE["s-"].fullmatch(value))


def is_region(value: object) -> bool:
    """Whether a value that anybody may have written has the form of a Region's name, which is a part of host names."""
    return isinstance(value, str) and bool(_REGION.fullmatch(value))


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
    if is_rendered(value) and not (isinstance(value, str) and value.startswith(start)):
        raise InvalidSpec(field, value, f"the id of a {what} starts with {start}", instead_of(value) or remedy)
    return value
