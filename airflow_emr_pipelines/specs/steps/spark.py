"""A Spark application."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from itertools import pairwise
from typing import Any, Literal, get_args

from airflow_emr_pipelines.errors import HIDDEN, InvalidSpec, may_be_secret
from airflow_emr_pipelines.specs.steps import spark_conf
from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import (
    Command,
    Joined,
    Option,
    Settings,
    Switch,
    Word,
    Words,
    options_of,
)
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_text

DeployMode = Literal["cluster", "client"]
SHELLS = ("spark-shell", "pyspark-shell", "sparkr-shell", "pyspark", "sparkR")
COMMAND = re.compile(r"(\S*/)?spark-submit\s")
APPLICATIONS = (".py", ".jar", ".R")
COORDINATES = re.compile(r"[^\s:,]+:[^\s:,]+:[^\s:,]+")
EXCLUDED = re.compile(r"[^\s:,]+:[^\s:,]+")

COMMAND_LINE: Command = (
    "spark-submit",
    Option("deploy_mode", "--deploy-mode"),
    Option("main_class", "--class"),
    Option("properties_file", "--properties-file"),
    Option("queue", "--queue"),
    Option("driver_memory", "--driver-memory"),
    Option("driver_cores", "--driver-cores"),
    Option("executor_memory", "--executor-memory"),
    Option("executor_cores", "--executor-cores"),
    Option("num_executors", "--num-executors"),
    Option("driver_java_options", "--driver-java-options"),
    Option("driver_library_path", "--driver-library-path"),
    Option("driver_class_path", "--driver-class-path"),
    Option("proxy_user", "--proxy-user"),
    Option("principal", "--principal"),
    Option("keytab", "--keytab"),
    Joined("py_files", "--py-files"),
    Joined("jars", "--jars"),
    Joined("files", "--files"),
    Joined("archives", "--archives"),
    Joined("packages", "--packages"),
    Joined("exclude_packages", "--exclude-packages"),
    Joined("repositories", "--repositories"),
    Switch("verbose", "--verbose", ("-v",)),
    Settings("conf", "--conf", ("-c",)),
    Word("application"),
    Words("args"),
)
SAME = {
    spark_conf.SETTING_OF_OPTION[name]: option.field
    for name, option in options_of(COMMAND_LINE).items()
    if name in spark_conf.SETTING_OF_OPTION and not isinstance(option, Joined)
}
"""Settings that a field says as well; spark-submit takes the field's."""


