"""Multi-tenant branch-merge over the tenants that are found: who has a folder in s3://tenant-data/ when the run begins.

The same steps as in emr_multi_tenant, as one group that is mapped over the listing. A folder whose name is no tenant's
id fails the listing, before there is a cluster.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from airflow.sdk import DAG, task
from processing_day import DAILY_AT_2, DAY_PARAM, MACROS, START_DATE
from tenant_platform import MERGE_ROLE, RUNTIME_ROLES, SECURITY, branch_of, merge, platform, tenant_of

from airflow_emr_pipelines import (
    Configuration,
    EmrCreateSecurityConfigurationOperator,
    checked_tenants,
    mapped_branch_merge,
    transient_cluster,
)

BUCKET = "tenant-data"
PARENT = "root.tenants"
YARN = "yarn.scheduler.capacity"
# Nobody knows the tenants when the cluster is written down: YARN makes a queue when its first application comes.
QUEUES = Configuration(
    "capacity-scheduler",
    {
        f"{YARN}.root.queues": "default,tenants",
        f"{YARN}.root.default.capacity": "1w",
        f"{YARN}.{PARENT}.capacity": "9w",
        f"{YARN}.{PARENT}.auto-queue-creation-v2.enabled": True,
    },
)

with DAG(
    "emr_multi_tenant_discovered",
    schedule=DAILY_AT_2,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    params={"day": DAY_PARAM},
    user_defined_macros=MACROS,
    tags=["emr", "spark", "hive", "tenants"],
    doc_md=__doc__,
):

    @task
    def list_tenants() -> list[dict[str, Any]]:
        """The tenants that have a folder, with what is theirs."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        folders = S3Hook().list_prefixes(BUCKET, delimiter="/")
        names = [folder.removesuffix("/") for folder in folders]
        tenants = checked_tenants(tenant_of(name, queue=f"{PARENT}.{name}") for name in names)
        return [tenant.values() for tenant in tenants]

    tenants = list_tenants()
    secure = EmrCreateSecurityConfigurationOperator(
        task_id="secure", name=SECURITY, security_configuration=RUNTIME_ROLES
    )
    with transient_cluster("pipeline", platform(QUEUES)) as cluster:
        # Mapped tasks are one task to Airflow, and that has one pool.
        mapped_branch_merge(cluster, tenants, partial(branch_of, pool="tenants"), merge, execution_role_arn=MERGE_ROLE)
    [tenants, secure] >> cluster
