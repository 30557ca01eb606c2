"""The example DAGs: what importing them costs, how they are wired, and what they ask of EMR and of their jobs."""

from __future__ import annotations

import ast
import importlib
import itertools
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from botocore.session import get_session
from botocore.validate import validate_parameters
from tenant_platform import tenant_of

from airflow_emr_pipelines.documents.steps import planned
from airflow_emr_pipelines.plan.plan import plan_of
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.executors import Node, executors_for
from airflow_emr_pipelines.specs.ec2.render.cluster import render_cluster
from airflow_emr_pipelines.specs.ec2.render.step import render_step
from airflow_emr_pipelines.specs.serialization import from_dict
from airflow_emr_pipelines.specs.steps import OnFailure, Step
from airflow_emr_pipelines.versions import AirflowException
from tests.airflow_of import DagBag
from tests.conftest import DAGS, JOBS

DAG_FILES = sorted(path for path in DAGS.glob("emr_*.py"))
JOB_SCRIPTS = sorted((JOBS / "pipeline-apps").rglob("*.py"))
INSTALLED_ON_CLUSTERS = {"matplotlib", "numpy", "opendp", "optuna", "yaml"}  # by their bootstrap actions
EMR = get_session().get_service_model("emr")


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a library that Airflow reads .airflowignore with
        bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    return dict(bag.dags)


@pytest.fixture(scope="module")
def pipelines(dags: dict[str, Any]) -> list[Any]:
    """The examples that process a day; the others look after clusters."""
    return [dag for dag in dags.values() if "day" in dag.params]


def left(task_ids: str, key: str = "return_value", **_: Any) -> Any:
    """What other tasks have left for steps: how big executors are, the tenants, or what has become of them."""
    if task_ids.endswith("size_executors"):
        return executors_for([Node(32 * 1024, 8)] * 4).values()[key]
    if task_ids.endswith("branches_ended"):
        return {"made": ["EWR", "JFK"], "missing": {"LGA": "its ETL failed"}}
    return [tenant_of("EWR", queue="root.tenants.EWR").values()]


def rendered(dag: DAG, task_id: str, day: str | None = "2013-01-31") -> dict[str, Any]:
    """The step of a task as a run for the day has it."""
    params = {**dag.params.dump(), "day": day}
    run = SimpleNamespace(data_interval_start=None, run_after=None)
    context: Any = {
        "dag_run": run,
        "params": params,
        "ti": SimpleNamespace(map_index=0, xcom_pull=left),
        "run_id": "manual",
    }
    task: Any = dag.get_task(task_id)
    step: dict[str, Any] = task.render_template(task.step, context, dag.get_template_env())
    return step


def steps_of(dag: DAG) -> list[str]:
    return [task.task_id for task in dag.tasks if hasattr(task, "step")]


def validate(request: dict[str, Any], action: str) -> None:
    shape = EMR.operation_model(action).input_shape
    assert shape is not None
    validate_parameters(request, shape)


def test_importing_the_examples_loads_no_client_and_no_spark() -> None:
    """One process imports all of them, and says after each what is loaded."""
    program = (
        f"import sys, json; from importlib import import_module; sys.path.insert(0, {str(DAGS)!r})\n"
        "for name in sys.argv[1:]: import_module(name); print(json.dumps([name, list(sys.modules)]))"
    )
    names = [file.stem for file in DAG_FILES]
    done = subprocess.run(
        [sys.executable, "-c", program, *names], check=True, capture_output=True, text=True, timeout=120
    )
    loaded = dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith('["emr_'))
    assert list(loaded) == names
    for name, modules in loaded.items():
        assert any(module.startswith("airflow_emr_pipelines.operators.") for module in modules)
        heavy = {one for one in modules if one.split(".")[0] in {"boto3", "botocore", "pyspark", "moto", "pandas"}}
        heavy |= {one for one in modules if one.startswith("airflow.providers.amazon.aws")}
        heavy |= {one for one in modules if one.startswith("airflow_emr_pipelines.hooks")}
        assert heavy == set(), name


def test_the_dags_folder_holds_the_examples_and_no_job_is_taken_for_a_dag(dags: dict[str, Any]) -> None:
    assert set(dags) == {file.stem for file in DAG_FILES}


