"""How each kind of step looks to Amazon EMR on EC2, as a HadoopJarStep.

The tables say which field an option is; what reads requests reads by them too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import singledispatch
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import (
    CustomJarStep,
    DistCpStep,
    FlinkStep,
    HadoopStreamingStep,
    HiveStep,
    PigStep,
    PrestoStep,
    S3DistCpStep,
    ScriptRunnerStep,
    ShellStep,
    SparkSqlStep,
    SparkStep,
    Step,
    TrinoStep,
)
from airflow_emr_pipelines.specs.steps.custom_jar import COMMAND_RUNNER
from airflow_emr_pipelines.specs.steps.script_runner import SCRIPT_RUNNER
from airflow_emr_pipelines.specs.steps.sql_client import PRESTO_CLI, SqlClientStep

HadoopJarStep = dict[str, Any]

SPARK = {
    "--deploy-mode": "deploy_mode",
    "--class": "main_class",
    "--properties-file": "properties_file",
    "--queue": "queue",
    "--driver-memory": "driver_memory",
    "--driver-cores": "driver_cores",
    "--executor-memory": "executor_memory",
    "--executor-cores": "executor_cores",
    "--num-executors": "num_executors",
    "--driver-java-options": "driver_java_options",
    "--driver-library-path": "driver_library_path",
    "--driver-class-path": "driver_class_path",
    "--proxy-user": "proxy_user",
    "--principal": "principal",
    "--keytab": "keytab",
    "--py-files": "py_files",
    "--jars": "jars",
    "--files": "files",
    "--archives": "archives",
    "--packages": "packages",
    "--exclude-packages": "exclude_packages",
    "--repositories": "repositories",
}
S3_DIST_CP = {
    "--src": "src",
    "--dest": "dest",
    "--srcPattern": "src_pattern",
    "--groupBy": "group_by",
    "--targetSize": "target_size",
    "--outputCodec": "output_codec",
    "--multipartUploadChunkSize": "multipart_upload_chunk_size",
    "--startingIndex": "starting_index",
    "--outputManifest": "output_manifest",
    "--previousManifest": "previous_manifest",
    "--requirePreviousManifest": "require_previous_manifest",
    "--s3Endpoint": "s3_endpoint",
    "--storageClass": "storage_class",
    "--srcPrefixesFile": "src_prefixes_file",
}
S3_DIST_CP_SWITCHES = {
    "--appendToLastFile": "append_to_last_file",
    "--s3ServerSideEncryption": "s3_server_side_encryption",
    "--deleteOnSuccess": "delete_on_success",
    "--disableMultipartUpload": "disable_multipart_upload",
    "--numberFiles": "number_files",
    "--copyFromManifest": "copy_from_manifest",
}
DIST_CP_SWITCHES = {"-update": "update", "-overwrite": "overwrite", "-delete": "delete"}
STREAMING_FILES = {"-files": "files", "-archives": "archives", "-libjars": "jars"}
STREAMING = {
    "-mapper": "mapper",
    "-combiner": "combiner",
    "-reducer": "reducer",
    "-partitioner": "partitioner",
    "-inputformat": "input_format",
    "-outputformat": "output_format",
    "-numReduceTasks": "num_reduce_tasks",
}
FLINK = {"-yid": "application_id", "-p": "parallelism", "-c": "main_class"}
SQL_PLACES = {"--catalog": "catalog", "--schema": "schema"}
SQL_STATEMENTS = {"--execute": "execute", "--file": "file"}


@singledispatch
def hadoop_jar_step(step: Step) -> HadoopJarStep:
    """The HadoopJarStep of a step."""
    raise InvalidSpec(
        "step",
        step,
        f"EMR on EC2 cannot run a {type(step).__name__}",
        "choose a step kind that it runs, such as SparkStep",
    )


@hadoop_jar_step.register
def _spark(step: SparkStep) -> HadoopJarStep:
    verbose = ["--verbose"] if step.verbose else []
    conf = _settings("--conf", step.conf)
    return _command("spark-submit", *_options(step, SPARK), *verbose, *conf, step.application, *step.args)


@hadoop_jar_step.register
def _spark_sql(step: SparkSqlStep) -> HadoopJarStep:
    conf = _settings("--conf", step.conf)
    return _command("spark-sql", *conf, "-f", step.script, *_settings("-d", step.variables), *step.args)


@hadoop_jar_step.register
def _hive(step: HiveStep) -> HadoopJarStep:
    variables = _settings("-d", step.variables)
    return _command("hive-script", "--run-hive-script", "--args", "-f", step.script, *variables, *step.args)


@hadoop_jar_step.register
def _pig(step: PigStep) -> HadoopJarStep:
    parameters = _settings("-p", step.parameters)
    return _command("pig-script", "--run-pig-script", "--args", "-f", step.script, *parameters, *step.args)


@hadoop_jar_step.register
def _hadoop_streaming(step: HadoopStreamingStep) -> HadoopJarStep:
    return _command(
        "hadoop-streaming",
        *_settings("-D", step.conf),
        *_options(step, STREAMING_FILES),
        *_options(step, STREAMING),
        *(word for place in step.inputs for word in ("-input", place)),
        *("-output", step.output),
        *_settings("-cmdenv", step.environment),
        *step.args,
    )


@hadoop_jar_step.register
def _s3_dist_cp(step: S3DistCpStep) -> HadoopJarStep:
    values = {option: getattr(step, field) for option, field in S3_DIST_CP.items()}
    return _command(
        "s3-dist-cp",
        *(f"{option}={_text(value)}" for option, value in values.items() if value is not None),
        *_switches(step, S3_DIST_CP_SWITCHES),
    )


@hadoop_jar_step.register
def _dist_cp(step: DistCpStep) -> HadoopJarStep:
    switches = _switches(step, DIST_CP_SWITCHES)
    return _command("hadoop", "distcp", *_settings("-D", step.conf), *switches, *step.args, step.src, step.dest)


@hadoop_jar_step.register
def _flink(step: FlinkStep) -> HadoopJarStep:
    return _command(
        *("flink", "run", "-m", "yarn-cluster"),
        *_options(step, FLINK),
        *(["-d"] if step.detached else []),
        *_settings("-yD", step.conf),
        step.jar,
        *step.args,
    )


@hadoop_jar_step.register
def _trino(step: TrinoStep) -> HadoopJarStep:
    return _sql_client(step.client, step)


@hadoop_jar_step.register
def _presto(step: PrestoStep) -> HadoopJarStep:
    return _sql_client(PRESTO_CLI, step)


def _sql_client(client: str, step: SqlClientStep) -> HadoopJarStep:
    return _command(client, *_options(step, SQL_PLACES), *step.args, *_options(step, SQL_STATEMENTS))


@hadoop_jar_step.register
def _script_runner(step: ScriptRunnerStep) -> HadoopJarStep:
    words = [str(word) for word in (step.script, *step.args)]
    return {"Jar": SCRIPT_RUNNER.format(region=step.region), "Args": words}


@hadoop_jar_step.register
def _custom_jar(step: CustomJarStep) -> HadoopJarStep:
    jar_step: HadoopJarStep = {"Jar": step.jar, "Args": [str(word) for word in step.args]}
    if step.main_class is not None:
        jar_step["MainClass"] = step.main_class
    if step.properties:
        jar_step["Properties"] = [{"Key": key, "Value": str(value)} for key, value in step.properties.items()]
    return jar_step


@hadoop_jar_step.register
def _shell(step: ShellStep) -> HadoopJarStep:
    return _command("bash", "-c", step.command)


def _command(*words: Any) -> HadoopJarStep:
    return {"Jar": COMMAND_RUNNER, "Args": [str(word) for word in words]}


def _options(step: Step, fields: Mapping[str, str]) -> Iterator[Any]:
    """Options with the values that the step has for them; of a list those joined by commas, and nothing of none."""
    for option, field in fields.items():
        value = getattr(step, field)
        if value is not None and value != ():
            yield from (option, ",".join(value) if isinstance(value, tuple) else value)


def _switches(step: Step, fields: Mapping[str, str]) -> Iterator[str]:
    return (option for option, field in fields.items() if getattr(step, field))


def _settings(option: str, settings: Mapping[str, Any]) -> Iterator[str]:
    return (word for name, value in settings.items() for word in (option, f"{name}={value}"))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
