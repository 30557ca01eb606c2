"""Steps that run, or do not, by the outcome of earlier ones; and no cluster at all where nothing new has landed."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, task
from processing_day import DAILY_AT_2, DAY, DAY_PARAM, MACROS, START_DATE

from airflow_emr_pipelines import EmrCluster, Group, InstanceGroups, ShellStep, transient_cluster

CLUSTER = EmrCluster(
    name="conditional-steps",
    release_label="emr-7.10.0",
    instances=InstanceGroups(primary="m5.xlarge", core=Group("m5.xlarge", count=2)),
    log_uri="s3://emr-logs/",
)

FLIGHTS = f"s3://raw-data/daily/{DAY}/flights.csv"
RESULTS = f"s3://analytics-results/conditional/{DAY}"

# The count is written in either case; a day with fewer lines than it should have is a failure that is tolerated.
INSPECT = ShellStep(
    "Inspect",
    f"lines=$(aws s3 cp {FLIGHTS} - | tail -n +2 | wc -l) && "
    f'printf \'{{"lines": %d}}\' "$lines" | aws s3 cp - {RESULTS}/inspection.json && '
    "test $lines -ge {{ params.least_lines }}",
    on_failure="CONTINUE",
)


def ran(step: str) -> ShellStep:
    """A small step that leaves a mark in S3, where a Spark step would leave its output."""
    return ShellStep(step, f"echo done | aws s3 cp - {RESULTS}/{step}.txt")


@task.short_circuit
def something_landed(address: str) -> bool:
    """Whether the file is there; where it is not, all that comes after is skipped, the cluster's creation first."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bool(S3Hook().check_for_key(key, bucket))


@task.branch
def by_outcome(inspection: Any, result: str, large: str) -> str:
    """The step that fits: by whether the inspection's failure was tolerated, and by what it wrote to S3."""
    import json

    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    if inspection["tolerated"]:
        return "pipeline.repair"
    bucket, _, key = result.removeprefix("s3://").partition("/")
    lines = json.loads(S3Hook().read_key(key, bucket))["lines"]
    return "pipeline.process_large" if lines >= int(large) else "pipeline.process_small"


with DAG(
    "emr_conditional",
    schedule=DAILY_AT_2,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    params={
        "day": DAY_PARAM,
        "least_lines": Param(1, type="integer", description="A day with fewer lines is repaired"),
        "large": Param(100_000, type="integer", description="A day with that many lines is a large one"),
    },
    user_defined_macros=MACROS,
    tags=["emr"],
    doc_md=__doc__,
):
    landed = something_landed(FLIGHTS)
    with transient_cluster("pipeline", CLUSTER) as cluster:
        inspect = cluster.run(INSPECT)
        branch = by_outcome(inspect.output, f"{RESULTS}/inspection.json", "{{ params.large }}")
        ways = [cluster.run(ran(step)) for step in ("repair", "process_small", "process_large")]
        # Every step follows the cluster's creation, a setup task, where Airflow takes no trigger rule but all_success.
        meet = EmptyOperator(task_id="ways_meet", trigger_rule="none_failed_min_one_success")
        branch >> ways >> meet >> cluster.run(ran("publish"))
    landed >> cluster
