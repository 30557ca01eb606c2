"""How steps and clusters look to Amazon EMR on EC2: StepConfig and the request of RunJobFlow.

Every step says ActionOnFailure=CONTINUE, whatever its own word: EMR refuses the others above step concurrency 1, and at
1 they would act behind Airflow's back. The word is carried out by the task.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import singledispatch
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import rules
from airflow_emr_pipelines.specs.cluster import EmrCluster, Group, InstanceGroups
from airflow_emr_pipelines.specs.configurations import Configuration
from airflow_emr_pipelines.specs.steps import (
    CustomJarStep,
    HiveStep,
    S3DistCpStep,
    ShellStep,
    SparkStep,
    Step,
)

HadoopJarStep = dict[str, Any]

COMMAND_RUNNER = "command-runner.jar"
ARGUMENTS_LIMIT = 10_240
"""Characters of all strings of one HadoopJarStep together (botocore: AddJobFlowSteps)."""


def check(*values: Any) -> None:
    """Refuse now what EC2 would refuse later, as far as it is known: specs, or lists of them; all else is let be."""
    for value in values:
        if isinstance(value, Step) and rules.all_known(_texts(value)):
            render_step(value)
        elif isinstance(value, EmrCluster):
            render_cluster(value)
        elif isinstance(value, (list, tuple)):
            check(*value)


def render_step(step: Step, *, name: str | None = None) -> dict[str, Any]:
    """The StepConfig of a step whose values are all known.

    :param name: the step's name with its key, when it is to be submitted
    :raises InvalidSpec: its texts are longer together than EMR takes
    """
    jar_step = hadoop_jar_step(step)
    length = sum(len(text) for text in _strings(jar_step))
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
    conf = [word for setting in step.conf.items() for word in ("--conf", "=".join(map(str, setting)))]
    options = [
        *_option("--deploy-mode", step.deploy_mode),
        *_option("--class", step.main_class),
        *_option("--properties-file", step.properties_file),
        *_option("--queue", step.queue),
        *_option("--driver-memory", step.driver_memory),
        *_option("--driver-cores", step.driver_cores),
        *_option("--executor-memory", step.executor_memory),
        *_option("--executor-cores", step.executor_cores),
        *_option("--num-executors", step.num_executors),
        *_option("--driver-java-options", step.driver_java_options),
        *_option("--driver-library-path", step.driver_library_path),
        *_option("--driver-class-path", step.driver_class_path),
        *_option("--proxy-user", step.proxy_user),
        *_option("--principal", step.principal),
        *_option("--keytab", step.keytab),
        *_list_option("--py-files", step.py_files),
        *_list_option("--jars", step.jars),
        *_list_option("--files", step.files),
        *_list_option("--archives", step.archives),
        *_list_option("--packages", step.packages),
        *_list_option("--exclude-packages", step.exclude_packages),
        *_list_option("--repositories", step.repositories),
        *(["--verbose"] if step.verbose is True else []),
    ]
    return _command("spark-submit", *options, *conf, step.application, *step.args)


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
        "--s3Endpoint": step.s3_endpoint,
        "--storageClass": step.storage_class,
        "--srcPrefixesFile": step.src_prefixes_file,
    }
    if step.require_previous_manifest is not None:
        values["--requirePreviousManifest"] = "true" if step.require_previous_manifest else "false"
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


def render_cluster(
    cluster: EmrCluster,
    *,
    name: str | None = None,
    steps: Sequence[Mapping[str, Any]] = (),
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The request of RunJobFlow.

    :param name: the cluster's name with its key, when it is to be created
    :param steps: StepConfigs that the cluster runs before it ends by itself; without any it is kept alive
    :param tags: tags of ours besides the cluster's own
    """
    optional: dict[str, Any] = {
        "Applications": [{"Name": application} for application in cluster.applications],
        "Configurations": [_configuration(part) for part in cluster.configurations],
        "BootstrapActions": [
            {"Name": action.name, "ScriptBootstrapAction": {"Path": action.script, "Args": list(action.args)}}
            for action in cluster.bootstrap_actions
        ],
        "LogUri": cluster.log_uri,
        "SecurityConfiguration": cluster.security_configuration,
        "ScaleDownBehavior": cluster.scale_down_behavior,
        "Steps": list(steps),
        "Tags": [{"Key": key, "Value": value} for key, value in {**cluster.tags, **(tags or {})}.items()],
    }
    if cluster.idle_timeout is not None and not steps:
        optional["AutoTerminationPolicy"] = {"IdleTimeout": _number(cluster.idle_timeout)}
    return {
        "Name": name or cluster.name,
        "ReleaseLabel": cluster.release_label,
        "Instances": _instances(cluster, keep_alive=not steps),
        "ServiceRole": cluster.service_role,
        "JobFlowRole": cluster.job_flow_role,
        "VisibleToAllUsers": True,
        "StepConcurrencyLevel": _number(cluster.step_concurrency),
        **{key: value for key, value in optional.items() if value},
    }


