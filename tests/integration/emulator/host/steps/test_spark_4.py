"""Steps of a release of AWS's runtime for Apache Spark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.local_emulator import LocalEmulator
from tests.costly import EMULATOR, UNHINDERED, needs_spark_4
from tests.integration.emulator.host.steps.conftest import Cluster, make_bucket

LABEL = "emr-spark-8.1.0"
JOB = b"""
from pyspark.sql import SparkSession
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
print(spark.version, spark.conf.get("spark.sql.ansi.enabled"))
spark.range(3).write.mode("overwrite").saveAsTable("of_spark_4")
print(spark.sql("FROM of_spark_4 |> AGGREGATE sum(id) AS total").first().total)
spark.range(3).rdd.map(str).toDF("string").write.mode("overwrite").parquet("s3://spark-4/out/")
print(spark.read.parquet("s3://spark-4/out/").count())
spark.sql("SELECT CAST('late' AS INT)").collect()
"""


@pytest.fixture
def cluster(emulator: LocalEmulator) -> Iterator[Cluster]:
    s3 = emulator.client("s3")
    make_bucket(s3, "spark-4")
    s3.put_object(Bucket="spark-4", Key="job.py", Body=JOB)
    cluster = Cluster(emulator, "spark-4", ("Spark",), ReleaseLabel=LABEL)
    yield cluster
    cluster.terminate()


@needs_spark_4
def test_a_step_runs_on_spark_4_by_ansis_rules(cluster: Cluster) -> None:
    step = cluster.run("spark-submit", "s3://spark-4/job.py")
    assert step.stdout.split()[:4] == ["4.0.2", "true", "3", "3"]
    assert (step.state, "CAST_INVALID_INPUT" in step.failure["Message"]) == ("FAILED", True)


def test_what_the_release_lacks_is_refused_by_name(cluster: Cluster) -> None:
    copy = cluster.run("s3-dist-cp", "--src=s3://spark-4/", "--dest=s3://spark-4/copy/")
    assert "s3-dist-cp: emr-spark-8.1.0 does not have Hadoop" in copy.failure["Message"]
    hive = cluster.run("hive-script", "--run-hive-script", "--args", "-f", "s3://spark-4/a.q")
    assert "hive: emr-spark-8.1.0 does not have Hive" in hive.failure["Message"]


def test_without_a_spark_4_a_step_says_how_to_have_one(tmp_path: Path) -> None:
    with LocalEmulator(tmp_path / "data", log=tmp_path / "log", options=UNHINDERED, python=EMULATOR) as without:
        step = Cluster(without, "no-spark-4", ("Spark",), ReleaseLabel=LABEL).run("spark-sql", "-e", "SELECT 1")
    assert (step.state, "make up SPARK=4" in step.failure["Message"]) == ("FAILED", True)
