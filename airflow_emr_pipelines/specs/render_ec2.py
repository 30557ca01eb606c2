"""How steps look to Amazon EMR on EC2, as a StepConfig.

Every step says ActionOnFailure=CONTINUE, whatever its own word: EMR refuses the others above step concurrency 1, and at
1 they would act behind Airflow's back. The word is carried out by the task.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.cluster import EmrCluster
from airflow_emr_pipelines.specs.late import all_known
from airflow_emr_pipelines.specs.render_ec2_cluster import render_cluster
from airflow_emr_pipelines.specs.steps import CustomJarStep, HiveStep, S3DistCpStep, ShellStep, SparkStep, Step
from airflow_emr_pipelines.specs.steps.custom_jar import COMMAND_RUNNER

__all__ = ["check", "hadoop_jar_step", "render_cluster", "render_step"]

HadoopJarStep = dict[str, Any]

ARGUMENTS_LIMIT = 10_240
"""Characters of all strings of one HadoopJarStep together (botocore: AddJobFlowSteps)."""


def check(*values: Any) -> None:
    """Refuse now what EC2 would refuse later, as far as it is known: specs, or lists of them; all else is let be."""
    for value in values:
        if isinstance(value, (list, tuple)):
            check(*value)
        elif isinstance(value, Step) and all_known(value):
            render_step(value)
        elif isinstance(value, EmrCluster) and all_known(value):
            render_cluster(value)


def render_step(step: Step, *, name: str | None = None) -> dict[str, Any]:
    """The StepConfig of a step whose values are all known.

    :param name: the step's name with its key, when it is to be submitted
    :raises InvalidSpec: its texts are longer together than EMR takes
    """
    jar_step = hadoop_jar_step(step)
    length = sum(len(text) for text in _texts(jar_step))
    if length > ARGUMENTS_LIMIT:
        raise InvalidSpec(
            f"{type(step).__name__}({step.name!r})",
            f"{length:,} characters",
            f"EMR takes at most {ARGUMENTS_LIMIT:,} in all the arguments of a step together",
            "put long arguments into a file in S3 and give its address",
        )
    return {"Name": name or step.name, "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar_step}


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
    options = {
        "--deploy-mode": step.deploy_mode,
        "--class": step.main_class,
        "--properties-file": step.properties_file,
        "--queue": step.queue,
        "--driver-memory": step.driver_memory,
        "--driver-cores": step.driver_cores,
        "--executor-memory": step.executor_memory,
        "--executor-cores": step.executor_cores,
        "--num-executors": step.num_executors,
        "--driver-java-options": step.driver_java_options,
        "--driver-library-path": step.driver_library_path,
        "--driver-class-path": step.driver_class_path,
        "--proxy-user": step.proxy_user,
        "--principal": step.principal,
        "--keytab": step.keytab,
        "--py-files": _joined(step.py_files),
        "--jars": _joined(step.jars),
        "--files": _joined(step.files),
        "--archives": _joined(step.archives),
        "--packages": _joined(step.packages),
        "--exclude-packages": _joined(step.exclude_packages),
        "--repositories": _joined(step.repositories),
    }
    return _command(
        "spark-submit",
        *(word for option, value in options.items() if value is not None for word in (option, value)),
        *(["--verbose"] if step.verbose else []),
        *(word for name, value in step.conf.items() for word in ("--conf", f"{name}={value}")),
        step.application,
        *step.args,
    )


@hadoop_jar_step.register
def _hive(step: HiveStep) -> HadoopJarStep:
    variables = [word for name, value in step.variables.items() for word in ("-d", f"{name}={value}")]
    return _command("hive-script", "--run-hive-script", "--args", "-f", step.script, *variables, *step.args)


@hadoop_jar_step.register
def _s3_dist_cp(step: S3DistCpStep) -> HadoopJarStep:
    values = {
        "--src": step.src,
        "--dest": step.dest,
        "--srcPattern": step.src_pattern,
        "--groupBy": step.group_by,
        "--targetSize": step.target_size,
        "--outputCodec": step.output_codec,
        "--multipartUploadChunkSize": step.multipart_upload_chunk_size,
        "--startingIndex": step.starting_index,
        "--outputManifest": step.output_manifest,
        "--previousManifest": step.previous_manifest,
        "--requirePreviousManifest": _lower(step.require_previous_manifest),
        "--s3Endpoint": step.s3_endpoint,
        "--storageClass": step.storage_class,
        "--srcPrefixesFile": step.src_prefixes_file,
    }
    switches = {
        "--appendToLastFile": step.append_to_last_file,
        "--s3ServerSideEncryption": step.s3_server_side_encryption,
        "--deleteOnSuccess": step.delete_on_success,
        "--disableMultipartUpload": step.disable_multipart_upload,
        "--numberFiles": step.number_files,
        "--copyFromManifest": step.copy_from_manifest,
    }
    return _command(
        "s3-dist-cp",
        *(f"{option}={value}" for option, value in values.items() if value is not None),
        *(option for option, wanted in switches.items() if wanted),
    )


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


def _lower(value: object) -> str | None:
    return None if value is None else str(value).lower()


def _joined(values: Sequence[str]) -> str | None:
    return ",".join(values) or None


def _texts(jar_step: HadoopJarStep) -> Iterator[str]:
    yield jar_step["Jar"]
    yield jar_step.get("MainClass", "")
    yield from jar_step["Args"]
    for item in jar_step.get("Properties", ()):
        yield from (item["Key"], item["Value"])
