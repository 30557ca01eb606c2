"""The files of the jobs in S3, through Hadoop's file systems: no S3 client needs to be on the cluster."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F


class DataError(Exception):
    """The data are not what the job needs; the message says which and where."""


def start(name: str, *, hive: bool = False) -> SparkSession:
    """The job's Spark session; times are read and written as UTC wherever it runs."""
    builder = SparkSession.builder.appName(name).config("spark.sql.session.timeZone", "UTC")
    return (builder.enableHiveSupport() if hive else builder).getOrCreate()


def join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"


def exists(spark: SparkSession, path: str) -> bool:
    where = _path(spark, path)
    return bool(_file_system(spark, where).exists(where))


def modified(spark: SparkSession, path: str) -> int:
    """When the file was written, in milliseconds since 1970."""
    where = _path(spark, path)
    return int(_file_system(spark, where).getFileStatus(where).getModificationTime())


def files_in(spark: SparkSession, folder: str) -> dict[str, str]:
    """The data files of a folder by name, each with its size and time: equal words mean an unchanged file."""
    where = _path(spark, folder)
    file_system = _file_system(spark, where)
    if not file_system.exists(where):
        return {}
    found = (status for status in file_system.listStatus(where) if status.isFile())
    named = ((str(status.getPath().getName()), status) for status in found)
    return {
        name: f"{status.getLen()} bytes, {status.getModificationTime()}"
        for name, status in sorted(named, key=lambda pair: pair[0])
        if not name.startswith(("_", "."))
    }


def words_of(text: str, allowed: Sequence[str]) -> list[str]:
    """A list argument, written with commas."""
    words = text.split(",")
    if unknown := [word for word in words if word not in allowed]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose from {', '.join(allowed)}")
    return words


def rows_of_day(spark: SparkSession, table: str, day: str) -> DataFrame:
    """The partition of a table for the day; an empty one, or no table, is an error."""
    if spark.catalog.tableExists(table):
        rows = spark.table(table).filter(F.col("flight_date") == day)
        if not rows.isEmpty():
            return rows
    raise DataError(f"The table {table} has no row for {day}: has the transformation run for it?")


def delete(spark: SparkSession, path: str) -> None:
    where = _path(spark, path)
    _file_system(spark, where).delete(where, True)


def read_text(spark: SparkSession, path: str) -> str:
    where = _path(spark, path)
    file_system = _file_system(spark, where)
    if not file_system.exists(where):
        raise DataError(f"There is no file {path}.")
    stream = file_system.open(where)
    try:
        return str(_jvm(spark).org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
    finally:
        stream.close()


def read_json(spark: SparkSession, path: str) -> Any:
    try:
        return json.loads(read_text(spark, path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path} is not valid JSON: {error}") from None


def read_whole(spark: SparkSession, folder: str) -> DataFrame:
    """The rows of a folder that a job has written to its end."""
    if not exists(spark, join(folder, "_SUCCESS")):
        raise DataError(f"{folder} is missing or was not written to its end: it has no _SUCCESS.")
    return spark.read.parquet(folder)


def write_bytes(spark: SparkSession, path: str, value: bytes) -> None:
    where = _path(spark, path)
    stream = _file_system(spark, where).create(where, True)
    try:
        stream.write(bytearray(value))
    finally:
        stream.close()


def write_json(spark: SparkSession, path: str, value: Any) -> None:
    write_bytes(spark, path, (json.dumps(value, indent=2) + "\n").encode())


def write_one_parquet(frame: DataFrame, folder: str, name: str) -> None:
    """Write the rows as exactly `<folder>/<name>.parquet`.

    Spark gives its part files a new name on every run; what is archived by file name needs one that a rerun replaces.
    """
    spark = frame.sparkSession
    draft = join(folder, f"_{name}")
    frame.coalesce(1).write.mode("overwrite").parquet(draft)
    (part,) = files_in(spark, draft)
    source, target = _path(spark, join(draft, part)), _path(spark, join(folder, f"{name}.parquet"))
    file_system = _file_system(spark, target)
    file_system.delete(target, False)
    if not file_system.rename(source, target):
        raise DataError(f"{source} could not be renamed to {target}.")
    delete(spark, draft)


def write_and_read(frame: DataFrame, folder: str) -> DataFrame:
    """Write the rows as Parquet, and read from there what has been computed now."""
    frame.coalesce(1).write.mode("overwrite").parquet(folder)
    return frame.sparkSession.read.schema(frame.schema).parquet(folder)


def write_summary(frame: DataFrame, folder: str, title: str) -> None:
    """The first five rows for a person to read, as `<folder>/summary.json`."""
    rows = [list(row) for row in frame.take(5)]
    write_json(
        frame.sparkSession, join(folder, "summary.json"), {"title": title, "columns": frame.columns, "rows": rows}
    )


def _jvm(spark: SparkSession) -> Any:
    return spark._jvm


def _path(spark: SparkSession, path: str) -> Any:
    return _jvm(spark).org.apache.hadoop.fs.Path(path)


def _file_system(spark: SparkSession, path: Any) -> Any:
    context: Any = spark.sparkContext
    return path.getFileSystem(context._jsc.hadoopConfiguration())
