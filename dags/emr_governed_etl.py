"""Governed clinical ETL: encounters lose what names a person, are published, reported on twice, and verified.

The encounters are synthetic. Two runtime roles part the work: one reads what names people and writes what does not, the
other never sees the first. The ward report is programmed twice, in a jar and in PySpark, and a run whose twins differ
fails. `governance/` holds the security configuration, and the policies of all roles.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task
from processing_day import DAILY_AT_2, DAY, DAY_PARAM, MACROS, START_DATE

from airflow_emr_pipelines import (
    BootstrapAction,
    EmrCluster,
    EmrCreateSecurityConfigurationOperator,
    Group,
    InstanceGroups,
    SparkSqlStep,
    SparkStep,
    glue_catalog,
    spark_defaults,
    transient_cluster,
)

REGION = "eu-central-1"
ROLES = "arn:aws:iam::123456789012:role"
DEIDENTIFIES, REPORTS = f"{ROLES}/clinical-deidentify", f"{ROLES}/clinical-report"
SECURITY = "clinical-governed"
AWS_CONN_ID = "aws_default"

CLUSTER = EmrCluster(
    name="governed-clinical-etl",
    release_label="emr-7.10.0",
    applications=("Hadoop", "Spark", "Hive", "Livy"),
    instances=InstanceGroups(primary="m5.xlarge", core=Group("m5.2xlarge", count=2)),
    configurations=(
        spark_defaults(conf={"spark.dynamicAllocation.enabled": "false", "spark.sql.shuffle.partitions": "4"}),
        *glue_catalog(),
    ),
    bootstrap_actions=(BootstrapAction("Ensure boto3", "s3://pipeline-apps/clinical/ensure_boto3.sh"),),
    ec2_subnet_id="subnet-0123456789abcdef0",  # private, with endpoints for S3, Glue, KMS, STS and Secrets Manager
    security_configuration=SECURITY,
    service_role="clinical-emr-service",
    job_flow_role="clinical-emr-instance",
    managed_policies=True,  # the tag by which the service role knows what it may run and end
    step_concurrency=2,
    log_uri="s3://emr-logs/",
)

APPS = "s3://pipeline-apps"
CLINICAL = f"{APPS}/clinical"
TABLE = "clinical_curated.encounters"
CURATED, REPORT = "s3://clinical-curated/encounters", "s3://clinical-curated/reports"
SMALLEST_CELL = 5
WARDS = (f"--source-table={TABLE}", f"--processing-date={DAY}", f"--smallest-cell={SMALLEST_CELL}")

DEIDENTIFY = SparkStep(
    "Encounter De-identification",
    f"{CLINICAL}/deidentify_encounters.py",
    args=[
        f"--input-path=s3://clinical-landing/encounters/{DAY}",
        f"--processing-date={DAY}",
        "--rules=s3://clinical-rules/encounters.json",
        "--key-secret=clinical/pseudonym-key",
        f"--region={REGION}",
        f"--target-table={TABLE}",
        f"--target-path={CURATED}",
        f"--audit-output=s3://clinical-audit/encounters/{DAY}.json",
        "--failure-threshold=0.05",
    ],
    driver_memory="2g",
    num_executors=4,
    executor_memory="4g",
    executor_cores=2,
    py_files=(f"{APPS}/lake.py", f"{CLINICAL}/cells.py"),
)
BY_JAR = SparkStep(
    "Ward Report by Jar",
    f"{CLINICAL}/WardReport.jar",
    main_class="clinical.WardReport",
    args=[*WARDS, f"--target-path={REPORT}/by-jar/{DAY}"],
)
BY_PYSPARK = SparkStep(
    "Ward Report by PySpark",
    f"{CLINICAL}/ward_report.py",
    args=[*WARDS, f"--target-path={REPORT}/by-pyspark/{DAY}"],
    py_files=(f"{APPS}/lake.py",),
)
VERIFY = SparkSqlStep(
    "Catalog Verification",
    f"{CLINICAL}/verify_encounters.sql",
    variables={"source_table": TABLE, "processing_date": DAY, "smallest_cell": SMALLEST_CELL},
)

with DAG(
    "emr_governed_etl",
    schedule=DAILY_AT_2,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    params={"day": DAY_PARAM},
    user_defined_macros=MACROS,
    default_args={"region_name": REGION, "aws_conn_id": AWS_CONN_ID},
    tags=["emr", "spark", "governance"],
    doc_md=__doc__,
):
    secure = EmrCreateSecurityConfigurationOperator(
        task_id="secure",
        name=SECURITY,
        security_configuration="{% include 'governance/security-configuration.json' %}",
    )

    with transient_cluster("pipeline", CLUSTER) as cluster:
        deidentify = cluster.run(DEIDENTIFY, execution_role_arn=DEIDENTIFIES)
        by_jar = cluster.run(BY_JAR, execution_role_arn=REPORTS)
        by_pyspark = cluster.run(BY_PYSPARK, execution_role_arn=REPORTS)
        verify = cluster.run(VERIFY, execution_role_arn=REPORTS)
        deidentify >> [by_jar, by_pyspark, verify]

    @task
    def check_outputs(day: str) -> dict[str, Any]:
        """What the day left in the curated bucket: rows in the partition, and reports that agree."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        s3 = S3Hook(AWS_CONN_ID, region_name=REGION)

        def keys(prefix: str, ending: str) -> list[str]:
            found = [key for key in s3.list_keys("clinical-curated", prefix) or [] if key.endswith(ending)]
            if not found:
                raise ValueError(f"s3://clinical-curated/{prefix} has no file {ending}")
            return found

        def report(twin: str) -> list[Any]:
            texts = [s3.read_key(key, "clinical-curated") for key in keys(f"reports/{twin}/{day}/", ".json")]
            return [json.loads(line) for text in texts for line in text.splitlines()]

        curated = keys(f"encounters/batch_date={day}/", ".parquet")
        by_jar, by_pyspark = report("by-jar"), report("by-pyspark")
        if by_jar != by_pyspark:
            wards = sorted({row["ward"] for row in [*by_jar, *by_pyspark] if (row in by_jar) != (row in by_pyspark)})
            raise ValueError(f"The twins of the ward report differ for {day}: {', '.join(wards)}")
        return {"files": curated, "wards": len(by_jar), "suppressed": sum(row["suppressed"] for row in by_jar)}

    @task(retries=6, retry_delay=timedelta(minutes=3))
    def check_logs(steps: list[Any]) -> list[str]:
        """Each step's controller log, where auditors look: EMR uploads it some minutes late, so this is tried again."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        s3 = S3Hook(AWS_CONN_ID, region_name=REGION)
        keys = [f"{step['cluster_id']}/steps/{step['step_id']}/controller.gz" for step in steps]
        missing = [key for key in keys if not s3.check_for_key(key, "emr-logs")]
        if missing:
            raise ValueError(f"s3://emr-logs has no {', '.join(missing)}")
        return keys

    secure >> cluster
    steps = [deidentify, by_jar, by_pyspark, verify]
    cluster >> check_outputs(DAY)
    check_logs([step.output for step in steps])
