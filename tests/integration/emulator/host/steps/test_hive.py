"""Hive scripts, and the catalog that the steps of a cluster share."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from local.local_emulator import LocalEmulator
from tests.integration.emulator.host.steps.conftest import Cluster, Ended, keys, make_bucket

BUCKET = "hive-tables"
SCRIPT = """
CREATE DATABASE IF NOT EXISTS ${TARGET} LOCATION 's3://hive-tables/${TARGET}';
USE ${TARGET};
CREATE TABLE IF NOT EXISTS flights (carrier STRING, delay INT) PARTITIONED BY (ds STRING) STORED AS PARQUET;
INSERT OVERWRITE TABLE flights PARTITION (ds = '${hivevar:DS}') VALUES ('UA', 4), ('AA', 7);
SELECT carrier, delay, ds FROM flights ORDER BY carrier;
"""
SPARK_JOB = b"""
import json
from pyspark.sql import SparkSession
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
print(json.dumps([list(row) for row in spark.sql("SELECT carrier, delay FROM one.flights ORDER BY 1").collect()]))
spark.sql("CREATE DATABASE late LOCATION 's3://hive-late/late'")
spark.sql("CREATE TABLE late.copied AS SELECT * FROM one.flights")
spark.sql("CREATE TABLE managed AS SELECT 1 AS a")
print(json.dumps(spark.table("managed").count()))
"""


@pytest.fixture(scope="module")
def both(cluster: Cluster, s3: Any) -> tuple[Ended, Ended]:
    """Two scripts that run at once, the first users of the metastore."""
    make_bucket(s3, BUCKET)
    s3.put_object(Bucket=BUCKET, Key="scripts/flights.hql", Body=SCRIPT.encode())
    script = f"s3://{BUCKET}/scripts/flights.hql"
    first = cluster.start(
        *("hive-script", "--run-hive-script", "--args", "-f", script, "-d", "TARGET=one", "-d", "DS=2013-01-01")
    )
    second = cluster.start("hive", "-f", script, "--hivevar", "TARGET=two", "--hivevar", "DS=2013-01-02")
    return cluster.wait(first), cluster.wait(second)


def test_two_scripts_run_at_once_with_their_variables(both: tuple[Ended, Ended], s3: Any) -> None:
    for ended, database, day in zip(both, ("one", "two"), ("2013-01-01", "2013-01-02"), strict=True):
        assert ended.state == "COMPLETED", ended.stderr
        assert ended.stdout == f"AA\t7\t{day}\nUA\t4\t{day}\n"
        assert [key for key in keys(s3, BUCKET, f"{database}/flights/ds={day}/") if key.endswith(".parquet")]
    assert not [key for key in keys(s3, BUCKET) if "staging" in key or "_temporary" in key]


def test_a_spark_step_shares_the_catalog_also_for_a_bucket_that_is_newer(
    both: tuple[Ended, Ended], cluster: Cluster, s3: Any
) -> None:
    make_bucket(s3, "hive-late")  # after the metastore was started
    s3.put_object(Bucket=BUCKET, Key="scripts/job.py", Body=SPARK_JOB)
    ended = cluster.run("spark-submit", f"s3://{BUCKET}/scripts/job.py")
    assert ended.state == "COMPLETED", ended.stdout + ended.stderr[-2000:]
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [[["AA", 7], ["UA", 4]], 1]
    assert [key for key in keys(s3, "hive-late", "late/copied/") if "part-" in key]


def test_the_metastore_listens_on_loopback_only(both: tuple[Ended, Ended], emulator: LocalEmulator) -> None:
    ours = [process for process in psutil.process_iter(["cmdline"]) if _is_ours(process, str(emulator.data_dir))]
    listening = [
        connection.laddr.ip
        for process in ours
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert [process for process in ours if "py4j.GatewayServer" in process.info["cmdline"]]
    assert listening
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_the_metastore_does_not_talk_to_a_browser(both: tuple[Ended, Ended], emulator: LocalEmulator) -> None:
    """Nor does the process behind it: each ends a connection that begins as a browser's does."""
    ports = {
        connection.laddr.port
        for process in psutil.process_iter(["cmdline"])
        if _is_ours(process, str(emulator.data_dir))
        and {"py4j.GatewayServer", "airflow_emr_pipelines.emulator"} & {*process.info["cmdline"]}
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    } - {urlsplit(emulator.url).port}
    assert len(ports) >= 3  # the catalog's, that of the metastore behind it, and py4j's, which asks for a token
    for port in ports:
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n\x80\x01\r\n")
            said = b""
            with contextlib.suppress(ConnectionError):
                said = b"".join(iter(lambda: connection.recv(65536), b""))
            assert said == b"" or said.startswith(b"!x"), (port, said)  # py4j's word for what it does not do


def _is_ours(process: psutil.Process, data_dir: str) -> bool:
    return any(data_dir in word for word in process.info["cmdline"] or ())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["-f", "s3://hive-tables/scripts/q.sql", "-d", "TABLE=t", "--conf", "spark.wanted=no_such"],
            "[TABLE_OR_VIEW_NOT_FOUND] The table or view `no_such`.`t`",
        ),
        (["-e", "SELEC 1"], "[PARSE_SYNTAX_ERROR]"),
    ],
)
def test_a_failed_statement_is_the_cause(both: object, cluster: Cluster, s3: Any, words: list[str], told: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="scripts/q.sql", Body=b"SELECT * FROM ${spark.wanted}.${TABLE};")
    ended = cluster.run("spark-sql", *words)
    assert ended.state == "FAILED"
    assert told in ended.failure["Message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hive", "-f", "s3://hive-tables/none.hql"], "File s3://hive-tables/none.hql does not exist"),
        (["hive"], "neither a script"),
        (["spark-sql", "--deploy-mode", "cluster", "-e", "SELECT 1"], "not applicable to Spark SQL shell"),
    ],
)
def test_what_cannot_be_a_script_is_named(both: object, cluster: Cluster, words: list[str], told: str) -> None:
    ended = cluster.run(*words)
    assert ended.state == "FAILED"
    assert told in ended.failure["Message"]
