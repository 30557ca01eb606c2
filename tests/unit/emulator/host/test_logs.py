"""Which words in a step's files say why it failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host import logs
from airflow_emr_pipelines.emulator.host.hadoop import NO_SUCH_BUCKET

TRACEBACK = """\
26/11/21 05:25:11 INFO SparkContext: Running Spark version 3.5.9
Traceback (most recent call last):
  File "/tmp/spark/validate.py", line 4, in <module>
    raise ValueError("3 rules failed")
ValueError: 3 rules failed
26/11/21 05:25:12 INFO SparkContext: Successfully stopped SparkContext
"""
CHAINED = """\
Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
pyspark.errors.exceptions.AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3://in/nokey.
"""
JAVA = """\
26/11/21 05:25:11 WARN NativeCodeLoader: Unable to load native-hadoop library
Exception in thread "main" org.apache.spark.SparkException: Failed to load class C.
\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala)
"""
HIVE = """\
Setting default log level to "WARN".
[TABLE_OR_VIEW_NOT_FOUND] The table or view `a`.`b` cannot be found.
If you did not qualify the name with a schema, verify the current_schema() output.
'Project [*]
+- 'UnresolvedRelation [a, b], [], false
"""
STACK = """\
26/11/21 05:25:12 ERROR Executor: Exception in task 0.0
java.lang.OutOfMemoryError: Java heap space
\tat java.base/java.util.Arrays.copyOf(Unknown Source)
\t... 3 more
26/11/21 05:25:12 INFO ShutdownHookManager: Shutdown hook called
"""


@pytest.mark.parametrize(
    ("stderr", "cause"),
    [
        (TRACEBACK, "ValueError: 3 rules failed"),
        (CHAINED, "pyspark.errors.exceptions.AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3://in/nokey."),
        (JAVA, 'Exception in thread "main" org.apache.spark.SparkException: Failed to load class C.'),
        (HIVE, "[TABLE_OR_VIEW_NOT_FOUND] The table or view `a`.`b` cannot be found."),
        (STACK, "java.lang.OutOfMemoryError: Java heap space"),
        ("working\ncp: cannot stat 'x': No such file or directory\n", "cp: cannot stat 'x': No such file or directory"),
        ("fatal error: An error occurred (404)\nbye\n", "fatal error: An error occurred (404)"),
        ("Traceback (most recent call last):\n  File 'x'\nKeyboardInterrupt\n", "KeyboardInterrupt"),
        ("", None),
        ("26/11/21 05:25:12 INFO A: b\n", None),
    ],
)
def test_the_cause_is_picked_out_of_stderr(tmp_path: Path, stderr: str, cause: str | None) -> None:
    (tmp_path / "stderr").write_text(stderr)
    (tmp_path / "stdout").write_text("rows 7\n")
    found = logs.cause(tmp_path / "stderr", tmp_path / "stdout")
    assert found == (None if cause is None else (cause, tmp_path / "stderr"))


@pytest.mark.parametrize("stderr", ["", JAVA, "26/11/21 05:25:12 INFO SparkContext: stopped\n"])
def test_a_traceback_is_found_on_stdout_where_spark_puts_it(tmp_path: Path, stderr: str) -> None:
    (tmp_path / "stderr").write_text(stderr)
    (tmp_path / "stdout").write_text(TRACEBACK)
    found = logs.cause(tmp_path / "stderr", tmp_path / "stdout")
    assert found == ("ValueError: 3 rules failed", tmp_path / "stdout")


def test_a_huge_file_is_read_from_its_end_only(tmp_path: Path) -> None:
    path = tmp_path / "stderr"
    path.write_text("é" * 300_000 + "\nlast line\n")
    assert logs.tail(path, 20) == "last line\n"


def test_a_message_has_bounds(tmp_path: Path) -> None:
    (tmp_path / "stderr").write_text(f"ValueError: {'x' * 5000}\n")
    (tmp_path / "stdout").touch()
    found = logs.cause(tmp_path / "stderr", tmp_path / "stdout")
    assert found is not None
    assert len(found[0]) == 1000


def test_a_missing_bucket_is_what_hadoop_looked_for_or_else_the_first_that_is_named() -> None:
    command, there = "spark-submit s3://apps/job.py s3://in/x", {"apps"}
    hadoop_says = (
        "INFO FileSystem: Empty mount table detected for s3a://out.x/ and considering itself as a linkFallback."
    )
    assert logs.missing_bucket([command, hadoop_says], there) == "out.x"
    assert logs.missing_bucket([command, hadoop_says], {"apps", "out.x"}) == "in"
    assert logs.missing_bucket([command], {"apps", "in"}) is None


def test_where_hadoop_speaks_of_a_class_the_log_names_the_bucket(tmp_path: Path) -> None:
    told, other = tmp_path / "stdout", tmp_path / "stderr"
    cause = f"java.lang.ClassNotFoundException: Class {NO_SUCH_BUCKET} not found"
    told.write_bytes(f": java.lang.RuntimeException: {cause}\n\xe9\nCaused by: {cause}\n".encode("latin-1"))
    other.write_text("nothing of that\n")
    logs.say_missing_bucket([told, other], "out.x")
    named = "java.io.IOException: NoSuchBucket: there was no bucket out.x when this step started"
    line = named
    assert told.read_bytes() == f": {line}\n\xe9\nCaused by: {line}\n".encode("latin-1")
    assert other.read_text() == "nothing of that\n"


def test_folders_of_this_machine_are_told_as_the_addresses_that_they_stand_for(tmp_path: Path) -> None:
    buckets, hdfs, said = tmp_path / "da ta" / "s3", tmp_path / "c" / "hdfs", tmp_path / "stderr"
    quoted = str(buckets).replace(" ", "%20")
    said.write_text(
        f"File {buckets}/b/in/none does not exist\n"
        f"MetaException(message:file:{buckets}/b/t) and 'file://{quoted}/b/a%20b' and raw:{buckets}/b\n"
        f"viewfs://fs/b/x and viewfs://fs/nn/y and file:{hdfs}/z\n"
        f"/elsewhere{buckets}/b stays, as {buckets}-beside/b does\n"
    )
    logs.say_addresses([said], buckets, hdfs)
    assert said.read_text() == (
        "File s3://b/in/none does not exist\n"
        "MetaException(message:s3://b/t) and 's3://b/a%20b' and s3://b\n"
        "s3://b/x and hdfs:///y and hdfs:///z\n"
        f"/elsewhere{buckets}/b stays, as {buckets}-beside/b does\n"
    )