def test_a_pipeline_runs_daily_for_the_day_that_has_ended_and_takes_a_day(pipelines: list[Any]) -> None:
    assert len(pipelines) > 1
    for dag in pipelines:
        assert type(dag.timetable).__name__ == "CronDataIntervalTimetable"
        assert (dag.catchup, dag.max_active_runs, str(dag.start_date.date())) == (False, 1, "2013-01-01")
        assert dag.params["day"] is None
        with pytest.raises((ValueError, AirflowException), match="yesterday"):  # which of them is Airflow's choice
            dag.params["day"] = "yesterday"


def test_the_pools_of_their_tasks_are_in_the_file_that_makes_them(dags: dict[str, Any]) -> None:
    pools = {task.pool for dag in dags.values() for task in dag.tasks} - {"default_pool"}
    assert pools == set(json.loads((DAGS / "pools.json").read_text()))


def test_the_transient_cluster_runs_one_step(dags: dict[str, Any]) -> None:
    edges = {task.task_id: task.downstream_task_ids for task in dags["emr_transient_spark"].tasks}
    assert edges == {
        "pipeline.create_cluster": {
            "pipeline.carrier_delays",
            "pipeline.steps_ended",
            "pipeline.terminate_cluster",
        },
        "pipeline.carrier_delays": {"pipeline.steps_ended"},
        "pipeline.steps_ended": {"pipeline.terminate_cluster"},
        "pipeline.terminate_cluster": {"pipeline.cluster_report"},
        "pipeline.cluster_report": set(),
    }


def test_the_daily_etl_runs_its_steps_in_order_and_the_analytics_side_by_side(dags: dict[str, Any]) -> None:
    dag = dags["emr_daily_etl"]
    work = {task.task_id.removeprefix("pipeline.") for task in dag.tasks if hasattr(task, "step")}
    edges = {
        name: {task.removeprefix("pipeline.") for task in dag.get_task(f"pipeline.{name}").downstream_task_ids} & work
        for name in work
    }
    analytics = {"customer_analytics_processing", "product_analytics_processing"}
    assert edges == {
        "data_quality_validation": {"data_deduplication_and_cleansing"},
        "data_deduplication_and_cleansing": {"business_logic_transformation"},
        "business_logic_transformation": analytics,
        "customer_analytics_processing": {"data_quality_monitoring"},
        "product_analytics_processing": {"data_quality_monitoring"},
        "data_quality_monitoring": {"archive_processed_data"},
        "archive_processed_data": set(),
    }


def test_a_failure_means_what_the_workflow_says(dags: dict[str, Any]) -> None:
    dag = dags["emr_daily_etl"]
    words = {name: OnFailure(from_dict(rendered(dag, name), Step).on_failure).value for name in steps_of(dag)}
    assert {name.removeprefix("pipeline.") for name, word in words.items() if word == "CANCEL_AND_WAIT"} == {
        "data_quality_validation",
        "customer_analytics_processing",
        "product_analytics_processing",
    }
    assert set(words.values()) == {"CANCEL_AND_WAIT", "CONTINUE"}