def _instances(cluster: EmrCluster, *, keep_alive: bool) -> dict[str, Any]:
    optional = {
        "Ec2SubnetId": cluster.ec2_subnet_id,
        "Ec2KeyName": cluster.ec2_key_name,
        "EmrManagedMasterSecurityGroup": cluster.emr_managed_master_security_group,
        "EmrManagedSlaveSecurityGroup": cluster.emr_managed_slave_security_group,
        "ServiceAccessSecurityGroup": cluster.service_access_security_group,
    }
    return {
        "InstanceGroups": list(_groups(cluster.instances)),
        "KeepJobFlowAliveWhenNoSteps": keep_alive,
        "TerminationProtected": cluster.termination_protected,
        **{key: value for key, value in optional.items() if value is not None},
    }


def _groups(groups: InstanceGroups) -> Iterator[dict[str, Any]]:
    yield _group("MASTER", "Primary", groups.primary)
    if groups.core is not None:
        yield _group("CORE", "Core", groups.core)
    for place, group in enumerate(groups.tasks, start=1):
        yield _group("TASK", f"Task {place}", group)


def _group(role: str, name: str, group: Any) -> dict[str, Any]:
    assert isinstance(group, Group)
    optional: dict[str, Any] = {
        "BidPrice": group.bid_price,
        "Configurations": [_configuration(part) for part in group.configurations],
        "EbsConfiguration": {"EbsBlockDeviceConfigs": [_volumes(volumes) for volumes in group.ebs]}
        if group.ebs
        else None,
    }
    return {
        "Name": group.name or name,
        "InstanceRole": role,
        "InstanceType": group.instance_type,
        "InstanceCount": _number(group.count),
        "Market": "SPOT" if group.spot else "ON_DEMAND",
        **{key: value for key, value in optional.items() if value},
    }


def _volumes(volumes: Any) -> dict[str, Any]:
    optional = {"Iops": volumes.iops, "Throughput": volumes.throughput}
    return {
        "VolumeSpecification": {
            "VolumeType": volumes.volume_type,
            "SizeInGB": volumes.size_gb,
            **{key: value for key, value in optional.items() if value is not None},
        },
        "VolumesPerInstance": volumes.per_instance,
    }


def _configuration(configuration: Configuration) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "Classification": configuration.classification,
        "Properties": dict(configuration.properties),
    }
    if configuration.configurations:
        rendered["Configurations"] = [_configuration(nested) for nested in configuration.configurations]
    return rendered


def _command(*words: Any) -> HadoopJarStep:
    return {"Jar": COMMAND_RUNNER, "Args": [str(word) for word in words]}


def _option(option: str, value: Any) -> list[str]:
    return [] if value is None else [option, str(value)]


def _list_option(option: str, values: Sequence[str]) -> list[str]:
    return [option, ",".join(values)] if values else []


def _number(value: Any) -> Any:
    """A number that came as text from a template."""
    return int(value) if isinstance(value, str) and value.strip().isdigit() else value


def _strings(jar_step: HadoopJarStep) -> Iterator[str]:
    yield jar_step["Jar"]
    yield jar_step.get("MainClass", "")
    yield from jar_step["Args"]
    for item in jar_step.get("Properties", ()):
        yield from (item["Key"], item["Value"])


def _texts(step: Step) -> list[Any]:
    return [value for name, value in vars(step).items() if name != "name"]
