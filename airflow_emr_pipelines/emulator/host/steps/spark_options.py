"""The words of a spark-submit command, and what of them holds on one machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun

# Options that are another way to write a setting.
_SETTINGS = {
    "--master": "spark.master",
    "--deploy-mode": "spark.submit.deployMode",
    "--queue": "spark.yarn.queue",
    "--driver-memory": "spark.driver.memory",
    "--driver-cores": "spark.driver.cores",
    "--executor-memory": "spark.executor.memory",
    "--executor-cores": "spark.executor.cores",
    "--num-executors": "spark.executor.instances",
    "--total-executor-cores": "spark.cores.max",
    "--driver-java-options": "spark.driver.extraJavaOptions",
    "--driver-class-path": "spark.driver.extraClassPath",
    "--driver-library-path": "spark.driver.extraLibraryPath",
    "--principal": "spark.kerberos.principal",
    "--keytab": "spark.kerberos.keytab",
    "--proxy-user": "spark.proxyUser",  # no such setting exists: it is named among what was left out
}
_PASSED = (
    "--class",
    "--name",
    "--jars",
    "--py-files",
    "--files",
    "--archives",
    "--packages",
    "--exclude-packages",
    "--repositories",
)
_SWITCHES = ("--verbose", "-v", "--version", "--help", "-h", "--supervise")

# What YARN, a cluster of machines, or AWS's own libraries would be needed for.
_NOT_HERE = re.compile(
    r"spark\.(master|submit\.deployMode|yarn\..*|kerberos\..*|proxyUser|cores\.max|task\.cpus|resources\..*"
    r"|dynamicAllocation\..*|shuffle\.service\..*|local\.dir|ui\..*|history\..*"
    r"|executor\.(instances|cores|memory|memoryOverhead.*|pyspark\.memory|resource\..*)"
    r"|driver\.(memory|memoryOverhead.*|cores|host|port|bindAddress|extraLibraryPath|resource\..*)|task\.resource\..*"
    r"|pyspark\.(driver\.)?python|executorEnv\.PYSPARK_PYTHON"
    r"|hadoop\.(fs\..*|javax\.jdo\..*|hive\.metastore\..*)|hive\.metastore\..*|sql\.hive\.metastore\..*)"
)
FOR_THE_DRIVER = "spark.yarn.appMasterEnv."
_SIZE = re.compile(r"(\d+)\s*([kmgtp]?)b?", re.IGNORECASE)
_MIB_OF_UNIT = {"k": 1 / 1024, "": 1, "m": 1, "g": 1024, "t": 1024**2, "p": 1024**3}


@dataclass(frozen=True)
class SparkOptions:
    """A spark-submit command, taken apart."""

    settings: Mapping[str, str]
    passed: tuple[str, ...]  # words that go to Spark as they are
    values: Mapping[str, str]  # of the options among them
    application: tuple[str, ...]  # the application and its arguments
    properties_file: str | None = None


def parse(words: Sequence[str], *, mixed: bool = False) -> SparkOptions:
    """Take a command apart as spark-submit does: options end at the first word that is none.

    With `mixed`, as for spark-sql, options of Spark and words for the program may stand in any order.
    """
    settings: dict[str, str] = {}
    values: dict[str, str] = {}
    passed: list[str] = []
    application: list[str] = []
    properties_file = None
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        takes_value = option in _SETTINGS or option in _PASSED or option in ("--conf", "-c", "--properties-file")
        if takes_value and not equals:
            if not rest:
                raise CannotRun(f"spark-submit: option {option} has no value")
            value = rest.pop(0)
        if option in ("--conf", "-c"):
            key, separator, setting = value.partition("=")
            if not separator:
                raise CannotRun(f"spark-submit: Spark config without '=': {value}")
            settings[key.strip()] = setting
        elif option in _SETTINGS:
            settings[_SETTINGS[option]] = value
        elif option == "--properties-file":
            properties_file = value
        elif option in _PASSED:
            values[option] = value
            passed += [option, value]
        elif word in _SWITCHES and not (mixed and word == "-v"):
            passed += [word] if word != "--supervise" else []
        elif mixed:
            application.append(word)
        elif word.startswith("-"):
            passed.append(word)  # unknown: Spark names it and fails
        else:
            application = [word, *rest]
            break
    return SparkOptions(settings, tuple(passed), values, tuple(application), properties_file)


def without_class(options: SparkOptions) -> SparkOptions:
    """The options for a program that is no class of a jar."""
    passed = list(options.passed)
    while "--class" in passed:
        at = passed.index("--class")
        del passed[at : at + 2]
    values = {option: value for option, value in options.values.items() if option != "--class"}
    return replace(options, passed=tuple(passed), values=values)


def read_properties(text: str) -> dict[str, str]:
    """A Spark properties file: a key and a value a line, between them blanks, '=' or ':'."""
    found = {}
    for line in text.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith(("#", "!")):
            key, _, value = re.sub(r"\s*[=:\s]\s*", "\0", stripped, count=1).partition("\0")
            found[key] = value
    return found


@dataclass(frozen=True)
class LocalSettings:
    """The settings as they hold here, and what was left out."""

    kept: Mapping[str, str]
    left_out: Mapping[str, str]
    driver_environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Mapping[str, str], *, in_cluster_mode: bool) -> LocalSettings:
        """What of the settings holds; YARN's application master is the driver in cluster mode only."""
        kept, left_out, environment = {}, {}, {}
        log_in_s3 = settings.get("spark.eventLog.dir", "").startswith("s3")
        for key, value in settings.items():
            of_aws = "com.amazon.emr." in value or "com.amazonaws.glue." in value
            name = key.removeprefix(FOR_THE_DRIVER)
            if in_cluster_mode and name != key and not name.endswith(("PYSPARK_PYTHON", "JAVA_HOME", "SPARK_HOME")):
                environment[name] = value
            elif of_aws or _NOT_HERE.fullmatch(key) or (key.startswith("spark.eventLog.") and not log_in_s3):
                left_out[key] = value
            else:
                kept[key] = value
        return cls(kept, left_out, environment)


def logs_events(settings: Mapping[str, str]) -> bool:
    """Whether Spark's history shows the application: unless it logs its events elsewhere or not at all, as on EMR."""
    in_s3 = settings.get("spark.eventLog.dir", "").startswith("s3")
    return not in_s3 and settings.get("spark.eventLog.enabled", "true") == "true"


def heap_mib(settings: Mapping[str, str]) -> int:
    """The memory that the driver or one executor asks for, whichever is more: here both are one process."""
    return max(_mib(name, settings.get(name, "1g")) for name in ("spark.driver.memory", "spark.executor.memory"))


def _mib(name: str, size: str) -> int:
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        raise CannotRun(f"spark-submit: {name}={size!r} is no size: a whole number with a unit is, such as 512m or 4g")
    return int(int(match.group(1)) * _MIB_OF_UNIT[match.group(2).lower()])
