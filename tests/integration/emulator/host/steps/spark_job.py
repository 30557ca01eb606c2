"""What a step sees of S3, HDFS and its settings: each answer on a line of its own, as JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import from_py_files  # type: ignore[import-not-found]  # brought by --py-files
from pyspark import SparkFiles
from pyspark.sql import SparkSession

bucket, host = sys.argv[1:]
spark = SparkSession.builder.appName("looks around").getOrCreate()


def tell(name: str, find: Callable[[], object]) -> None:
    try:
        answer = find()
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"[:400]
    print(json.dumps([name, answer]), flush=True)


def rows(address: str) -> list[str]:
    return sorted(row.value for row in spark.read.text(address).collect())


def write(address: str, mode: str = "overwrite") -> int:
    spark.range(3).write.mode(mode).parquet(address)
    return spark.read.parquet(address).count()


tell("arguments", lambda: sys.argv[1:])
tell("py-files", lambda: from_py_files.WORD)
tell("files", lambda: Path(SparkFiles.get("settings.json")).read_text())
tell("the driver's folder", lambda: os.listdir("."))
shipped = ("settings.json", "packed/inside.txt")
tell(
    "the executors' folder",
    lambda: spark.sparkContext.parallelize(shipped, 1).map(lambda name: Path(name).read_text()).collect(),
)
tell("settings", lambda: [spark.conf.get(f"spark.sql.{name}") for name in ("shuffle.partitions", "adaptive.enabled")])
tell("the page of a running job", lambda: [spark.conf.get(f"spark.ui.{name}") for name in ("enabled", "killEnabled")])
tell("environment", lambda: os.environ.get("STAGE"))
tell("cores", lambda: spark.sparkContext.master)
for scheme in ("s3", "s3a", "s3n"):
    tell(f"read {scheme}", partial(rows, f"{scheme}://{bucket}/in/x.txt"))
    tell(f"write {scheme}", partial(write, f"{scheme}://{bucket}/out/{scheme}"))
tell("read a whole bucket", lambda: rows(f"s3://{bucket}-root/"))
tell("overwrite a whole bucket", lambda: write(f"s3://{bucket}-root/"))
tell("append to a whole bucket", lambda: write(f"s3://{bucket}-empty/", "append"))
tell("read strange keys", lambda: rows(f"s3://{bucket}/strange/"))
tell("read by pattern", lambda: rows(f"s3://{bucket}/in/*.txt"))
tell(
    "write with partitions",
    lambda: spark.range(4).selectExpr("id", "id % 2 AS k").write.partitionBy("k").json(f"s3://{bucket}/out/by"),
)
tell("write hdfs", lambda: write("hdfs:///data/x"))
tell("write without a scheme", lambda: write("/data/y"))
for scheme in ("s3", "s3a"):
    tell(f"read unknown {scheme}", partial(rows, f"{scheme}://unknown-bucket{host}/secret"))
    tell(f"write unknown {scheme}", partial(write, f"{scheme}://unknown-bucket{host}/{scheme}"))
    tell(f"append unknown {scheme}", partial(write, f"{scheme}://unknown-bucket{host}/{scheme}", "append"))
up = "/.." * 12
tell("leave the bucket", lambda: rows(f"s3://{bucket}{up}{host}/secret"))
tell("leave the bucket to write", lambda: write(f"s3://{bucket}{up}{host}/left"))
tell("read missing", lambda: rows(f"s3://{bucket}/in/none"))

assert spark._jvm is not None
Address = spark._jvm.org.apache.hadoop.fs.Path
hadoop = Address(f"s3://{bucket}/").getFileSystem(spark._jsc.hadoopConfiguration())
tell("open missing", lambda: hadoop.open(Address(f"s3://{bucket}/in/none")))
tell("delete a whole bucket", lambda: hadoop.delete(Address(f"s3://{bucket}/"), True))
tell("make a folder below a file", lambda: hadoop.mkdirs(Address(f"s3://{bucket}/in/x.txt/y")))

# A conversation with a client while the step runs.
write(f"s3://{bucket}/talk/question")
path = Address(f"s3://{bucket}/talk/answer.txt")
until = time.monotonic() + 60
while not hadoop.exists(path) and time.monotonic() < until:
    time.sleep(0.05)
tell("answer", lambda: rows(f"s3://{bucket}/talk/answer.txt"))
tell("write to a new bucket", lambda: write("s3://made-meanwhile/x"))


def stream() -> int:
    source, target = f"s3://{bucket}/stream", f"s3://{bucket}/streamed"
    spark.range(0).write.json(source)
    reading = spark.readStream.schema("id LONG").json(source)
    for _ in range(2):
        spark.range(2).write.mode("append").json(source)
        writing = reading.writeStream.format("json").option("checkpointLocation", f"s3://{bucket}/checkpoint")
        writing.trigger(availableNow=True).start(target).awaitTermination()
    return spark.read.json(target).count()


tell("stream", stream)
