"""Steps: what to run, as frozen values that check themselves. How each looks to a service is a function elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from typing import Any, ClassVar

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import rules


class OnFailure(str, Enum):
    """What a step's failure means, in EMR's words (StepConfig.ActionOnFailure); carried out by the task."""

    CANCEL_AND_WAIT = "CANCEL_AND_WAIT"
    CONTINUE = "CONTINUE"
    TERMINATE_CLUSTER = "TERMINATE_CLUSTER"


@dataclass(frozen=True)
class Step:
    """What every step has.

    Values may be Jinja templates, or outputs of other tasks: they are judged when they are known.

    :param name: what EMR's console shows; at most 256 characters with the key that is put behind it
    :param on_failure: what a failure means once the task has no retries left
    """

    kind: ClassVar[str]

    name: str
    _: KW_ONLY
    on_failure: OnFailure | str = OnFailure.CANCEL_AND_WAIT

    def __post_init__(self) -> None:
        rules.text(self.field("name"), self.name, limit=rules.NAME_LIMIT)
        rules.choice(self.field("on_failure"), self.on_failure, [word.value for word in OnFailure])
        if rules.is_text(self.on_failure):
            self.put("on_failure", OnFailure(self.on_failure))

    def field(self, name: str) -> str:
        """A field's name as errors tell it."""
        return f"{type(self).__name__}.{name}"

    def put(self, name: str, value: Any) -> None:
        """Set a field to its normal form, while the value is being made."""
        object.__setattr__(self, name, value)


@dataclass(frozen=True)
class SparkStep(Step):
    """A Spark application, submitted with spark-submit.

    :param application: a .py or .jar file: s3://…, hdfs://…, or a path on the cluster's nodes
    :param args: the application's own arguments, one text an element
    :param main_class: the class of a jar to run (``--class``)
    :param deploy_mode: ``cluster`` runs the driver on the cluster, ``client`` on the primary node
    :param conf: Spark settings, one entry each; a value may hold commas
    """

    kind = "spark"

    application: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    main_class: str | None = None
    deploy_mode: str = "cluster"
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
    verbose: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        rules.program_address(self.field("application"), self.application)
        self.put("args", rules.words(self.field("args"), self.args))
        self.put("conf", rules.settings(self.field("conf"), self.conf))
        rules.choice(self.field("deploy_mode"), self.deploy_mode, ("cluster", "client"))
        for name in ("driver_memory", "executor_memory"):
            rules.memory(self.field(name), getattr(self, name))
        for name in ("driver_cores", "executor_cores", "num_executors"):
            rules.whole(self.field(name), getattr(self, name), 1)
        for name in ("py_files", "jars", "files", "archives"):
            self._check_files(name)
        for name in ("packages", "exclude_packages", "repositories"):
            self.put(name, rules.words(self.field(name), getattr(self, name)))
        self._check_application()
        self._check_executors()

    def _check_files(self, name: str) -> None:
        addresses = rules.words(self.field(name), getattr(self, name))
        self.put(name, addresses)
        if isinstance(addresses, tuple):
            for place, address in enumerate(addresses):
                # archive.zip#name unpacks under that name
                plain = address.partition("#")[0] if rules.is_text(address) else address
                rules.program_address(f"{self.field(name)}[{place}]", plain)

    def _check_application(self) -> None:
        if not rules.is_text(self.application) or not rules.known(self.main_class):
            return
        if self.main_class is not None and self.application.endswith((".py", ".zip", ".egg")):
            raise InvalidSpec(
                self.field("main_class"),
                self.main_class,
                f"a class is in a jar, and {self.application} is Python",
                "leave main_class out, or name a .jar as the application",
            )

    def _check_executors(self) -> None:
        conf: Any = self.conf
        dynamic = conf.get("spark.dynamicAllocation.enabled") if isinstance(conf, Mapping) else None
        if self.num_executors is not None and dynamic == "true":
            raise InvalidSpec(
                self.field("num_executors"),
                self.num_executors,
                "with spark.dynamicAllocation.enabled=true it is only where the number of executors starts",
                "leave it out and set spark.dynamicAllocation.minExecutors and maxExecutors, or switch that off",
            )


