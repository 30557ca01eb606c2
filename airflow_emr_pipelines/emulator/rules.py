"""EMR's rules on a request, beyond its model: each refusal is a sentence that says which rule was broken.

Sources: the documentation of the API's shapes, and the Management Guide's pages on the feature that a rule names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.emulator.errors import NOT_MODIFIABLE, TOO_MANY_STEPS, Refused, not_emulated
from airflow_emr_pipelines.emulator.model import Cluster, Step
from airflow_emr_pipelines.specs.states import ClusterState, StepState

Request = Mapping[str, Any]
Release = tuple[int, int, int]

MOST_ACTIVE_STEPS = 256
MOST_ARGUMENT_CHARACTERS = 10_240
MOST_TAGS = 50
RELEASE_LABEL = re.compile(r"emr-([0-9]+)\.([0-9]+)\.([0-9]+)")
NEWEST_MINOR = {4: 10, 5: 37, 6: 15, 7: 25}
"""7.13 came in April 2026, and there will be more of them."""
GONE_FROM: Mapping[str, Release] = {
    "ganglia": (7, 0, 0),
    "mahout": (6, 15, 0),
    "mxnet": (7, 7, 0),
    "prestosql": (6, 4, 0),
    "sqoop": (7, 5, 0),
}
SINCE: Mapping[str, Release] = {"trino": (6, 4, 0)}
FIRST, NEVER = (4, 0, 0), (99, 0, 0)
APPLICATIONS = """
    amazoncloudwatchagent delta flink ganglia hbase hcatalog hadoop hive hudi hue iceberg jupyterenterprisegateway
    jupyterhub livy mahout mxnet oozie phoenix pig presto prestosql spark sqoop tensorflow tez trino zeppelin zookeeper
