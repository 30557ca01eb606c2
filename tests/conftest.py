"""An Airflow of the tests' own: a home in a temporary folder, set up before anything imports airflow."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings

ROOT = Path(__file__).parent.parent
DAGS = ROOT / "dags"
JOBS = DAGS / "jobs"
DAG_FOLDERS = {"examples": DAGS, "tests": ROOT / "tests" / "dag_files"}

# The examples' own modules are found as Airflow and spark-submit find them.
sys.path[:0] = [str(DAGS), *sorted({str(path.parent) for path in (JOBS / "pipeline-apps").rglob("*.py")})]

settings.register_profile("no hurry", deadline=None)  # machines differ, and so do their loads
settings.load_profile("no hurry")

HOME = Path(tempfile.mkdtemp(prefix="airflow-home-"))

os.environ.update(
    {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(
            [
                {
                    "name": name,
                    "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
                    "kwargs": {"path": str(folder)},
                }
                for name, folder in DAG_FOLDERS.items()
            ]
        ),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__EMR_PIPELINES__POLL_SECONDS": "0.2",
        "AIRFLOW__EMR_PIPELINES__CALLS_PER_SECOND": "100",
        "AIRFLOW__EMR_PIPELINES__LEAST_DEFERRAL_SECONDS": "0",
        "AIRFLOW__EMR_PIPELINES__LOG_WAIT_SECONDS": "5",
        "AIRFLOW__EMR_PIPELINES__CANCEL_GRACE_SECONDS": "5",
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": "emulator",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
)
for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)


def pytest_sessionfinish() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


def clusters_of(emr: Any, **filters: Any) -> list[dict[str, Any]]:
    """All clusters of the account: ListClusters answers 50 at a time, in no order."""
    return list(emr.get_paginator("list_clusters").paginate(**filters).build_full_result()["Clusters"])