@dataclass(frozen=True)
class HiveStep(Step):
    """A HiveQL script.

    :param script: s3://… file
    :param variables: what the script reads as ``${name}``; values arrive bare, without quotes
    :param args: further arguments of hive, one text an element
    """

    kind = "hive"

    script: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    variables: Mapping[str, str | bool | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        rules.program_address(self.field("script"), self.script)
        self.put("args", rules.words(self.field("args"), self.args))
        self.put("variables", rules.settings(self.field("variables"), self.variables))


CODECS = ("gzip", "gz", "lzo", "snappy", "none")
STORAGE_CLASSES = ("STANDARD", "REDUCED_REDUNDANCY")


@dataclass(frozen=True)
class S3DistCpStep(Step):
    """A copy between S3 and HDFS by s3-dist-cp (https://docs.aws.amazon.com/emr/latest/ReleaseGuide/UsingEMR_s3distcp.html).

    :param src: the folder to copy
    :param dest: the folder to copy to
    :param src_pattern: a regular expression on the whole path; what it does not match is not copied
    :param group_by: a regular expression with a group: files with the same text in it are joined to one
    :param target_size: MiB of the files that ``group_by`` makes
    :param delete_on_success: remove what was copied from the source
    """

    kind = "s3_dist_cp"

    src: str
    dest: str
    _: KW_ONLY
    src_pattern: str | None = None
    group_by: str | None = None
    target_size: int | str | None = None
    append_to_last_file: bool = False
    output_codec: str | None = None
    s3_server_side_encryption: bool = False
    delete_on_success: bool = False
    disable_multipart_upload: bool = False
    multipart_upload_chunk_size: int | str | None = None
    number_files: bool = False
    starting_index: int | str | None = None
    output_manifest: str | None = None
    previous_manifest: str | None = None
    require_previous_manifest: bool | None = None
    copy_from_manifest: bool = False
    s3_endpoint: str | None = None
    storage_class: str | None = None
    src_prefixes_file: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("src", "dest"):
            self._check_folder(name)
        self._check_pattern("src_pattern")
        self._check_pattern("group_by")
        rules.choice(self.field("output_codec"), self.output_codec, CODECS)
        rules.choice(self.field("storage_class"), self.storage_class, STORAGE_CLASSES)
        rules.whole(self.field("target_size"), self.target_size, 1)
        rules.whole(self.field("multipart_upload_chunk_size"), self.multipart_upload_chunk_size, 5)
        rules.whole(self.field("starting_index"), self.starting_index, 0)
        self._check_together()

    def _check_folder(self, name: str) -> None:
        field_name, address = self.field(name), getattr(self, name)
        if not rules.known(address):
            return
        if isinstance(address, str) and address.startswith(("hdfs://", "/")):
            rules.text(field_name, address)
            return
        rules.s3_address(field_name, address, folder=True)
        bucket = str(address).split("/")[2]
        if "_" in bucket:
            raise InvalidSpec(
                field_name, address, "s3-dist-cp cannot use a bucket whose name has an underscore", "rename the bucket"
            )

    def _check_pattern(self, name: str) -> None:
        pattern = getattr(self, name)
        if pattern is None or not rules.known(pattern):
            return
        rules.text(self.field(name), pattern)
        try:
            groups = re.compile(str(pattern)).groups
        except re.error as error:
            if "(?<" in str(pattern) or "\\p" in str(pattern):  # Java's own forms, which Python does not read
                return
            raise InvalidSpec(self.field(name), pattern, f"it is no regular expression: {error}", "mend it") from None
        if name == "group_by" and not groups:
            raise InvalidSpec(
                self.field(name),
                pattern,
                "what files are joined by is a group in parentheses, and it has none",
                "put parentheses around the part that is the same in the files to join: .*/(part)-.*",
            )

    def _check_together(self) -> None:
        if self.target_size is not None and self.group_by is None:
            raise InvalidSpec(
                self.field("target_size"),
                self.target_size,
                "it only acts on files that are joined by group_by",
                "give group_by as well, or leave it out",
            )
        pattern = str(self.src_pattern or "")
        if self.output_codec not in (None, "none") and rules.known(self.output_codec) and "parquet" in pattern:
            raise InvalidSpec(
                self.field("output_codec"),
                self.output_codec,
                "it wraps Parquet files, which then cannot be read as such",
                "leave it out: Parquet is compressed inside",
            )
        if self.group_by is not None and "parquet" in pattern:
            raise InvalidSpec(
                self.field("group_by"),
                self.group_by,
                "Parquet files cannot be joined end to end",
                "leave it out, and compact them by a Spark step",
            )


@dataclass(frozen=True)
class CustomJarStep(Step):
    """A Java program in a jar.

    :param jar: s3://… or a path on the primary node
    :param main_class: the class to run, unless the jar's manifest names it
    :param properties: Java system properties of the main class
    """

    kind = "custom_jar"

    jar: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    main_class: str | None = None
    properties: Mapping[str, str | bool | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        rules.text(self.field("jar"), self.jar)
        if rules.is_text(self.jar) and self.jar != "command-runner.jar":
            rules.program_address(self.field("jar"), self.jar)
        self.put("args", rules.words(self.field("args"), self.args))
        self.put("properties", rules.settings(self.field("properties"), self.properties))
        properties: Any = self.properties
        spark = [name for name in properties if name.startswith("spark.")] if isinstance(properties, Mapping) else []
        if spark:
            raise InvalidSpec(
                self.field("properties"),
                ", ".join(spark),
                "these are Java properties of the main class, which Spark's settings are not",
                "use a SparkStep with conf",
            )


@dataclass(frozen=True)
class ShellStep(Step):
    """A command line for bash, run on the primary node as user hadoop.

    :param command: the line, as ``bash -c`` takes it
    """

    kind = "shell"

    command: str

    def __post_init__(self) -> None:
        super().__post_init__()
        rules.text(self.field("command"), self.command)
