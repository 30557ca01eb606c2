"""ML training: features, split, tuning, training, validation, and promotion of a model that passed.

Learns from the days up to the run's own to predict, when a flight leaves the gate, whether it arrives 15 or more
minutes late. A model that is not good enough, no better than the departure delay alone, unfair, or learnt from a day
like no other fails the run, and the model that was promoted before stays. The parameters' defaults are for a laptop; on
a real cluster: 180 days of history, 100 trials, 10 of them parallel.
"""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import DAG, Param, task
from processing_day import DAILY_AT_2, DAY, DAY_PARAM, MACROS, START_DATE

from airflow_emr_pipelines import (
    BootstrapAction,
    EmrCluster,
    Group,
    InstanceGroups,
    SparkStep,
    ml_chain,
    spark_defaults,
    transient_cluster,
)

APPS = "s3://pipeline-apps"
CONFIGS = "s3://ml-configs"
MODELS = "s3://model-registry/flight-delays"
PROMOTED = f"{MODELS}/promoted.json"
DAY_FOLDER = f"s3://ml-training/{DAY}"
FEATURES, SPLIT, BEST_PARAMS = f"{DAY_FOLDER}/features", f"{DAY_FOLDER}/split", f"{DAY_FOLDER}/best_params.json"
METADATA, RESULTS = f"{DAY_FOLDER}/model.json", f"{DAY_FOLDER}/validation.json"
LEARNING = (f"{APPS}/lake.py", f"{APPS}/ml/learning.py")
SEED = "--seed=42"
TOLD = ("model", "metrics", "baseline", "passed", "rows", "chart")

CLUSTER = EmrCluster(
    name="ml-training-pipeline",
    release_label="emr-7.10.0",
    applications=("Hadoop", "Spark", "JupyterHub"),
    # Three of the tuning's executors on a node, and a node to spare for its driver.
    instances=InstanceGroups(primary="r5.4xlarge", core=Group("r5.8xlarge", count=6)),
    # The steps say how many executors they want. The partitions are for some thousand flights; with millions write two
    # or three times the cores of all executors.
    configurations=(
        spark_defaults(conf={"spark.dynamicAllocation.enabled": "false", "spark.sql.shuffle.partitions": "4"}),
    ),
    bootstrap_actions=(
        BootstrapAction(
            "Python libraries",
            f"{APPS}/install_libraries.sh",
            args=["numpy=numpy==1.26.4", "yaml=PyYAML==6.0.2", "optuna=optuna==4.5.0", "matplotlib=matplotlib==3.9.4"],
        ),
    ),
    step_concurrency=3,
    log_uri="s3://emr-logs/",
)

EXTRACT = SparkStep(
    "Feature Extraction and Engineering",
    f"{APPS}/ml/extract_features.py",
    args=[
        "--raw-data=s3://raw-data",
        f"--feature-definitions={CONFIGS}/features.yaml",
        f"--processing-date={DAY}",
        "--history-days={{ params.history_days }}",
        "--schema-registry=s3://schema-registry",
        "--quality-rules=s3://quality-rules/standard.json",
        "--windows={{ params.windows }}",
        "--aggregations=sum,avg,count,stddev",
        "--categorical-encoding=target_encoding",
        "--missing-values=interpolation",
        f"--target-path={FEATURES}",
        f"--report-output={DAY_FOLDER}/features.json",
    ],
    driver_memory="16g",
    driver_cores=4,
    num_executors=20,
    executor_memory="32g",
    executor_cores=8,
    conf={"spark.sql.adaptive.enabled": "true", "spark.sql.adaptive.localShuffleReader.enabled": "true"},
    py_files=(f"{APPS}/lake.py", f"{APPS}/quality.py"),
)

DIVIDE = SparkStep(
    "Train/Validation/Test Split",
    f"{APPS}/ml/split_data.py",
    args=[
        f"--source={FEATURES}",
        f"--target-path={SPLIT}",
        "--ratios=0.7,0.15,0.15",
        "--stratify-by=label",
        SEED,
        f"--report-output={DAY_FOLDER}/split.json",
    ],
    driver_memory="8g",
    num_executors=10,
    executor_memory="16g",
    py_files=LEARNING,
)

