"""What AWS's own lists say of the release and the instance types of a request, whichever operator sends it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.plan.requests import elements
from airflow_emr_pipelines.specs.ec2.instances import check_types, instance_type
from airflow_emr_pipelines.specs.ec2.releases import release_label
from airflow_emr_pipelines.specs.values.rules import Rule


def judged_by_lists(body: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What EMR would refuse of a RunJobFlow, and what is newer than the lists are."""
    refused: list[str] = []
    label, types = body.get("ReleaseLabel"), [*dict.fromkeys(filter(_is_known, _types(body.get("Instances"))))]
    values: list[tuple[Rule, str, Any]] = [(release_label, "ReleaseLabel", label)] if _is_known(label) else []
    values += [(instance_type, "InstanceType", name) for name in types]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for rule, field, value in values:
            try:
                rule(field, value)
            except InvalidSpec as error:
                refused.append(str(error))
    try:
        check_types("InstanceType", types, label)
    except InvalidSpec as error:
        refused.append(str(error))
    return refused, [str(one.message) for one in said]


def _is_known(value: Any) -> bool:
    """Whether it is no words in angle brackets, which stand for what only a run knows."""
    return isinstance(value, str) and "<" not in value


def _types(instances: Any) -> Iterator[Any]:
    if not isinstance(instances, Mapping):
        return
    yield from (instances.get("MasterInstanceType"), instances.get("SlaveInstanceType"))
    fleets = (fleet for fleet in elements(instances.get("InstanceFleets")) if isinstance(fleet, Mapping))
    configs = (config for fleet in fleets for config in elements(fleet.get("InstanceTypeConfigs")))
    for one in (*elements(instances.get("InstanceGroups")), *configs):
        if isinstance(one, Mapping):
            yield one.get("InstanceType")
