"""What is secret to a connection, to Airflow or to a step is nowhere that people read."""

from __future__ import annotations

import gzip
import json
import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from tests.airflow_of import reads_what_is_printed
from tests.conftest import HOME, clusters_of
from tests.integration.operators.conftest import states
from tests.integration.operators.ec2.test_kerberos import ENABLED

LOGIN, PASSWORD, TOKEN = "AKIAMARKEDMARKED0001", "marked-secret-access-key", "marked-session-token"
KEPT = "marked-password-of-the-kdc"
OF_AIRFLOW = (LOGIN, PASSWORD, TOKEN, KEPT)
PRINTED = ("printed-access-key", "printed-password", "printed-in-an-address")
SCRIPT = f"""
echo aws_secret_access_key={PRINTED[0]} of the account
echo 'login as me, password: {PRINTED[1]} was refused' >&2
echo 'cannot reach https://me:{PRINTED[2]}@db.example/x' >&2
exit $1
"""


@dataclass(frozen=True)
class Left:
    """What a run has left, as text, by where it was left."""

    states: dict[str, str]
    database: str
    airflow_logs: str
    printed: str
    emr: str
    stored_logs: str


def of_database(database: Path) -> str:
    """Every row of every table."""
    with closing(sqlite3.connect(database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = (row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"'))
        values = (value for row in rows for value in row if value is not None)
        return "\n".join(value.decode("latin1") if isinstance(value, bytes) else str(value) for value in values)


def of_files(folder: Path) -> str:
    return "\n".join(path.read_bytes().decode("latin1") for path in folder.rglob("*") if path.is_file())


def of_emr(emr: Any, cluster_id: str) -> str:
    """All that EMR tells of a cluster and its steps."""
    steps = emr.list_steps(ClusterId=cluster_id)["Steps"]
    described = [emr.describe_step(ClusterId=cluster_id, StepId=step["Id"]) for step in steps]
    return repr([emr.describe_cluster(ClusterId=cluster_id), clusters_of(emr), steps, described])


def of_bucket(s3: Any, bucket: str) -> Iterator[str]:
    for found in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        if found["Key"].endswith(".gz"):
            body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
            yield gzip.decompress(body).decode()


@pytest.fixture
def left(
    run_dag: Callable[..., Any],
    emulator: Any,
    emr: Any,
    log_bucket: str,
    airflow_database: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Left:
    """A run of steps that succeed, fail and are tolerated, by a connection with secrets, on a cluster with one."""
    connection = {"conn_type": "aws", "login": LOGIN, "password": PASSWORD, "extra": {"aws_session_token": TOKEN}}
    monkeypatch.setenv("AIRFLOW_CONN_MARKED", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_CONN_KEPT_PASSWORD", json.dumps({"conn_type": "generic", "password": KEPT}))
    credentials = EmrHook(aws_conn_id="marked").get_credentials()
    assert (credentials.access_key, credentials.secret_key, credentials.token) == (LOGIN, PASSWORD, TOKEN)
    s3 = emulator.client("s3")
    bucket = f"{log_bucket}-secrets"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="tell.sh", Body=SCRIPT.encode())
    kerberos = f"kerberos-{uuid.uuid4().hex[:8]}"
    emr.create_security_configuration(Name=kerberos, SecurityConfiguration=json.dumps(ENABLED))
    with caplog.at_level(logging.DEBUG, logger="airflow_emr_pipelines"):
        dag_run = run_dag("secrets", bucket=bucket, security_configuration=kerberos)
    (cluster_id,) = [one["Id"] for one in clusters_of(emr) if "secretive" in one["Name"]]
    return Left(
        states=states(dag_run),
        database=of_database(airflow_database),
        airflow_logs=of_files(HOME / "logs"),
        printed="".join(capfd.readouterr()) + caplog.text,
        emr=of_emr(emr, cluster_id),
        stored_logs="\n".join(of_bucket(s3, bucket)),
    )


@reads_what_is_printed
def test_no_secret_is_where_people_read(left: Left) -> None:
    assert left.states == {
        "create": "success",
        "shown": "success",
        "failed": "failed",
        "failed_in_the_worker": "failed",
        "tolerated": "success",
        "end": "success",
    }
    found = {
        (secret, place)
        for place in ("database", "airflow_logs", "printed", "emr", "stored_logs")
        for secret in OF_AIRFLOW
        if secret in getattr(left, place)
    }
    assert found == set()

    said = {secret for secret in PRINTED if secret in left.stored_logs}
    assert said == set(PRINTED), "the steps did say their secrets, where only who may read the bucket sees them"
    shown = {
        (secret, place)
        for place in ("database", "airflow_logs", "printed")
        for secret in PRINTED
        if secret in getattr(left, place)
    }
    assert shown == set()
    assert "login as me, password: *** was refused" in left.printed
    assert "aws_secret_access_key=*** of the account" in left.printed
    assert "cannot reach https://me:***@db.example/x" in left.database, "the cause of the tolerated failure"
    assert "secretive" in left.emr


@pytest.mark.parametrize(
    "said",
    [
        "{{ conn.marked.password }}",
        "{{ task.hook.get_credentials().secret_key }}",
    ],
)
def test_a_template_that_whoever_starts_a_run_hands_in_is_text_and_reaches_no_credentials(
    run_dag: Callable[..., Any], emr: Any, cluster_id: str, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MARKED", json.dumps({"conn_type": "aws", "password": PASSWORD}))
    run_dag("handed_on", cluster_id=cluster_id, said=said)
    (step,) = emr.list_steps(ClusterId=cluster_id)["Steps"]
    assert step["Config"]["Args"][-1] == f"echo {said}"
