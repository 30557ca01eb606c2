"""The commands that steps run: which word is which field, in their order; what renders and what reads follow this."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

COMMAND_RUNNER = "command-runner.jar"
"""EMR's own jar, which has no path; its first argument is a command of the primary node."""
SCRIPT_RUNNER = "s3://{region}.elasticmapreduce/libs/script-runner/script-runner.jar"
"""EMR's jar, one in each region
(https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-commandrunner.html)."""
REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-[0-9]+")
GENERIC_OPTIONS = ("-D", "-conf", "-files", "-libjars", "-archives", "-fs", "-jt")
"""Hadoop reads them only before the options of the job
(https://hadoop.apache.org/docs/stable/hadoop-streaming/HadoopStreaming.html)."""
TRINO_CLI, PRESTO_CLI = "trino-cli", "presto-cli"


class Words:
    """A field that is a word of the command, or a list of such."""

    def __init__(self, field: str) -> None:
        self.field = field

    def words(self, value: Any) -> Iterable[Any]:
        """What the command says of a value."""
        return value if isinstance(value, tuple) else (value,)


class Option:
    """A field that is an option with its value.

    :param also: other names of the option, which are understood
    """

    def __init__(self, field: str, name: str, also: tuple[str, ...] = ()) -> None:
        self.field = field
        self.name = name
        self.also = also

    def words(self, value: Any) -> Iterable[Any]:
        """What the command says of a value."""
        return self.name, value


class Joined(Option):
    """A list that is an option with the elements joined by commas."""

    def words(self, value: Any) -> Iterable[Any]:
        return self.name, ",".join(value)


class Equal(Option):
    """A field that is an option and its value in one word."""

    def words(self, value: Any) -> Iterable[Any]:
        return (f"{self.name}={str(value).lower() if isinstance(value, bool) else value}",)


class Each(Option):
    """A list that is an option for each element."""

    def words(self, value: Any) -> Iterable[Any]:
        return [word for element in value for word in (self.name, element)]


class Settings(Option):
    """A mapping that is an option for each name=value."""

    def words(self, value: Any) -> Iterable[Any]:
        return [word for key, setting in value.items() for word in (self.name, f"{key}={setting}")]


class Switch(Option):
    """A truth value that is an option without a value."""

    def words(self, value: Any) -> Iterable[Any]:
        return (self.name,) if value else ()


Command = tuple["str | Words | Option", ...]

VARIABLES = Settings("variables", "-d", ("--define",))
PARAMETERS = Settings("parameters", "-p", ("-param",))

SPARK: Command = (
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
    Words("application"),
    Words("args"),
)
SPARK_SQL: Command = ("spark-sql", Settings("conf", "--conf"), Option("script", "-f"), VARIABLES, Words("args"))
HIVE: Command = ("hive-script", "--run-hive-script", "--args", Option("script", "-f"), VARIABLES, Words("args"))
PIG: Command = ("pig-script", "--run-pig-script", "--args", Option("script", "-f"), PARAMETERS, Words("args"))
HADOOP_STREAMING: Command = (
    "hadoop-streaming",
    Settings("conf", "-D"),
    Joined("files", "-files"),
    Joined("archives", "-archives"),
    Joined("jars", "-libjars"),
    Option("mapper", "-mapper"),
    Option("combiner", "-combiner"),
    Option("reducer", "-reducer"),
    Option("partitioner", "-partitioner"),
    Option("input_format", "-inputformat"),
    Option("output_format", "-outputformat"),
    Option("num_reduce_tasks", "-numReduceTasks"),
    Each("inputs", "-input"),
    Option("output", "-output"),
    Settings("environment", "-cmdenv"),
    Words("args"),
)
S3_DIST_CP: Command = (
    "s3-dist-cp",
    Equal("src", "--src"),
    Equal("dest", "--dest"),
    Equal("src_pattern", "--srcPattern"),
    Equal("group_by", "--groupBy"),
    Equal("target_size", "--targetSize"),
    Equal("output_codec", "--outputCodec"),
    Equal("multipart_upload_chunk_size", "--multipartUploadChunkSize"),
    Equal("starting_index", "--startingIndex"),
    Equal("output_manifest", "--outputManifest"),
    Equal("previous_manifest", "--previousManifest"),
    Equal("require_previous_manifest", "--requirePreviousManifest"),
    Equal("s3_endpoint", "--s3Endpoint"),
    Equal("storage_class", "--storageClass"),
    Equal("src_prefixes_file", "--srcPrefixesFile"),
    Switch("append_to_last_file", "--appendToLastFile"),
    Switch("s3_server_side_encryption", "--s3ServerSideEncryption"),
    Switch("delete_on_success", "--deleteOnSuccess"),
    Switch("disable_multipart_upload", "--disableMultipartUpload"),
    Switch("number_files", "--numberFiles"),
    Switch("copy_from_manifest", "--copyFromManifest"),
)
DIST_CP: Command = (
    *("hadoop", "distcp"),
    Settings("conf", "-D"),
    Switch("update", "-update"),
    Switch("overwrite", "-overwrite"),
    Switch("delete", "-delete"),
    Words("args"),
    Words("src"),
    Words("dest"),
)
FLINK: Command = (
    *("flink", "run", "-m", "yarn-cluster"),
    Option("application_id", "-yid", ("--yarnapplicationId",)),
    Option("parallelism", "-p", ("--parallelism",)),
    Option("main_class", "-c", ("--class",)),
    Switch("detached", "-d", ("--detached",)),
    Settings("conf", "-yD"),
    Words("jar"),
    Words("args"),
)
SQL_CLIENT: Command = (
    Option("catalog", "--catalog"),
    Option("schema", "--schema"),
    Words("args"),
    Option("execute", "--execute"),
    Option("file", "--file", ("-f",)),
)
COMMANDS: Mapping[str, Command] = {
    "spark": SPARK,
    "spark_sql": SPARK_SQL,
    "hive": HIVE,
    "pig": PIG,
    "hadoop_streaming": HADOOP_STREAMING,
    "s3_dist_cp": S3_DIST_CP,
    "dist_cp": DIST_CP,
    "flink": FLINK,
    "trino": (Words("client"), *SQL_CLIENT),
    "presto": (PRESTO_CLI, *SQL_CLIENT),
    "shell": ("bash", "-c", Words("command")),
}
"""The command of each kind of step that has one."""


def options_of(command: Command) -> dict[str, Option]:
    """The options of a command, each by all its names."""
    options = [part for part in command if isinstance(part, Option)]
    return {name: option for option in options for name in (option.name, *option.also)}


def words_of(step: Any, command: Command) -> list[str]:
    """The words of a step's command."""
    words: list[Any] = []
    for part in command:
        if isinstance(part, str):
            words.append(part)
        elif (value := getattr(step, part.field)) is not None and value != ():
            words += part.words(value)
    return [str(word) for word in words]
