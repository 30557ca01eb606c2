"""Rules for settings of Spark, wherever they stand: in a step's conf, or in a cluster's spark-defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.rules import setting_name, settings, warn
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_text

DYNAMIC_ALLOCATION = "spark.dynamicAllocation.enabled"

SETTING_OF_OPTION = {
    "--master": "spark.master",
    "--name": "spark.app.name",
    "--deploy-mode": "spark.submit.deployMode",
    "--queue": "spark.yarn.queue",
    "--driver-memory": "spark.driver.memory",
    "--driver-cores": "spark.driver.cores",
    "--driver-java-options": "spark.driver.extraJavaOptions",
    "--driver-library-path": "spark.driver.extraLibraryPath",
    "--driver-class-path": "spark.driver.extraClassPath",
    "--executor-memory": "spark.executor.memory",
    "--executor-cores": "spark.executor.cores",
    "--num-executors": "spark.executor.instances",
    "--principal": "spark.kerberos.principal",
    "--keytab": "spark.kerberos.keytab",
    "--jars": "spark.jars",
    "--files": "spark.files",
    "--archives": "spark.archives",
    "--py-files": "spark.submit.pyFiles",
    "--packages": "spark.jars.packages",
    "--exclude-packages": "spark.jars.excludes",
    "--repositories": "spark.jars.repositories",
}
"""The settings that options of spark-submit and spark-sql are another way to write."""

NOT_READ = {
    "spark.task.maxAttempts": ("Spark has no such setting, and ignores it", "write spark.task.maxFailures"),
    "spark.scheduler.pool": (
        "it is of a thread within one application, and ignored among its settings",
        "name a queue of YARN by queue=, or set it in the program by sparkContext.setLocalProperty",
    ),
}
"""Settings that people write and nothing reads, with why and the way out."""

ONLY_A_START = f"with {DYNAMIC_ALLOCATION} it is only where the number of executors starts"
BOUNDS = "leave it out and set spark.dynamicAllocation.minExecutors and maxExecutors, or disable that"

AWAITED = "spark.yarn.submit.waitAppCompletion"
NOT_AWAITED = (
    "the step completes when its application has begun, and its cluster may end under it: no failure is seen",
    "leave it out, so that the step lasts as long as its application",
)

MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt])i?b?", re.IGNORECASE)
MEMORY_SETTING = re.compile(
    r"spark\.(driver|executor|yarn\.am)\.(pyspark\.)?memory(Overhead)?|spark\.memory\.offHeap\.size"
)
KIB = {"k": 1, "m": 1024, "g": 1024**2, "t": 1024**3}
JOINED = re.compile(r"[^,=]*,\s*spark\.[\w.]+=")
"""A value that goes on with the next setting, as in ``true,spark.speculation=true``."""
HEAP = re.compile(r"-Xmx\S*")


def memory(field: str, value: Any) -> Any:
    """An amount of memory that both the JVM and Spark take: whole, with the unit as one letter."""
    if not is_rendered(value):
        return value
    amount = MEMORY.fullmatch(value) if isinstance(value, str) else None
    kib = float(amount[1]) * KIB[amount[2].lower()] if amount else 0.0
    if not amount or not kib:
        raise InvalidSpec(field, value, "it is no amount of memory", "write a whole number and its unit: 8g or 6553m")
    if "." in amount[1]:
        mib = max(1, int(kib / 1024))
        raise InvalidSpec(field, value, "the JVM takes no fractions", f"write whole MiB: {mib}m")
    if amount[0] != amount[1] + amount[2]:
        raise InvalidSpec(field, value, "its unit is one letter", f"write {amount[1]}{amount[2].lower()}")
    return value


def java_options(field: str, value: Any) -> Any:
    """Options of a JVM that Spark starts; the size of the heap is not among them."""
    if is_text(value) and (heap := HEAP.search(value)):
        raise InvalidSpec(
            field,
            value,
            f"Spark refuses {heap.group(0)} there",
            "set driver_memory or executor_memory",
        )
    return value


def conf(field: str, values: Any) -> Any:
    """The settings of one application, as spark-submit takes them."""
    checked_values = checked(field, settings(field, values, name=_submitted_name))
    instances = checked_values.get("spark.executor.instances") if isinstance(checked_values, Mapping) else None
    if instances is not None and dynamic_allocation(checked_values):
        warn(f"{field}['spark.executor.instances']", instances, ONLY_A_START, BOUNDS)
    return checked_values


def checked(field: str, values: Any) -> Any:
    """Settings whose values Spark reads as they were meant."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            if name in NOT_READ:
                warn(f"{field}[{name!r}]", value, *NOT_READ[name])
            if name == AWAITED and str(value).strip().lower() == "false":
                warn(f"{field}[{name!r}]", value, *NOT_AWAITED)
            if is_text(value):
                _check_setting(f"{field}[{name!r}]", name, value)
    return values


def _check_setting(field: str, name: str, value: str) -> None:
    if value != value.strip("\r\n"):
        raise InvalidSpec(field, value, "Spark takes a line break at its start or end for a part of it", "take it away")
    if JOINED.match(value):
        raise InvalidSpec(
            field, value, "it goes on with another setting, and commas part no settings", "write one entry a setting"
        )
    if MEMORY_SETTING.fullmatch(name) and "." in value:
        memory(field, value)
    if name.endswith("JavaOptions"):
        java_options(field, value)


def dynamic_allocation(values: Any) -> bool:
    """Whether settings say that Spark decides how many executors there are."""
    return isinstance(values, Mapping) and str(values.get(DYNAMIC_ALLOCATION)).strip().lower() == "true"


def _submitted_name(field: str, name: Any) -> Any:
    setting_name(field, name)
    if not name.startswith("spark."):
        raise InvalidSpec(
            field,
            name,
            "spark-submit ignores settings whose name does not start with spark.",
            f"for one of Hadoop's write spark.hadoop.{name}; what is the program's own goes into args",
        )
    return name
