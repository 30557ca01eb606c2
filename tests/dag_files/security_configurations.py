"""A DAG that makes a security configuration and deletes it."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airflow_emr_pipelines import EmrCreateSecurityConfigurationOperator, EmrDeleteSecurityConfigurationOperator

PARAMS: dict[str, Any] = {"name": "none", "enabled": True}

with DAG("security_configuration_made", schedule=None, params=PARAMS, render_template_as_native_obj=True):
    EmrCreateSecurityConfigurationOperator(
        task_id="create",
        name="{{ params.name }}",
        security_configuration={
            "AuthorizationConfiguration": {
                "IAMConfiguration": {"EnableApplicationScopedIAMRole": "{{ params.enabled }}"},
            }
        },
    )

with DAG("security_configuration_deleted", schedule=None, params=PARAMS):
    EmrDeleteSecurityConfigurationOperator(task_id="delete", name="{{ params.name }}")