"""
LOG_URI = re.compile(r"s3[na]?://[^/]+")
FORBIDDEN_IN_NAME = re.compile(r"[<>$|`]")
TAG_TEXT = re.compile(r"[\w .:/=+\-@]*")
VOLUME_TYPES = ("gp3", "gp2", "io1", "st1", "sc1", "standard")
INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
UNSUPPORTED = (
    "ManagedScalingPolicy",
    "AutoScalingRole",
    "KerberosAttributes",
    "SecurityConfiguration",
    "PlacementGroupConfigs",
    "MonitoringConfiguration",
    "StepExecutionRoleArn",
    "SupportedProducts",
    "NewSupportedProducts",
    "LogEncryptionKmsKeyId",
    "SessionEnabled",
)


def new_cluster(request: Request) -> None:
    """Refuse a RunJobFlow that EMR would refuse; what is legal but not emulated is said by name."""
    _name_and_release(request)
    for member in UNSUPPORTED:
        if request.get(member):
            raise not_emulated(f"RunJobFlow with {member}")
    release = release_of(request["ReleaseLabel"])
    _applications(request.get("Applications", ()), release)
    _instances(request["Instances"], release)
    concurrency = request.get("StepConcurrencyLevel", 1)
    if not 1 <= concurrency <= 256:
        raise Refused(f"Step concurrency level must be between 1 and 256, not {concurrency}.")
    if concurrency > 1 and release < (5, 28, 0):
        raise Refused("Step concurrency level greater than 1 is supported from emr-5.28.0.")
    if len(request.get("BootstrapActions", ())) > 16:
        raise Refused("A cluster can have at most 16 bootstrap actions.")
    if "LogUri" in request and not LOG_URI.match(request["LogUri"]):
        raise Refused("The LogUri must be an S3 address, s3://bucket/folder/.")
    if "AutoTerminationPolicy" in request:
        auto_termination(request["AutoTerminationPolicy"], release)
    tags(request.get("Tags", ()), {})
    steps(request.get("Steps", ()), concurrency, active=0)


def _name_and_release(request: Request) -> None:
    if not request["Name"]:
        raise Refused("The cluster's name must not be empty.")
    if found := FORBIDDEN_IN_NAME.search(request["Name"]):
        raise Refused(f"The cluster's name must not contain {found.group(0)}.")
    if "ReleaseLabel" in request and "AmiVersion" in request:
        raise Refused("ReleaseLabel and AmiVersion cannot be specified together.")
    if "ReleaseLabel" not in request:
        raise Refused("A ReleaseLabel is required; AMI versions 2.x and 3.x are not available any more.")
    if not request.get("ServiceRole") or not request.get("JobFlowRole"):
        raise Refused("ServiceRole and JobFlowRole are required.")


def release_of(label: str) -> Release:
    """The numbers of a release that exists."""
    found = RELEASE_LABEL.fullmatch(label)
    numbers = tuple(int(number) for number in found.groups()) if found else ()
    if len(numbers) != 3 or numbers[1] > NEWEST_MINOR.get(numbers[0], -1):
        raise Refused(f"The supplied release label is invalid: {label}.")
    return numbers


def _applications(applications: Sequence[Request], release: Release) -> None:
    names = [str(application.get("Name", "")).lower() for application in applications]
    for name, shown in zip(names, applications, strict=True):
        if name not in APPLICATIONS.split() or not SINCE.get(name, FIRST) <= release < GONE_FROM.get(name, NEVER):
            raise Refused(
                f"Cluster with release emr-{'.'.join(map(str, release))} does not support the application "
                f"{shown.get('Name')}."
            )
    if "presto" in names and ("trino" in names or "prestosql" in names):
        raise Refused("Presto and Trino cannot be installed on one cluster.")


def _instances(instances: Request, release: Release) -> None:
    groups, fleets = instances.get("InstanceGroups", ()), instances.get("InstanceFleets", ())
    if fleets and groups:
        raise Refused("InstanceGroups and InstanceFleets cannot be specified together.")
    if fleets:
        raise not_emulated("RunJobFlow with InstanceFleets")
    if not groups:
        if not instances.get("MasterInstanceType") or instances.get("InstanceCount", 0) < 1:
            raise Refused("Instance groups, instance fleets, or MasterInstanceType and InstanceCount are required.")
    elif instances.get("MasterInstanceType") or instances.get("InstanceCount"):
        raise Refused("MasterInstanceType and InstanceCount cannot be specified with InstanceGroups.")
    if instances.get("Ec2SubnetId") and len(instances.get("Ec2SubnetIds", ())):
        raise Refused("Ec2SubnetId and Ec2SubnetIds cannot be specified together.")
    if len(instances.get("Ec2SubnetIds", ())) > 1:
        raise Refused("Several subnets are for instance fleets; instance groups use one.")
    if instances.get("Placement") and (instances.get("Ec2SubnetId") or instances.get("Ec2SubnetIds")):
        raise Refused("Placement and a subnet cannot be specified together.")
    if bool(instances.get("EmrManagedMasterSecurityGroup")) != bool(instances.get("EmrManagedSlaveSecurityGroup")):
        raise Refused("EmrManagedMasterSecurityGroup and EmrManagedSlaveSecurityGroup must be specified together.")
    _instance_groups(groups)
    if has_three_primaries(instances) and release < (5, 23, 0):
        raise Refused("Three primary instances are supported from emr-5.23.0.")


def has_three_primaries(instances: Request) -> bool:
    """Such a cluster is protected and stays alive without steps, whatever the request says."""
    groups = instances.get("InstanceGroups", ())
    return any(group["InstanceRole"] == "MASTER" and group["InstanceCount"] == 3 for group in groups)


def _instance_groups(groups: Sequence[Request]) -> None:
    roles = [group["InstanceRole"] for group in groups]
    if groups and roles.count("MASTER") != 1:
        raise Refused("A cluster has exactly one MASTER instance group.")
    if roles.count("CORE") > 1:
        raise Refused("A cluster has at most one CORE instance group.")
    if roles.count("TASK") > 48:
        raise Refused("A cluster has at most 48 TASK instance groups.")
    if "TASK" in roles and "CORE" not in roles:
        raise Refused("A cluster with TASK instance groups needs a CORE instance group.")
    for group in groups:
        if group.get("AutoScalingPolicy"):
            raise not_emulated("RunJobFlow with AutoScalingPolicy")
        if group["InstanceRole"] == "MASTER" and group["InstanceCount"] not in (1, 3):
            raise Refused("The MASTER instance group has 1 or 3 instances.")
        if not 0 <= group["InstanceCount"] <= 2000:
            raise Refused("An instance group has 0 to 2,000 instances.")
        if not INSTANCE_TYPE.fullmatch(group["InstanceType"]):
            raise Refused(f"The instance type {group['InstanceType']} is invalid.")
        if group.get("BidPrice") and group.get("Market") != "SPOT":
            raise Refused("A BidPrice is for the SPOT market.")
        for device in group.get("EbsConfiguration", {}).get("EbsBlockDeviceConfigs", ()):
            _volumes(device)


def _volumes(device: Request) -> None:
    volume = device["VolumeSpecification"]
    if volume["VolumeType"] not in VOLUME_TYPES:
        raise Refused(f"The EBS volume type {volume['VolumeType']} is not supported: {', '.join(VOLUME_TYPES)}.")
    if not 1 <= volume["SizeInGB"] <= 1024:
        raise Refused("An EBS volume has 1 to 1,024 GiB.")
    if "Throughput" in volume and volume["VolumeType"] != "gp3":
        raise Refused("Throughput can only be specified for gp3 volumes.")
    if device.get("VolumesPerInstance", 1) > 25:
        raise Refused("An instance has at most 25 EBS volumes.")


def auto_termination(policy: Request, release: Release) -> None:
    """Refuse an auto-termination policy that EMR would refuse."""
    if release < (5, 30, 0) or (6, 0, 0) <= release < (6, 1, 0):
        raise Refused("Auto-termination is supported from emr-5.30.0 and emr-6.1.0.")
    if not 60 <= policy.get("IdleTimeout", 3600) <= 604_800:
        raise Refused("IdleTimeout must be between 60 and 604800 seconds.")


def modifiable(cluster: Cluster) -> None:
    """Refuse to change a cluster that is ending or has ended."""
    if cluster.state.finished or cluster.state is ClusterState.TERMINATING or cluster.end is not None:
        raise Refused(NOT_MODIFIABLE)


def not_cancellable(step: Step, release: Release) -> str | None:
    """Why a step cannot be cancelled."""
    if step.state.finished:
        return f"Step {step.id} has ended {step.state.value} and cannot be cancelled."
    if release < (4, 8, 0) or release == (5, 0, 0):
        return "Steps can be cancelled from emr-4.8.0 on, except in emr-5.0.0."
    if step.state is not StepState.PENDING and release < (5, 28, 0):
        return "Running steps can be cancelled from emr-5.28.0 on."
    return None


def added_steps(cluster: Cluster, new: Sequence[Request]) -> None:
    """Refuse an AddJobFlowSteps that EMR would refuse."""
    modifiable(cluster)
    if not new:
        raise Refused("At least one step is required.")
    steps(new, cluster.step_concurrency, active=len(cluster.active_steps))


def steps(new: Sequence[Request], concurrency: int, *, active: int) -> None:
    if active + len(new) > MOST_ACTIVE_STEPS:
        raise Refused(TOO_MANY_STEPS)
    for step in new:
        if step.get("StepMonitoringConfiguration"):
            raise not_emulated("steps with StepMonitoringConfiguration")
        action = step.get("ActionOnFailure", "CONTINUE")
        if concurrency > 1 and action != "CONTINUE":
            raise Refused(
                f"ActionOnFailure {action} of step {step['Name']!r} is not supported when the step concurrency level "
                f"is greater than 1 ({concurrency}): only CONTINUE is."
            )
        length = sum(len(text) for text in _strings(step["HadoopJarStep"]))
        if length > MOST_ARGUMENT_CHARACTERS:
            raise Refused(
                f"The arguments of step {step['Name']!r} have {length} characters; the maximum is "
                f"{MOST_ARGUMENT_CHARACTERS}."
            )


def _strings(jar_step: Request) -> Iterable[str]:
    yield jar_step["Jar"]
    yield jar_step.get("MainClass", "")
    yield from jar_step.get("Args", ())
    for item in jar_step.get("Properties", ()):
        yield item.get("Key", "")
        yield item.get("Value", "")


def tags(new: Sequence[Request], present: Mapping[str, str]) -> None:
    """Refuse tags that EMR would refuse."""
    for tag in new:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not 1 <= len(key) <= 128 or not TAG_TEXT.fullmatch(key):
            raise Refused(f"The tag key {key!r} is invalid.")
        if key.lower().startswith("aws:"):
            raise Refused(f"The tag key {key!r} is invalid: aws: is reserved.")
        if len(value) > 256 or not TAG_TEXT.fullmatch(value):
            raise Refused(f"The tag value {value!r} is invalid.")
    if len({*present, *(tag.get("Key", "") for tag in new)}) > MOST_TAGS:
        raise Refused(f"A cluster has at most {MOST_TAGS} tags.")
