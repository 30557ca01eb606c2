"""Daily ETL: validate, deduplicate, transform, analyse customers and products side by side, monitor, archive.

Runs at 02:00 for the day that has ended, on a cluster of its own. Customers are the carriers and products the routes of
the flights that left New York. `max_active_runs=1`: a run is a cluster, and a day builds on the days before it; a
backfill keeps to it by `--max-active-runs 1`, since it does not heed the DAG's own.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param
from processing_day import DAILY_AT_2, DAY, DAY_PARAM, MACROS, MONTH_FOLDER, START_DATE

from airflow_emr_pipelines import (
    EmrCluster,
    Group,
    HiveStep,
    InstanceGroups,
    S3DistCpStep,
    SparkStep,
    etl_chain,
    glue_catalog,
    spark_defaults,
    transient_cluster,
)

CLUSTER = EmrCluster(
    name="data-processing-pipeline",
    release_label="emr-7.10.0",
    applications=("Hadoop", "Spark", "Hive"),
    # 700 GB for executors: the analytics, side by side, ask for half of it.
    instances=InstanceGroups(primary="r5.2xlarge", core=Group("r5.4xlarge", count=6)),
    configurations=(
        # The steps say how many executors they want. A day is a thousand rows: few partitions are joined to fewer.
        spark_defaults(conf={"spark.dynamicAllocation.enabled": "false", "spark.sql.shuffle.partitions": "24"}),
        *glue_catalog(),
    ),
    step_concurrency=5,
    log_uri="s3://emr-logs/",
)

APPS = "s3://pipeline-apps"
SHARED = (f"{APPS}/lake.py", f"{APPS}/quality.py")
RAW = f"s3://raw-data/daily/{DAY}"
VALIDATION = f"s3://validation-results/{DAY}"
TO_ARCHIVE = f"s3://temp-processing/{DAY}"
CLEANSING_METRICS = f"s3://cleansed-data/daily-metrics/{DAY}.json"
REFERENCE_TABLES = "airlines,airports,planes,weather"
BUSINESS_TABLE = "business_data.flights"
SCHEMA_AND_RULES = (
    "--schema-registry=s3://schema-registry",
    "--quality-rules=s3://quality-rules/standard.json",
    f"--processing-date={DAY}",
)
BUSINESS_DAY = (f"--source-table={BUSINESS_TABLE}", f"--processing-date={DAY}")
ADAPTIVE = {"spark.sql.adaptive.enabled": "true"}

VALIDATE = SparkStep(
    "Data Quality Validation",
    f"{APPS}/validate_quality.py",
    args=[
        f"--input-path={RAW}",
        f"--validation-output={VALIDATION}",
        "--failure-threshold=0.05",
        "--detailed-report=true",
        *SCHEMA_AND_RULES,
    ],
    driver_memory="4g",
    driver_cores=2,
    num_executors=15,
    executor_memory="8g",
    executor_cores=4,
    conf={**ADAPTIVE, "spark.sql.adaptive.coalescePartitions.enabled": "true"},
    py_files=SHARED,
    on_failure="CANCEL_AND_WAIT",
)

CLEANSE = SparkStep(
    "Data Deduplication and Cleansing",
    f"{APPS}/cleanse_flights.py",
    args=[
        f"--source={RAW}",
        f"--target=s3://cleansed-data/daily/{DAY}",
        "--dedup-strategy=latest_timestamp",
        "--partition-columns=date,region",
        "--checkpoint-location=s3://cleansed-data/checkpoints",
        f"--metrics-output={CLEANSING_METRICS}",
        "--reference-source=s3://raw-data/reference",
        "--reference-target=s3://cleansed-data/reference",
        f"--reference-tables={REFERENCE_TABLES}",
        *SCHEMA_AND_RULES,
    ],
    driver_memory="6g",
    num_executors=20,
    executor_memory="12g",
    executor_cores=6,
    conf={**ADAPTIVE, "spark.sql.adaptive.skewJoin.enabled": "true"},
    py_files=SHARED,
    on_failure="CONTINUE",
)

TRANSFORM = HiveStep(
    "Business Logic Transformation",
    f"{APPS}/transform_flights.hql",
    variables={
        "processing_date": DAY,
        "source_database": "cleansed_data",
        "target_database": "business_data",
        "enrichment_tables": REFERENCE_TABLES,
        "partition_value": DAY,  # bare: the script quotes it, since no shell would take quotes away
    },
    on_failure="CONTINUE",
)

CUSTOMERS = SparkStep(
    "Customer Analytics Processing",
    f"{APPS}/customer_analytics.py",
    args=[
        *BUSINESS_DAY,
        f"--target-path=s3://analytics-results/customer-insights/{DAY}",
        "--analytics-types=segmentation,churn_prediction,lifetime_value",
        "--model-registry=s3://model-registry/churn-prediction",
        f"--archive-path={TO_ARCHIVE}",
    ],
    driver_memory="8g",
    num_executors=12,
    executor_memory="16g",
    executor_cores=8,
    py_files=SHARED,
)

PRODUCTS = SparkStep(
    "Product Analytics Processing",
    f"{APPS}/product_analytics.py",
    args=[
        *BUSINESS_DAY,
        f"--target-path=s3://analytics-results/product-insights/{DAY}",
        "--analytics-types=recommendation,trend_analysis,inventory_optimization",
        f"--archive-path={TO_ARCHIVE}",
    ],
    driver_memory="6g",
    num_executors=10,
    executor_memory="12g",
    executor_cores=6,
    py_files=SHARED,
)

# A monitoring product would come here as a CustomJarStep with its own jar; this Spark step measures the same.
MONITOR = SparkStep(
    "Data Quality Monitoring",
    f"{APPS}/monitor_quality.py",
    args=[
        *BUSINESS_DAY,
        "--metrics=completeness,accuracy,consistency,timeliness",
        "--alert-thresholds=s3://quality-rules/alert-thresholds.json",
        f"--results=customer_insights=s3://analytics-results/customer-insights/{DAY}/carriers",
        f"--results=product_insights=s3://analytics-results/product-insights/{DAY}/routes",
        f"--cleansing-metrics={CLEANSING_METRICS}",
        f"--report-output={VALIDATION}/monitoring.json",
        "--sns-topic={{ params.alert_topic or 'none' }}",
    ],
    py_files=SHARED,
    on_failure="CONTINUE",
)

ARCHIVE = S3DistCpStep(
    "Archive Processed Data",
    src=f"{TO_ARCHIVE}/",
    dest=f"s3://data-archive/{MONTH_FOLDER}/",
    src_pattern=r".*\.parquet$",
    delete_on_success=True,
    on_failure="CONTINUE",
)

with DAG(
    "emr_daily_etl",
    schedule=DAILY_AT_2,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    params={
        "day": DAY_PARAM,
        "alert_topic": Param(None, type=["null", "string"], description="ARN of an SNS topic for quality alerts"),
    },
    user_defined_macros=MACROS,
    tags=["emr", "spark", "hive"],
    doc_md=__doc__,
):
    with transient_cluster("pipeline", CLUSTER) as cluster:
        etl_chain(cluster, VALIDATE, CLEANSE, TRANSFORM, [CUSTOMERS, PRODUCTS], MONITOR, ARCHIVE)