@dataclass(frozen=True)
class SparkStep(Step):
    """A Spark application, submitted with spark-submit.

    :param application: a .py or .jar file: s3://…, hdfs://…, or a path on the cluster's nodes
    :param args: the application's own arguments, one text an element
    :param main_class: the class of a jar to run, unless its manifest names it
    :param deploy_mode: ``cluster`` runs the driver on the cluster, ``client`` on the primary node; None leaves it to
        the cluster's spark-defaults, which mean ``client`` where they say nothing
    :param conf: Spark's settings, one entry each; a value may hold commas
    :param driver_memory: the driver's heap, whole, with its unit: 8g, 6553m
    :param driver_cores: cores of the driver, in cluster mode
    :param executor_memory: the heap of each executor, whole, with its unit: 8g, 6553m
    :param executor_cores: cores of each executor, which is how many tasks it runs at once
    :param num_executors: how many executors; with dynamic allocation, EMR's default, only where the number starts, of
        which it warns
    :param py_files: .py, .zip or .egg files for the Python path
    :param jars: jars on the classpath of driver and executors
    :param files: files in the working folder of the executors and, in cluster mode, of the driver
    :param archives: files that are unpacked on each node; ``#name`` behind one is the folder's name
    :param packages: Maven coordinates, group:artifact:version
    :param exclude_packages: what of the packages' dependencies is left out, group:artifact
    :param repositories: where packages are looked for besides Maven Central
    :param properties_file: a file of Spark's settings on the nodes, in place of spark-defaults
    :param queue: the queue of YARN
    :param driver_java_options: options of the driver's JVM; memory is driver_memory's to say
    :param driver_library_path: where the driver looks for native libraries
    :param driver_class_path: what is put on the driver's classpath; that of ``jars`` is there already
    :param proxy_user: the user in whose name it runs; not with principal
    :param principal: the Kerberos principal that it logs in as, with keytab
    :param keytab: the file with the principal's key
    :param verbose: spark-submit says how it understood its options, in the step's stderr
    """

    kind = "spark"
    requires = ("Spark",)
    command_line = COMMAND_LINE
    runs_on_spark = True
    allows_runtime_role = True

    application: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    main_class: str | None = None
    deploy_mode: DeployMode | str | None = "cluster"
    conf: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    driver_memory: str | None = None
    driver_cores: int | str | None = None
    executor_memory: str | None = None
    executor_cores: int | str | None = None
    num_executors: int | str | None = None
    py_files: Sequence[str] = ()
    jars: Sequence[str] = ()
    files: Sequence[str] = ()
    archives: Sequence[str] = ()
    packages: Sequence[str] = ()
    exclude_packages: Sequence[str] = ()
    repositories: Sequence[str] = ()
    properties_file: str | None = None
    queue: str | None = None
    driver_java_options: str | None = None
    driver_library_path: str | None = None
    driver_class_path: str | None = None
    proxy_user: str | None = None
    principal: str | None = None
    keytab: str | None = None
    verbose: bool | str = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_program()
        self.check(addresses.file, "application")
        self.check(addresses.node_path, "properties_file")
        self.check(rules.words, "args")
        if self.deploy_mode is not None:
            self.check(rules.choice, "deploy_mode", choices=get_args(DeployMode))
        self.check(spark_conf.conf, "conf")
        self.check(spark_conf.memory, "driver_memory", "executor_memory")
        self.check(rules.whole, "driver_cores", "executor_cores", "num_executors", least=1)
        self.check(rules.words, "py_files", "jars", "files", "archives", each=addresses.shipped_file)
        self.check(rules.words, "packages", each=_package)
        self.check(rules.words, "exclude_packages", each=_excluded)
        self.check(rules.words, "repositories", each=rules.list_element)
        self.check(rules.text, "main_class", "queue", "proxy_user", "principal", "keytab")
        self.check(rules.text, "driver_java_options", "driver_library_path", "driver_class_path")
        self.check(spark_conf.java_options, "driver_java_options")
        self.check(rules.truth, "verbose")
        self._check_application()
        self._check_conf()
        self._check_identity()

    def _check_program(self) -> None:
        """What is no file, and yet no mistake in an address."""
        if not is_text(self.application):
            return
        if self.application in SHELLS:
            remedy = "write what is typed there into a .py or .jar file in S3, and name it"
            self.refuse("application", "it is a prompt for people, and a step has nobody who types", remedy)
        if COMMAND.match(self.application):
            remedy = f"write SparkStep(name, {self._program_in_command()}), with fields for its options, or read it by "
            remedy += "Step.from_request"
            self.refuse("application", "it is a whole command, and spark-submit is what runs the application", remedy)

    def _program_in_command(self) -> str:
        """The application of a whole command, in quotes: the first file that no option before it is given."""
        for before, word in pairwise(self.application.split()):
            if word.endswith(APPLICATIONS) and (before in ("--verbose", "-v") or not before.startswith("-")):
                return "application" if may_be_secret("application", word) else f'"{word}"'
        return "application"

    def _check_application(self) -> None:
        if not is_text(self.application):
            return
        if not self.application.endswith(APPLICATIONS):
            self.refuse(
                "application", "spark-submit knows a program's language by its ending", "name a .py or a .jar file"
            )
        if self.main_class is not None and not self.application.endswith(".jar"):
            self.refuse(
                "main_class",
                f"a class is in a jar, and {self.application} is none",
                "leave main_class out, or name a .jar as the application",
            )

    def _check_conf(self) -> None:
        conf: Any = self.conf
        if not isinstance(conf, Mapping):
            return
        if self.num_executors is not None and spark_conf.dynamic_allocation(conf):
            self.warn("num_executors", spark_conf.ONLY_A_START, spark_conf.BOUNDS)
        for setting in conf.keys() & SAME.keys():
            said, value = getattr(self, SAME[setting]), conf[setting]
            if said is not None and is_rendered(said) and is_rendered(value) and str(said) != value:
                shown = HIDDEN if may_be_secret(setting, value) else value
                self.warn(
                    SAME[setting],
                    f"conf says {setting}={shown}, and of the two spark-submit takes this one",
                    f"take {setting} out of conf, or say the same",
                )

    def _check_identity(self) -> None:
        if self.proxy_user is not None and self.principal is not None:
            self.refuse("proxy_user", "spark-submit takes either it or principal", "leave one of them out")
        if (self.principal is None) != (self.keytab is None):
            given, lacking = ("principal", "keytab") if self.keytab is None else ("keytab", "principal")
            self.refuse(given, f"it goes together with {lacking}", "give both, or neither")


def _package(field: str, value: Any) -> Any:
    if is_text(rules.list_element(field, value)) and not COORDINATES.fullmatch(value):
        raise InvalidSpec(field, value, "it is no Maven coordinate", "write group:artifact:version")
    return value


def _excluded(field: str, value: Any) -> Any:
    if is_text(rules.list_element(field, value)) and not EXCLUDED.fullmatch(value):
        raise InvalidSpec(field, value, "it names no package", "write group:artifact")
    return value
