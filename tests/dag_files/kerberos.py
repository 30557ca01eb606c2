"""A cluster with Kerberos, whose password Airflow keeps."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_emr_pipelines import (
    EmrCluster,
    EmrCreateClusterOperator,
    EmrTerminateClusterOperator,
    InstanceGroups,
    KerberosAttributes,
    Secret,
)

CLUSTER = EmrCluster(
    "kerberized",
    "emr-7.10.0",
    InstanceGroups(primary="m5.xlarge"),
    security_configuration="{{ params.security_configuration }}",
    kerberos=KerberosAttributes(
        "EC2.INTERNAL",
        kdc_admin_password=Secret("{{ params.kdc }}"),
        cross_realm_trust_principal_password=Secret(variable="cross_realm"),
    ),
)

with DAG("kerberos", schedule=None, params={"security_configuration": "none", "kdc": "kdc"}):
    create = EmrCreateClusterOperator(task_id="create", cluster=CLUSTER)
    end = EmrTerminateClusterOperator(task_id="end", cluster_id=create.output)
    create >> end
