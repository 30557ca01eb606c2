"""What the local Airflow and its containers have in common: which components there are, and how they are set up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HOST = "127.0.0.1"
API_USER = "admin"
PASSWORDS_FILE = "passwords.json"
REGION = "us-east-1"

SCHEDULER = "scheduler"
COMPONENTS: dict[str, tuple[str, ...]] = {
    "api-server": ("airflow", "api-server"),
    # The log servers listen on every interface and on fixed ports, and cannot be told otherwise. Nobody needs them
    # here: the api server reads the log folder itself.
    SCHEDULER: ("airflow", "scheduler", "--skip-serve-logs"),
    "triggerer": ("airflow", "triggerer", "--skip-serve-logs"),
    "dag-processor": ("airflow", "dag-processor"),
}
MIGRATE = ("airflow", "db", "migrate")
RESERIALIZE = ("airflow", "dags", "reserialize")
EMULATOR = ("python", "-m", "airflow_emr_pipelines.emulator")

SCHEDULES = "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"
SETTINGS: dict[str, str] = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    # On a busy machine a task may resume before its worker has ended, and Airflow takes that end for the task's own.
    # The next try goes on with what the first one started.
    "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "1",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "2",
    # Only the runs that somebody asks for: the schedules of the examples would add a run of yesterday.
    SCHEDULES: "False",
    # The scheduler's nap between two looks is most of the time between two tasks.
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    # A new file and one that was saved are read at once. Only while all are read anew they wait: that is done seldom.
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{API_USER}:admin",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    # On a busy machine a task's first word to Airflow is answered late, and without an answer its try is lost.
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
    "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
    "AIRFLOW__EMR_PIPELINES__DEPLOYMENT": "local",
    # The emulator keeps to EMR's rates, ListSteps 0.5 a second, but has nobody else to serve and stores logs at once.
    "AIRFLOW__EMR_PIPELINES__POLL_SECONDS": "2",
    "AIRFLOW__EMR_PIPELINES__CALLS_PER_SECOND": "0.4",
    "AIRFLOW__EMR_PIPELINES__LEAST_DEFERRAL_SECONDS": "3",
    "AIRFLOW__EMR_PIPELINES__LOG_WAIT_SECONDS": "5",
}

LOCAL_SETTINGS = ("local.quiet", "local.savepoints")
"""What each of its processes imports when it starts."""

SECRETS = ("AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")
"""What the components of one Airflow must share and nobody else may know."""

AWS: dict[str, str] = {
    # The emulator asks for a signature, not for whose. No file or address of a real account is ever looked at.
    "AWS_ACCESS_KEY_ID": "emulator",
    "AWS_SECRET_ACCESS_KEY": "emulator",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def clean_environment() -> dict[str, str]:
    """Our environment without the user's Airflow and AWS: neither may reach what runs here, nor be reached."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))}
    local = ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), HOST, "localhost")))
    return {**kept, "NO_PROXY": local, "no_proxy": local}


def aws_environment(endpoint_url: str) -> dict[str, str]:
    """What points any AWS client at the emulator, and at nothing else."""
    return {**AWS, "AWS_ENDPOINT_URL": endpoint_url}


def airflow_environment(home: Path, dags_folder: Path, port: int, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of every component of one local Airflow, but for ``SECRETS``."""
    return {
        **clean_environment(),
        **SETTINGS,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder),
        # Five processes share the file: better to wait for the one that writes than to fail.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=60",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / PASSWORDS_FILE),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://{HOST}:{port}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        **extra,
    }