RESOURCES = ("--driver-memory", "--driver-cores", "--num-executors", "--executor-memory", "--executor-cores")
ADAPTIVE = "spark.sql.adaptive"
STEPS: list[tuple[str, str, dict[str, str], list[str]]] = [
    (
        "emr_daily_etl data_quality_validation",
        "4g 2 15 8g 4",
        {f"{ADAPTIVE}.enabled": "true", f"{ADAPTIVE}.coalescePartitions.enabled": "true"},
        ["--input-path=s3://raw-data/daily/2013-01-31", "--failure-threshold=0.05", "--detailed-report=true"],
    ),
    (
        "emr_daily_etl data_deduplication_and_cleansing",
        "6g - 20 12g 6",
        {f"{ADAPTIVE}.enabled": "true", f"{ADAPTIVE}.skewJoin.enabled": "true"},
        ["--dedup-strategy=latest_timestamp", "--partition-columns=date,region"],
    ),
    (
        "emr_daily_etl customer_analytics_processing",
        "8g - 12 16g 8",
        {},
        ["--analytics-types=segmentation,churn_prediction,lifetime_value"],
    ),
    (
        "emr_daily_etl product_analytics_processing",
        "6g - 10 12g 6",
        {},
        ["--analytics-types=recommendation,trend_analysis,inventory_optimization"],
    ),
    (
        "emr_daily_etl data_quality_monitoring",
        "- - - - -",
        {},
        ["--metrics=completeness,accuracy,consistency,timeliness"],
    ),
    (
        "emr_ml_training feature_extraction_and_engineering",
        "16g 4 20 32g 8",
        {f"{ADAPTIVE}.enabled": "true", f"{ADAPTIVE}.localShuffleReader.enabled": "true"},
        [
            "--windows=1d,7d,30d",
            "--aggregations=sum,avg,count,stddev",
            "--categorical-encoding=target_encoding",
            "--missing-values=interpolation",
        ],
    ),
    (
        "emr_ml_training train_validation_test_split",
        "8g - 10 16g -",
        {},
        ["--ratios=0.7,0.15,0.15", "--stratify-by=label", "--seed=42"],
    ),
    (
        "emr_ml_training hyperparameter_tuning",
        "32g 8 15 64g 16",
        {"spark.dynamicAllocation.enabled": "false"},
        ["--algorithm=gradient_boosting", "--search-strategy=bayesian_optimization"],
    ),
    ("emr_ml_training final_model_training", "16g - 20 32g -", {}, []),
    (
        "emr_ml_training model_validation_and_testing",
        "8g - 8 16g -",
        {},
        ["--metrics=accuracy,precision,recall,f1,auc"],
    ),
    (
        "emr_multi_tenant JFK.etl",
        "4g - 8 8g -",
        {"spark.scheduler.mode": "FAIR"},
        [
            "--queue",
            "--tenant-id=JFK",
            "--source-path=s3://tenant-data/JFK/raw/",
            "--target-path=s3://tenant-data/JFK/processed/",
            "--processing-rules=s3://tenant-configs/JFK/rules.json",
            "--quality-threshold=0.95",
            "--resource-pool=JFK",
        ],
    ),
    (
        "emr_multi_tenant cross_tenant_aggregated_analytics",
        "8g - 12 16g -",
        {},
        [
            "--source-path=s3://tenant-data/*/processed/",
            "--aggregation-level=platform",
            "--privacy-mechanism=differential_privacy",
            "--epsilon=1.0",
        ],
    ),
    (
        "emr_multi_tenant_discovered branch.etl",
        "4g - 8 8g -",
        {"spark.scheduler.mode": "FAIR"},
        ["--tenant-id=EWR", "--resource-pool=EWR"],
    ),
    ("emr_stream_batch checkpoint_reconciliation", "4g - 6 8g -", {}, ["--window=24h", "--tolerance=0.001"]),
    (
        "emr_stream_batch late_data_processing",
        "6g - 10 12g -",
        {},
        ["--watermark=2 hours", "--output-mode=update", "--state-store=rocksdb", "--max-files-per-trigger=10"],
    ),
    (
        "emr_stream_batch stream_batch_join",
        "8g - 15 16g -",
        {},
        ["--join-keys=customer_id,timestamp", "--join-window=1 hour"],
    ),
    (
        "emr_resource_aware spot_tolerant",
        "- - 30 6g 2",
        {"spark.speculation": "true", "spark.task.maxFailures": "5", "spark.dynamicAllocation.enabled": "false"},
        ["--checkpoint-interval=1", "--failure-recovery=resume", "--auto-tune=true"],
    ),
]
"""What the workflows ask of each Spark step: driver and executors in the order of RESOURCES, settings, arguments."""


@pytest.mark.parametrize(("step", "resources", "settings", "arguments"), STEPS, ids=[step[0] for step in STEPS])
def test_a_step_asks_for_what_its_workflow_says(
    dags: dict[str, Any], step: str, resources: str, settings: dict[str, str], arguments: list[str]
) -> None:
    dag_id, task_id = step.split()
    words = words_of(dags[dag_id], f"pipeline.{task_id}")
    options = dict(itertools.pairwise(words))
    assert options["--deploy-mode"] == "cluster"
    assert " ".join(options.get(name, "-") for name in RESOURCES) == resources
    assert conf_of(words).items() >= settings.items()
    assert set(words) >= set(arguments)


