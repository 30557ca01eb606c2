"""What the DAGs over tenants share: whose what is, the steps of one tenant, their merge, and the cluster.

Tenants are the airports, EWR, JFK and LGA. What belongs to one is named by its id: folders in S3, the runtime role that
its steps act as, a YARN queue, an Airflow pool, log folders and Hive databases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processing_day import DAY

from airflow_emr_pipelines import (
    BootstrapAction,
    Branch,
    Configuration,
    EmrCluster,
    Group,
    HiveStep,
    InstanceGroups,
    SparkStep,
    Tenant,
    glue_catalog,
    spark_defaults,
)

ROLES = "arn:aws:iam::111122223333:role"
SECURITY = "tenant-runtime-roles"
RUNTIME_ROLES = {"AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}}}
QUALITY, QUALITY_OF = 0.95, {"LGA": 0.9}
"""The share of good rows that is enough, and for whom it is another."""

APPS = "s3://pipeline-apps"
TENANTS = f"{APPS}/tenants"
DATA, CONFIGS, LOGS = "s3://tenant-data", "s3://tenant-configs", "s3://emr-logs"
MERGE_ROLE = f"{ROLES}/tenants-merge"


def tenant_of(name: str, *, queue: str) -> Tenant:
    """A tenant by its id, which is refused where it could lead out of what is its own."""
    return Tenant(
        name,
        execution_role_arn=f"{ROLES}/tenant-{name}",
        queue=queue,
        pool=f"tenant_{name}",
        log_uri=f"{LOGS}/tenants/{name}/",
        quality_threshold=QUALITY_OF.get(name, QUALITY),
    )


def branch_of(tenant: Mapping[str, Any], *, pool: str | None) -> Branch:
    """A tenant's chain: its ETL, and the analytics of what that leaves. The values may be templates."""
    name, queue, log_uri = tenant["name"], tenant["queue"], tenant["log_uri"]
    own = f"{DATA}/{name}"
    etl = SparkStep(
        f"Tenant ETL {name}",
        f"{TENANTS}/tenant_etl.py",
        args=[
            f"--tenant-id={name}",
            f"--source-path={own}/raw/",
            f"--target-path={own}/processed/",
            f"--processing-rules={CONFIGS}/{name}/rules.json",
            f"--quality-threshold={tenant['quality_threshold']}",
            f"--resource-pool={name}",
            f"--processing-date={DAY}",
            f"--quality-report={own}/quality/",
            "--schema-registry=s3://schema-registry",
            "--quality-rules=s3://quality-rules/standard.json",
        ],
        conf={"spark.scheduler.mode": "FAIR"},  # without it Spark puts all jobs into one pool, whatever they name
        driver_memory="4g",
        num_executors=8,
        executor_memory="8g",
        queue=queue,
        py_files=(f"{APPS}/lake.py", f"{APPS}/quality.py", f"{TENANTS}/tenancy.py"),
        log_uri=log_uri,
    )
    analytics = HiveStep(
        f"Tenant Analytics {name}",
        f"{TENANTS}/tenant_analytics.hql",
        args=["--hiveconf", f"tez.queue.name={queue}"],
        variables={
            "tenant_id": name,
            "source_database": f"{name}_processed",
            "target_database": f"{name}_analytics",
            "processing_date": DAY,
        },
        log_uri=log_uri,
    )
    return Branch(
        {"etl": etl, "analytics": analytics},
        {"pool": pool, "execution_role_arn": tenant["execution_role_arn"]},
    )


def merge(made: str, missing: str) -> SparkStep:
    """Numbers of the whole platform, of the tenants that made it."""
    return SparkStep(
        "Cross-Tenant Aggregated Analytics",
        f"{TENANTS}/cross_tenant_analytics.py",
        args=[
            f"--source-path={DATA}/*/processed/",
            f"--tenants={made}",
            f"--missing-tenants={missing}",
            f"--processing-date={DAY}",
            "--aggregation-level=platform",
            "--privacy-mechanism=differential_privacy",
            "--epsilon=1.0",
            "--privacy-ledger=s3://analytics-results/privacy-ledger",
            "--period-budget=2.0",  # a day's numbers, and once more when a missing tenant has come
            "--output-path=s3://analytics-results/cross-tenant/",
        ],
        driver_memory="8g",
        num_executors=12,
        executor_memory="16g",
        py_files=(
            f"{APPS}/lake.py",
            f"{TENANTS}/tenancy.py",
            f"{TENANTS}/privacy.py",
            f"{TENANTS}/privacy_ledger.py",
        ),
    )


def platform(queues: Configuration) -> EmrCluster:
    """The cluster that the tenants share, with their queues."""
    return EmrCluster(
        name="multi-tenant-data-platform",
        release_label="emr-7.10.0",
        applications=("Hadoop", "Spark", "Hive"),
        instances=InstanceGroups(primary="r5.2xlarge", core=Group("r5.2xlarge", count=8)),
        configurations=(
            # The steps say how many executors they want. A tenant's day is some hundred rows.
            spark_defaults(conf={"spark.dynamicAllocation.enabled": "false", "spark.sql.shuffle.partitions": "4"}),
            queues,
            *glue_catalog(),
        ),
        bootstrap_actions=(
            BootstrapAction(
                "Install OpenDP", f"{APPS}/install_libraries.sh", args=["opendp=opendp==0.13.0", "boto3=boto3==1.40.0"]
            ),
        ),
        security_configuration=SECURITY,
        step_concurrency=10,
        log_uri=f"{LOGS}/",
    )