TUNE = SparkStep(
    "Hyperparameter Tuning",
    f"{APPS}/ml/tune_hyperparameters.py",
    args=[
        f"--split-path={SPLIT}",
        "--algorithm=gradient_boosting",
        "--search-strategy=bayesian_optimization",
        f"--search-space={CONFIGS}/search-space.json",
        "--trials={{ params.trials }}",
        "--parallel-trials={{ params.parallel_trials }}",
        "--early-stopping-rounds={{ params.early_stopping_rounds }}",
        SEED,
        f"--best-params-output={BEST_PARAMS}",
    ],
    driver_memory="32g",
    driver_cores=8,
    num_executors=15,
    executor_memory="64g",
    executor_cores=16,
    # Trials that run side by side share the executors, instead of waiting for each other's jobs.
    conf={"spark.dynamicAllocation.enabled": "false", "spark.scheduler.mode": "FAIR"},
    py_files=LEARNING,
)

TRAIN = SparkStep(
    "Final Model Training",
    f"{APPS}/ml/train_model.py",
    args=[
        f"--split-path={SPLIT}",
        f"--best-params={BEST_PARAMS}",
        SEED,
        f"--model-output={MODELS}/models",
        f"--metadata-output={METADATA}",
        f"--feature-importance-output={DAY_FOLDER}/feature_importance.json",
        f"--explainability-output={DAY_FOLDER}/explainability.json",
    ],
    driver_memory="16g",
    num_executors=20,
    executor_memory="32g",
    py_files=(*LEARNING, f"{APPS}/ml/charts.py", f"{APPS}/ml/explaining.py"),
)

VALIDATE = SparkStep(
    "Model Validation and Testing",
    f"{APPS}/ml/validate_model.py",
    args=[
        f"--model-metadata={METADATA}",
        f"--split-path={SPLIT}",
        "--metrics=accuracy,precision,recall,f1,auc",
        "--threshold={{ params.threshold }}",
        "--threshold-metric={{ params.threshold_metric }}",
        "--baseline-feature=departure_delay",
        "--least-gain={{ params.least_gain }}",
        "--fairness-groups=carrier,origin",
        "--fairness-threshold={{ params.fairness_threshold }}",
        "--drift-threshold={{ params.drift_threshold }}",
        f"--predictions-output={DAY_FOLDER}/predictions",
        f"--results-output={RESULTS}",
    ],
    driver_memory="8g",
    num_executors=8,
    executor_memory="16g",
    py_files=(*LEARNING, f"{APPS}/ml/charts.py"),
    on_failure="CANCEL_AND_WAIT",
)


@task
def read_results(address: str) -> dict[str, Any]:
    """What the validation found, for whoever asks Airflow: the metrics, and where the model and the report are."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    results = json.loads(S3Hook().read_key(address))
    return {"results": address, **{name: results[name] for name in TOLD}}


@task
def promote(results: dict[str, Any], address: str) -> str:
    """Point to the model as the one to use; one object, so that whoever reads it sees the old model or the new one."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    if results["passed"] is not True:
        raise ValueError(f"{results['model']} did not pass: see {results['results']}")
    S3Hook().load_string(json.dumps(results, indent=2), address, replace=True)
    return str(results["model"])


with DAG(
    "emr_ml_training",
    schedule=DAILY_AT_2,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    params={
        "day": DAY_PARAM,
        "history_days": Param(7, type="integer", minimum=4, description="Learn from so many days up to the run's own"),
        "windows": Param("1d,7d,30d", type="string", description="How far the features look back"),
        "trials": Param(6, type="integer", minimum=1, description="Sets of parameters to try, at most"),
        "parallel_trials": Param(2, type="integer", minimum=1),
        "early_stopping_rounds": Param(4, type="integer", minimum=1, description="Trials without a better one"),
        "threshold": Param(0.85, type="number", minimum=0, maximum=1),
        "threshold_metric": Param("auc", enum=["accuracy", "precision", "recall", "f1", "auc"]),
        "least_gain": Param(0.01, type="number", description="AUC above that of the departure delay alone"),
        "fairness_threshold": Param(
            0.5,
            type="number",
            minimum=0,
            maximum=1,
            description="How far apart groups' rates of hits and false alarms are",
        ),
        "drift_threshold": Param(
            4, type="number", minimum=1, description="How many times as far off as any day before the last one is"
        ),
    },
    user_defined_macros=MACROS,
    tags=["emr", "spark", "ml"],
    doc_md=__doc__,
):
    results = read_results(RESULTS)
    with transient_cluster("pipeline", CLUSTER) as cluster:
        ml_chain(
            cluster, features=EXTRACT, split=DIVIDE, tuning=TUNE, training=TRAIN, validation=VALIDATE, promote=results
        )
    promote(results, PROMOTED)  # type: ignore[arg-type]  # Airflow hands over the value