def test_a_number_of_executors_is_asked_for_only_where_it_is_more_than_a_start(dags: dict[str, Any]) -> None:
    """EMR's default is dynamic allocation, with which Spark goes on from that number as it likes."""
    asking = [
        {**defaults_of(dag), **conf_of(words)}
        for dag in dags.values()
        for task_id in steps_of(dag)
        if "--num-executors" in (words := words_of(dag, task_id))
    ]
    assert len(asking) > 10
    assert {settings.get("spark.dynamicAllocation.enabled") for settings in asking} == {"false"}


def words_of(dag: DAG, task_id: str) -> list[str]:
    """The command of a step."""
    words: list[str] = render_step(from_dict(rendered(dag, task_id), Step))["HadoopJarStep"]["Args"]
    return words


def conf_of(words: list[str]) -> dict[str, str]:
    return dict(value.split("=", 1) for option, value in itertools.pairwise(words) if option == "--conf")


def defaults_of(dag: Any) -> dict[str, str]:
    """Spark's settings of the DAG's own cluster."""
    request = render_cluster(from_dict(dag.get_task("pipeline.create_cluster").cluster, EmrCluster))
    found: list[dict[str, Any]] = request.get("Configurations", [])
    return {
        name: value
        for configuration in found
        if configuration["Classification"] == "spark-defaults"
        for name, value in configuration["Properties"].items()
    }


def test_requests_are_legal_for_the_service(pipelines: list[Any]) -> None:
    for dag in pipelines:
        if not dag.has_task("pipeline.create_cluster"):
            assert dag.has_task("find_cluster"), "it runs on a cluster of its own, or on one that stands"
            continue  # its steps stand in a document
        cluster = from_dict(dag.get_task("pipeline.create_cluster").cluster, EmrCluster)
        validate(render_cluster(cluster), "RunJobFlow")
        steps = [render_step(from_dict(rendered(dag, task_id), Step)) for task_id in steps_of(dag)]
        validate({"JobFlowId": "j-1", "Steps": steps}, "AddJobFlowSteps")
        assert {step["ActionOnFailure"] for step in steps} == {"CONTINUE"}


def test_the_document_of_steps_is_legal_and_its_jobs_understand_it() -> None:
    pytest.importorskip("pyspark", reason="the jobs import it; where there is only an Airflow, it is not")
    name = "etl-configs/daily-processing-steps.json"
    steps = [one.step for one in planned(f"s3://{name}", (JOBS / name).read_text(), {"day": "2013-01-31"}, EC2)]
    assert len(steps) == 4
    requests = [render_step(from_dict(step, Step)) for step in steps]
    validate({"JobFlowId": "j-1", "Steps": requests}, "AddJobFlowSteps")
    for step in steps:
        if step["kind"] == "spark":
            assert importlib.import_module(Path(step["application"]).stem).arguments(step["args"])


def test_nothing_is_wrong_with_what_the_examples_would_send(dags: dict[str, Any]) -> None:
    plans = [plan_of(dag) for dag in dags.values()]
    assert {plan.dag_id: (plan.errors, plan.warnings) for plan in plans if plan.errors or plan.warnings} == {}
    assert {plan.dag_id for plan in plans if plan.requests} >= {dag.dag_id for dag in dags.values() if steps_of(dag)}


@pytest.mark.parametrize(
    ("dag_id", "name", "applications", "concurrency"),
    [
        ("emr_daily_etl", "data-processing-pipeline", "Hadoop Spark Hive", 5),
        ("emr_ml_training", "ml-training-pipeline", "Hadoop Spark JupyterHub", 3),
        ("emr_multi_tenant", "multi-tenant-data-platform", "Hadoop Spark Hive", 10),
        ("emr_multi_tenant_discovered", "multi-tenant-data-platform", "Hadoop Spark Hive", 10),
        ("emr_stream_batch", "streaming-batch-coordinator", "Hadoop Spark Flink", 1),
        ("emr_governed_etl", "governed-clinical-etl", "Hadoop Spark Hive Livy", 2),
    ],
)
def test_a_cluster_is_the_one_that_was_asked_for(
    dags: dict[str, Any], dag_id: str, name: str, applications: str, concurrency: int
) -> None:
    request = render_cluster(from_dict(dags[dag_id].get_task("pipeline.create_cluster").cluster, EmrCluster))
    assert (request["Name"], request["StepConcurrencyLevel"]) == (name, concurrency)
    assert " ".join(application["Name"] for application in request["Applications"]) == applications
    classes = {configuration["Classification"] for configuration in request["Configurations"]}
    glue = {"hive-site", "spark-hive-site"}
    assert classes & glue == (glue if "Hive" in applications else set())


