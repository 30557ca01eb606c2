"""Multi-tenant branch-merge: each tenant's ETL and analytics side by side on one cluster, then the whole platform's.

A tenant that fails stops neither the others nor the merge. The merge is told who made it and who is missing; its
numbers are differentially private. In the end the run fails when somebody is missing, and `no_branch_missing` says who
and why.
"""

from __future__ import annotations

from airflow.sdk import DAG
from processing_day import DAILY_AT_2, DAY_PARAM, MACROS, START_DATE
from tenant_platform import MERGE_ROLE, RUNTIME_ROLES, SECURITY, branch_of, merge, platform, tenant_of

from airflow_emr_pipelines import (
    EmrCreateSecurityConfigurationOperator,
    branch_merge,
    checked_tenants,
    transient_cluster,
    yarn_queues,
)

TENANTS = checked_tenants(tenant_of(name, queue=name) for name in ("EWR", "JFK", "LGA"))
CLUSTER = platform(yarn_queues({"default": 10, **{str(tenant.queue): 90 / len(TENANTS) for tenant in TENANTS}}))

with DAG(
    "emr_multi_tenant",
    schedule=DAILY_AT_2,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    params={"day": DAY_PARAM},
    user_defined_macros=MACROS,
    tags=["emr", "spark", "hive", "tenants"],
    doc_md=__doc__,
):
    secure = EmrCreateSecurityConfigurationOperator(
        task_id="secure", name=SECURITY, security_configuration=RUNTIME_ROLES
    )
    with transient_cluster("pipeline", CLUSTER) as cluster:
        branches = {tenant.name: branch_of(tenant.values(), pool=tenant.pool) for tenant in TENANTS}
        branch_merge(cluster, branches, merge, execution_role_arn=MERGE_ROLE)
    secure >> cluster
