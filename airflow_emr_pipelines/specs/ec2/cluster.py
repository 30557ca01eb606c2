"""Clusters of Amazon EMR on EC2: what to create, as frozen values that check themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar, Literal, get_args

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.configurations import Configuration, configuration
from airflow_emr_pipelines.specs.ec2.fleets import InstanceFleets
from airflow_emr_pipelines.specs.ec2.instances import (
    BootstrapAction,
    EbsVolumes,
    Group,
    InstanceGroups,
    RootVolume,
    ami,
    check_types,
)
from airflow_emr_pipelines.specs.ec2.kerberos import KerberosAttributes
from airflow_emr_pipelines.specs.ec2.monitoring import AGENT, MonitoringConfiguration
from airflow_emr_pipelines.specs.ec2.releases import (
    ALLOCATION_STRATEGIES,
    AT_INSTANCE_HOUR,
    AT_TASK_COMPLETION,
    CLOUD_WATCH_LOGS,
    CUSTOM_AMI,
    FLEETS,
    ROOT_VOLUME_SPEED,
    RUNTIME_ROLES,
    STEP_CONCURRENCY,
    THREE_PRIMARIES,
    Release,
    check_applications,
    first_from,
    label_of,
    lacks_fleets,
    lacks_idle_policy,
    lacks_since_5_30,
    numbers_of,
    release_label,
)
from airflow_emr_pipelines.specs.ec2.scaling import ManagedScaling
from airflow_emr_pipelines.specs.ec2.zones import zone, zones
from airflow_emr_pipelines.specs.values import addresses, arns, rules
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.tags import cluster_tags
from airflow_emr_pipelines.specs.values.templates import all_rendered, is_rendered, is_text

__all__ = ["BootstrapAction", "EbsVolumes", "EmrCluster", "Group", "InstanceFleets", "InstanceGroups", "RootVolume"]

SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
SECURITY_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")
FORBIDDEN_IN_NAME = re.compile(r"[<>$|`]")
ScaleDown = Literal["TERMINATE_AT_TASK_COMPLETION", "TERMINATE_AT_INSTANCE_HOUR"]
Upgrade = Literal["SECURITY", "NONE"]
SCALE_DOWN = {"TERMINATE_AT_TASK_COMPLETION": AT_TASK_COMPLETION, "TERMINATE_AT_INSTANCE_HOUR": AT_INSTANCE_HOUR}
"""What may end instances that are to go, and the first release that has it."""
MOST_BOOTSTRAP_ACTIONS = 16
SINCE_5_30 = "emr-5.30.0 or emr-6.1.0"
PLACES = ("ec2_subnet_id", "ec2_subnet_ids", "availability_zone", "availability_zones")
MANAGED_POLICIES_TAG = "for-use-with-amazon-emr-managed-policies"
"""https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-managed-iam-policies.html"""


@dataclass(frozen=True)
class EmrCluster(Spec):
    """A cluster to create.

    :param name: what EMR's console shows; at most 256 characters with the key that is put behind it
    :param release_label: such as emr-7.10.0, or emr-spark-8.1.0 of AWS's runtime for Apache Spark
    :param instances: InstanceGroups, or InstanceFleets
    :param applications: as EMR names them; a step needs its own
    :param configurations: settings of the applications, a classification each
    :param bootstrap_actions: scripts that each instance runs before applications are installed, at most 16
    :param log_uri: s3:// folder; without one a cluster has no logs, ever
    :param log_encryption_kms_key_id: the KMS key of the logs; the instance profile needs kms:GenerateDataKey on it
    :param monitoring: logs in CloudWatch, and which logs go to S3
    :param service_role: the role of EMR itself
    :param job_flow_role: the instance profile of the EC2 instances
    :param auto_scaling_role: what automatic scaling rules act as
    :param step_execution_role_arn: the runtime role of the steps that are part of the request, and of no others
    :param managed_policies: tag it for AWS's managed v2 policies of EMR, which work on nothing else; subnets and
        security groups of your own need the tag as well
    :param ec2_subnet_id: the subnet
    :param ec2_subnet_ids: several, of which EMR chooses one; for fleets
    :param availability_zone: in the place of a subnet
    :param availability_zones: several, of which EMR chooses one; for fleets
    :param ec2_key_name: the EC2 key pair for SSH
    :param emr_managed_master_security_group: in the place of the one that EMR makes; with the next one, or neither
    :param emr_managed_slave_security_group: of core and task instances
    :param service_access_security_group: what EMR reaches the instances through; with groups of your own in a private
        subnet
    :param additional_master_security_groups: further security groups of the primary instances
    :param additional_slave_security_groups: further security groups of core and task instances
    :param security_configuration: the name of one
    :param kerberos: needs a security configuration that enables it
    :param managed_scaling: limits within which EMR sizes the cluster
    :param scale_down_behavior: when an instance that is to go may go
    :param spread_primaries: three primaries on different hardware (PlacementGroupConfigs)
    :param custom_ami_id: the image of all instances
    :param root_volume: the EBS volume with the operating system; EMR's size unless given
    :param os_release_label: the release of Amazon Linux
    :param repo_upgrade_on_boot: which updates a custom image gets as it starts: SECURITY or NONE
    :param unhealthy_node_replacement: EMR replaces core instances that do not report
    :param session_enabled: interactive sessions of Spark Connect
    :param extended_support: reserved for EMR
    :param additional_info: JSON that AWS has told you to send
    :param tags: by name; every instance has them, too. Those of this package are added
    :param termination_protected: TerminateJobFlows is refused until the protection is taken off
    :param idle_timeout: seconds without work after which EMR ends the cluster, 60 to 604,800; None switches this safety
        net off, and three primaries do not heed it
    :param step_concurrency: steps that run at once, 1 to 256
    """

    kind = "cluster"
    elsewhere: ClassVar[Mapping[str, str]] = {
        "auto_termination_policy": "idle_timeout=",
        "managed_scaling_policy": "managed_scaling=ManagedScaling(…)",
        "steps": "them as tasks: cluster.run(step), or EmrCreateClusterOperator(steps=…)",
    }

    name: str
    release_label: str
    instances: InstanceGroups | InstanceFleets
    _: KW_ONLY
    applications: Sequence[str] = ("Spark",)
    configurations: Sequence[Configuration] = ()
    bootstrap_actions: Sequence[BootstrapAction] = ()
    log_uri: str | None = None
    log_encryption_kms_key_id: str | None = None
    monitoring: MonitoringConfiguration | None = None
    service_role: str = "EMR_DefaultRole"
    job_flow_role: str = "EMR_EC2_DefaultRole"
    auto_scaling_role: str | None = None
    step_execution_role_arn: str | None = None
    managed_policies: bool | str = False
    ec2_subnet_id: str | None = None
    ec2_subnet_ids: Sequence[str] = ()
    availability_zone: str | None = None
    availability_zones: Sequence[str] = ()
    ec2_key_name: str | None = None
    emr_managed_master_security_group: str | None = None
    emr_managed_slave_security_group: str | None = None
    service_access_security_group: str | None = None
    additional_master_security_groups: Sequence[str] = ()
    additional_slave_security_groups: Sequence[str] = ()
    security_configuration: str | None = None
    kerberos: KerberosAttributes | None = None
    managed_scaling: ManagedScaling | None = None
    scale_down_behavior: ScaleDown | str | None = None
    spread_primaries: bool | str = False
    custom_ami_id: str | None = None
    root_volume: RootVolume | None = None
    os_release_label: str | None = None
    repo_upgrade_on_boot: Upgrade | str | None = None
    unhealthy_node_replacement: bool | str | None = None
    session_enabled: bool | str | None = None
    extended_support: bool | str | None = None
    additional_info: str | None = None
    tags: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    termination_protected: bool | str = False
    idle_timeout: int | str | None = 3600
    step_concurrency: int | str = 1

    def __post_init__(self) -> None:
        self.check(_cluster_name, "name")
        self.check(release_label, "release_label")
        self.check(_instances, "instances")
        self.check(rules.words, "applications", each=rules.text)
        self.check(rules.words, "configurations", each=configuration)
        self.check(rules.words, "bootstrap_actions", each=_bootstrap_action)
        self.check(addresses.s3_folder, "log_uri")
        self.check(rules.text, "service_role", "job_flow_role", "auto_scaling_role", "security_configuration")
        self.check(rules.text, "ec2_key_name", "os_release_label", limit=rules.NAME_LIMIT)
        self.check(arns.kms_key, "log_encryption_kms_key_id")
        self.check(arns.role_arn, "step_execution_role_arn")
        self.check(_json, "additional_info")
        self.check(rules.words, "ec2_subnet_ids", each=_subnet)
        self.check(zone, "availability_zone")
        self.check(zones, "availability_zones")
        self.check(_subnet, "ec2_subnet_id")
        self.check(_security_group, "emr_managed_master_security_group", "emr_managed_slave_security_group")
        self.check(_security_group, "service_access_security_group")
        self.check(rules.words, "additional_master_security_groups", each=_security_group)
        self.check(rules.words, "additional_slave_security_groups", each=_security_group)
        self.check(rules.choice, "scale_down_behavior", choices=get_args(ScaleDown))
        self.check(rules.choice, "repo_upgrade_on_boot", choices=get_args(Upgrade))
        self.check(ami, "custom_ami_id")
        self.check(rules.instance, "monitoring", kind=MonitoringConfiguration)
        self.check(rules.instance, "kerberos", kind=KerberosAttributes)
        self.check(rules.instance, "managed_scaling", kind=ManagedScaling)
        self.check(rules.instance, "root_volume", kind=RootVolume)
        self.check(cluster_tags, "tags")
        self.check(rules.truth, "termination_protected", "managed_policies", "spread_primaries")
        self.check(rules.truth, "unhealthy_node_replacement", "session_enabled", "extended_support")
        if self.idle_timeout is not None:
            self.check(rules.whole, "idle_timeout", least=60, most=604_800)
        self.check(rules.whole, "step_concurrency", least=1, most=256)
        self._check_release()
        self._check_place()
        self._check_scaling()
        self._check_security()
        self._check_logs()
        self._check_together()

    def has(self, *applications: str) -> bool:
        """Whether one of some applications is asked for; EMR takes their names in any case."""
        asked_for = {str(name).lower() for name in self.applications}
        return any(name.lower() in asked_for for name in applications)

    def _check_release(self) -> None:
        numbers = numbers_of(self.release_label)
        if isinstance(self.applications, tuple):
            check_applications(self.told("applications"), self.applications, self.release_label)
        if numbers is None:
            return
        if self.idle_timeout is not None and lacks_idle_policy(numbers):
            self.refuse(
                "idle_timeout",
                f"{self.release_label} has no auto-termination policy: it needs emr-5.30.0 or emr-6.1.0",
                "choose a newer release, or say idle_timeout=None and make sure that something ends the cluster",
            )
        if self.step_concurrency != 1 and is_rendered(self.step_concurrency) and numbers < STEP_CONCURRENCY:
            self.refuse("step_concurrency", f"it needs {label_of(STEP_CONCURRENCY)}", "choose a newer release, or 1")
        if is_rendered(self.instances) and self.instances.primaries == 3 and numbers < THREE_PRIMARIES:
            self.refuse("release_label", f"three primaries need {label_of(THREE_PRIMARIES)}", "choose a newer release")
        for lacks, what, since in self._lacking(numbers):
            if lacks:
                self.refuse("release_label", f"{what}: it needs {since}", "choose a newer release, or leave that out")

        types = [one.instance_type for _, one in self.instances.each()] if is_rendered(self.instances) else []
        check_types(self.told("instances"), types, self.release_label)

    def _lacking(self, numbers: Release) -> Iterator[tuple[bool, str, str]]:
        """Whether the release lacks what is asked for, what that is, and since when there is it."""
        fleets, root = isinstance(self.instances, InstanceFleets), self.root_volume
        fast = isinstance(root, RootVolume) and (root.iops, root.throughput) != (None, None)
        role, key = self.step_execution_role_arn is not None, self.log_encryption_kms_key_id is not None
        yield fleets and lacks_fleets(numbers), "instance fleets", first_from(FLEETS.get(numbers[0], FLEETS[4]))
        yield self.managed_scaling is not None and lacks_since_5_30(numbers), "managed scaling", SINCE_5_30
        yield key and lacks_since_5_30(numbers), "log encryption with a key of yours", SINCE_5_30
        yield role and numbers < RUNTIME_ROLES, "runtime roles", label_of(RUNTIME_ROLES)
        yield (
            fast and numbers < ROOT_VOLUME_SPEED,
            "IOPS and throughput of the root volume",
            label_of(ROOT_VOLUME_SPEED),
        )
        by_strategy = isinstance(self.instances, InstanceFleets) and self.instances.by_strategy
        yield by_strategy and numbers < ALLOCATION_STRATEGIES, "allocation strategies", label_of(ALLOCATION_STRATEGIES)
        yield self._own_image and numbers < CUSTOM_AMI, "an image of your own", label_of(CUSTOM_AMI)
        behavior = self.scale_down_behavior
        if isinstance(behavior, str) and behavior in SCALE_DOWN:
            yield numbers < SCALE_DOWN[behavior], behavior, first_from(SCALE_DOWN[behavior])
        yield self._cloud_watch and numbers < CLOUD_WATCH_LOGS, "logs in CloudWatch", label_of(CLOUD_WATCH_LOGS)

    @property
    def _own_image(self) -> bool:
        each = self.instances.each() if is_rendered(self.instances) else ()
        return self.custom_ami_id is not None or any(one.custom_ami_id is not None for _, one in each)

    @property
    def _cloud_watch(self) -> bool:
        return isinstance(self.monitoring, MonitoringConfiguration) and self.monitoring.cloud_watch is not None

    def _check_place(self) -> None:
        """One place for instance groups, several for EMR to choose from with fleets."""
        given = [name for name in PLACES if getattr(self, name)]
        if len(given) > 1:
            self.refuse(given[1], f"{given[0]} says the place already", "leave one of them out")
        if isinstance(self.instances, InstanceGroups):
            for name in given:
                if name.endswith("s"):
                    self.refuse(name, "instance groups are in one place", f"give {name[:-1]}, or use InstanceFleets")
        if self.spread_primaries is True and is_rendered(self.instances) and self.instances.primaries != 3:
            self.refuse("spread_primaries", "it is for three primary instances", "leave it out, or choose 3 primaries")

    def _check_scaling(self) -> None:
        groups = [self.instances.core, *self.instances.tasks] if isinstance(self.instances, InstanceGroups) else []
        scaled = [group for group in groups if isinstance(group, Group) and group.auto_scaling is not None]
        by_rules = [group.name or group.instance_type for group in scaled]
        if by_rules and self.managed_scaling is not None:
            self.refuse(
                "managed_scaling", f"{by_rules[0]} scales by rules", "a cluster has one of the two: leave one out"
            )
        if by_rules and self.auto_scaling_role is None:
            self.refuse(
                "auto_scaling_role",
                f"automatic scaling of {', '.join(by_rules)} acts as a role",
                'give one, such as "EMR_AutoScaling_DefaultRole": it can be set at creation only',
                value="none",
            )
        if not isinstance(self.managed_scaling, ManagedScaling):
            return
        unit, fleets = self.managed_scaling.unit_type, isinstance(self.instances, InstanceFleets)
        if is_text(unit) and is_rendered(self.instances) and fleets != (unit == "InstanceFleetUnits"):
            right = "InstanceFleetUnits" if fleets else "Instances or VCPU"
            self.refuse(
                "managed_scaling", f"its unit type for these instances is {right}", "leave unit_type out", value=unit
            )

    def _check_security(self) -> None:
        if self.security_configuration is None:
            for name, what in (("kerberos", "enables Kerberos"), ("step_execution_role_arn", "enables runtime roles")):
                if getattr(self, name) is not None:
                    rule = f"it needs a security configuration that {what}"
                    self.refuse(name, rule, "name it: security_configuration=", value="given")
        if self.step_execution_role_arn is not None and is_rendered(self.instances) and self.instances.primaries == 3:
            self.refuse("step_execution_role_arn", "three primaries have no runtime roles", "choose one primary")
        master, slave = self.emr_managed_master_security_group, self.emr_managed_slave_security_group
        if (master is None) != (slave is None):
            given, lacking = ("master", "slave") if slave is None else ("slave", "master")
            self.refuse(
                f"emr_managed_{given}_security_group",
                f"it goes together with emr_managed_{lacking}_security_group",
                "give both, or neither",
            )

    def _check_logs(self) -> None:
        if self.log_encryption_kms_key_id is not None and self.log_uri is None:
            self.refuse("log_encryption_kms_key_id", "there are no logs without log_uri", 'add log_uri="s3://…"')
        installed = (
            [str(name).lower() for name in self.applications] if all_rendered(self.applications) else [AGENT.lower()]
        )
        if self._cloud_watch and AGENT.lower() not in installed:
            self.refuse("applications", f"logs in CloudWatch need {AGENT}", f'add "{AGENT}"')
        policy = self.monitoring.s3_upload_policy if isinstance(self.monitoring, MonitoringConfiguration) else {}
        if not isinstance(policy, Mapping):
            return
        if self.log_uri is not None and {policy.get("system-logs"), policy.get("application-logs")} == {"disabled"}:
            self.refuse("log_uri", "system and application logs are both disabled", "leave log_uri out")
        if self.log_uri is None and "on-customer-s3only" in policy.values():
            self.refuse("log_uri", "logs are to be in your bucket only", 'add log_uri="s3://…"', value="none")

    def _check_together(self) -> None:
        if isinstance(self.bootstrap_actions, tuple) and len(self.bootstrap_actions) > MOST_BOOTSTRAP_ACTIONS:
            self.refuse(
                "bootstrap_actions",
                f"a cluster has at most {MOST_BOOTSTRAP_ACTIONS}",
                "join scripts",
                value=len(self.bootstrap_actions),
            )
        if self.repo_upgrade_on_boot is not None and is_rendered(self.instances) and not self._own_image:
            self.refuse("repo_upgrade_on_boot", "it is for an image of your own", "leave it out, or give custom_ami_id")
        if is_rendered(self.tags) and MANAGED_POLICIES_TAG in self.tags and self.managed_policies:
            self.refuse("managed_policies", f"the tag {MANAGED_POLICIES_TAG} is given as well", "leave one of them out")

    @classmethod
    def from_request(cls, request: Mapping[str, Any]) -> EmrCluster:
        """The cluster that a RunJobFlow describes, such as the stock operator's JOB_FLOW_OVERRIDES.

        Groups, fleets and bootstrap actions may be as the AWS CLI's files have them. ``Steps`` are not part of a
        cluster: ``Step.from_request`` reads each. The idle timeout is the request's, or else the default, also of a
        request that keeps its cluster alive: ``replace(cluster, idle_timeout=None)`` is how there is none. Kerberos
        passwords have to be replaced by a ``Secret``. VisibleToAllUsers, which has no effect any more, is left out.

        :raises InvalidSpec: it has something that is not understood, or that a rule refuses
        """
        from airflow_emr_pipelines.specs.ec2.reading.cluster import read_cluster

        return read_cluster(request, cls)


def _cluster_name(field: str, value: Any) -> Any:
    rules.text(field, value, limit=rules.NAME_LIMIT)
    if is_text(value) and (found := FORBIDDEN_IN_NAME.search(value)):
        raise InvalidSpec(field, value, f"a cluster's name cannot hold {found.group(0)}", "leave it out of the name")
    return value


def _json(field: str, value: Any) -> Any:
    rules.text(field, value)
    if is_rendered(value):
        try:
            json.loads(value)
        except ValueError:
            raise InvalidSpec(field, value, "it is no JSON", 'write it like {"name": "value"}') from None
    return value


def _instances(field: str, value: Any) -> Any:
    if isinstance(value, (InstanceGroups, InstanceFleets)) or not is_rendered(value):
        return value
    raise InvalidSpec(
        field, value, "it is neither InstanceGroups nor InstanceFleets", 'write InstanceGroups(primary="m5.xlarge")'
    )


def _bootstrap_action(field: str, value: Any) -> Any:
    if isinstance(value, BootstrapAction) or not is_rendered(value):
        return value
    raise InvalidSpec(
        field, value, "it is no BootstrapAction", 'write BootstrapAction("name", "s3://bucket/script.sh")'
    )


def _subnet(field: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        raise InvalidSpec(field, value, "it is one subnet", "give the id of one, or with fleets ec2_subnet_ids")
    return _id(field, value, SUBNET, "subnet-0123456789abcdef0")


def _security_group(field: str, value: Any) -> Any:
    return _id(field, value, SECURITY_GROUP, "sg-0123456789abcdef0")


def _id(field: str, value: Any, pattern: re.Pattern[str], like: str) -> Any:
    if is_rendered(value) and not (isinstance(value, str) and pattern.fullmatch(value)):
        raise InvalidSpec(field, value, "it is no such id", f"write it like {like}")
    return value