def test_the_jobs_understand_the_arguments_that_they_are_given(dags: dict[str, Any]) -> None:
    pytest.importorskip("pyspark", reason="the jobs import it; where there is only an Airflow, it is not")
    for dag in dags.values():
        for task_id in steps_of(dag):
            step = rendered(dag, task_id)
            if step["kind"] == "spark" and step["application"].endswith(".py"):
                job = importlib.import_module(Path(step["application"]).stem)
                assert job.arguments(step["args"])


def test_what_the_steps_need_from_the_app_buckets_is_in_the_repository(dags: dict[str, Any]) -> None:
    buckets = {path.name for path in JOBS.iterdir()}
    for dag in dags.values():
        text = json.dumps([rendered(dag, task_id) for task_id in steps_of(dag)])
        addresses = {address.rstrip(",") for address in _addresses(text)}
        for address in addresses:
            bucket, _, key = address.removeprefix("s3://").partition("/")
            if bucket in buckets:
                assert any((JOBS / bucket / one).exists() for one in (key, source_of(key))), address


def source_of(key: str) -> str:
    """What `seed` makes a jar of."""
    return re.sub(r"\.jar$", ".scala", key)


def _addresses(text: str) -> list[str]:
    return [part.split('"')[0].split(" ")[0] for part in text.split("s3://")[1:]]


def test_the_day_reaches_every_path(dags: dict[str, Any]) -> None:
    step = rendered(dags["emr_daily_etl"], "pipeline.archive_processed_data", day="2013-02-09")
    assert (step["src"], step["dest"]) == ("s3://temp-processing/2013-02-09/", "s3://data-archive/2013/02/")
    hive = rendered(dags["emr_daily_etl"], "pipeline.business_logic_transformation", day="2013-02-09")
    assert (hive["variables"]["processing_date"], hive["variables"]["partition_value"]) == ("2013-02-09", "2013-02-09")


def imported_by(source: str) -> set[str]:
    tree = ast.parse(source, feature_version=(3, 9))
    imported = {name.name.split(".")[0] for node in tree.body if isinstance(node, ast.Import) for name in node.names}
    return imported | {
        node.module.split(".")[0] for node in tree.body if isinstance(node, ast.ImportFrom) and node.module
    }


def test_a_step_ships_the_modules_that_its_job_imports(dags: dict[str, Any]) -> None:
    shared = {path.stem: imported_by(path.read_text()) for path in JOB_SCRIPTS}
    name = "etl-configs/daily-processing-steps.json"
    steps = [one.step for one in planned(f"s3://{name}", (JOBS / name).read_text(), {"day": "2013-01-31"}, EC2)]
    steps += [rendered(dag, task_id) for dag in dags.values() for task_id in steps_of(dag)]
    for step in steps:
        job = Path(step.get("application", "")).stem
        if job in shared and step["application"].endswith(".py"):
            needed, found = {job}, set[str]()
            while needed - found:
                found = set(needed)
                needed |= {name for one in found for name in shared[one] & set(shared)}
            assert {Path(one).stem for one in step.get("py_files", ())} >= needed - {job}, step["name"]


@pytest.mark.parametrize("script", JOB_SCRIPTS, ids=lambda path: path.stem)
def test_a_job_is_written_for_the_python_of_emr_7_and_for_no_machine(script: Path) -> None:
    source = script.read_text()
    shipped = {path.stem for path in JOB_SCRIPTS}
    assert imported_by(source) - shipped <= set(sys.stdlib_module_names) | {"pyspark", "py4j"} | INSTALLED_ON_CLUSTERS
    assert "/home/" not in source
    assert "file:/" not in source
