"""EMR's rules on a request, beyond its model: each refusal is a sentence that says which rule was broken.

Sources: the documentation of the API's shapes, and the Management Guide's pages on the feature that a rule names.
"""

from __future__ import annotations

from airflow_emr_pipelines.emulator.ec2.rules.app_uis import cluster_of, new_persistent_ui, on_cluster_ui
from airflow_emr_pipelines.emulator.ec2.rules.clusters import modifiable, running, step_concurrency
from airflow_emr_pipelines.emulator.ec2.rules.fleets import added_fleet, modified_fleet, supports_fleets, types_of
from airflow_emr_pipelines.emulator.ec2.rules.groups import added_groups, asked_groups, modified_group
from airflow_emr_pipelines.emulator.ec2.rules.new_cluster import has_three_primaries, new_cluster
from airflow_emr_pipelines.emulator.ec2.rules.releases import (
    applications_of,
    release_of,
    supported_from,
    supported_types,
)
from airflow_emr_pipelines.emulator.ec2.rules.scaling import (
    NO_POLICY_FOR_FLEETS,
    auto_scaling,
    auto_termination,
    group_policies,
    managed_scaling,
)
from airflow_emr_pipelines.emulator.ec2.rules.security import has_runtime_roles, runtime_role
from airflow_emr_pipelines.emulator.ec2.rules.security_configurations import new_security_configuration
from airflow_emr_pipelines.emulator.ec2.rules.steps import added_steps, not_cancellable, steps
from airflow_emr_pipelines.emulator.ec2.rules.tags import tags

__all__ = [
    "NO_POLICY_FOR_FLEETS",
    "added_fleet",
    "added_groups",
    "added_steps",
    "applications_of",
    "asked_groups",
    "auto_scaling",
    "auto_termination",
    "cluster_of",
    "group_policies",
    "has_runtime_roles",
    "has_three_primaries",
    "managed_scaling",
    "modifiable",
    "modified_fleet",
    "modified_group",
    "new_cluster",
    "new_persistent_ui",
    "new_security_configuration",
    "not_cancellable",
    "on_cluster_ui",
    "release_of",
    "running",
    "runtime_role",
    "step_concurrency",
    "steps",
    "supported_from",
    "supported_types",
    "supports_fleets",
    "tags",
    "types_of",
]
