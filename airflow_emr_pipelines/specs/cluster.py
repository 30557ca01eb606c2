"""Clusters of Amazon EMR on EC2: what to create, as frozen values that check themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import rules
from airflow_emr_pipelines.specs.configurations import Configuration
from airflow_emr_pipelines.specs.releases import check_applications, release

INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
SECURITY_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")
PRICE = re.compile(r"\d+(\.\d+)?")
TAG_TEXT = re.compile(r"[\w .:/=+\-@]*")
FORBIDDEN_IN_NAME = re.compile(r"[<>$|`]")
VOLUME_TYPES = ("gp3", "gp2", "io1", "st1", "sc1", "standard")
SCALE_DOWN = ("TERMINATE_AT_TASK_COMPLETION", "TERMINATE_AT_INSTANCE_HOUR")
MOST_BOOTSTRAP_ACTIONS = 16
MOST_TASK_GROUPS = 48
MOST_TAGS = 45
"""EC2 takes 50 a resource, and the owner's own five come on top."""
IDLE_SECONDS = (60, 604_800)


@dataclass(frozen=True)
class EbsVolumes:
    """Volumes that each instance of a group gets.

    :param size_gb: GiB of each, 1 to 1,024
    :param volume_type: gp3, gp2, io1, st1, sc1 or standard
    :param throughput: MiB/s, 125 to 1,000, for gp3 only
    :param per_instance: how many, at most 25
    """

    size_gb: int
    volume_type: str = "gp3"
    _: KW_ONLY
    iops: int | None = None
    throughput: int | None = None
    per_instance: int = 1

    kind = "ebs_volumes"

    def __post_init__(self) -> None:
        rules.whole("EbsVolumes.size_gb", self.size_gb, 1, 1024)
        rules.choice("EbsVolumes.volume_type", self.volume_type, VOLUME_TYPES)
        rules.whole("EbsVolumes.iops", self.iops, 100)
        rules.whole("EbsVolumes.throughput", self.throughput, 125, 1000)
        rules.whole("EbsVolumes.per_instance", self.per_instance, 1, 25)
        if self.throughput is not None and rules.known(self.volume_type) and self.volume_type != "gp3":
            raise InvalidSpec(
                "EbsVolumes.throughput", self.throughput, "only gp3 has it", 'leave it out, or choose volume_type="gp3"'
            )


@dataclass(frozen=True)
class Group:
    """A group of like instances.

    :param spot: on the spot market, at ``bid_price`` or at most at the on-demand price
    :param bid_price: USD an hour, as a text
    """

    instance_type: str
    count: int = 1
    _: KW_ONLY
    spot: bool = False
    bid_price: str | None = None
    name: str | None = None
    ebs: Sequence[EbsVolumes] = ()
    configurations: Sequence[Configuration] = ()

    kind = "group"

    def __post_init__(self) -> None:
        if rules.known(self.instance_type) and not INSTANCE_TYPE.fullmatch(str(self.instance_type)):
            raise InvalidSpec(
                "Group.instance_type", self.instance_type, "it is no EC2 instance type", "write it like m5.xlarge"
            )
        rules.whole("Group.count", self.count, 0, 2000)
        if self.bid_price is not None and rules.known(self.bid_price):
            if not PRICE.fullmatch(str(self.bid_price)):
                raise InvalidSpec(
                    "Group.bid_price", self.bid_price, "it is USD an hour, as a text", 'write it like "0.15"'
                )
            if self.spot is False:
                raise InvalidSpec(
                    "Group.bid_price", self.bid_price, "a bid is for the spot market", "add spot=True, or leave it out"
                )
        object.__setattr__(self, "ebs", tuple(self.ebs))
        object.__setattr__(self, "configurations", tuple(self.configurations))


@dataclass(frozen=True)
class InstanceGroups:
    """A primary group, one for HDFS and work (core), some for work alone (tasks). A text means one such instance."""

    primary: Group | str
    core: Group | str | None = None
    tasks: Sequence[Group | str] = ()

    kind = "instance_groups"

    def __post_init__(self) -> None:
        if isinstance(self.tasks, (str, Group)):
            raise InvalidSpec("InstanceGroups.tasks", self.tasks, "it is a list of groups", "write tasks=[Group(…)]")
        object.__setattr__(self, "primary", _group(self.primary))
        object.__setattr__(self, "core", None if self.core is None else _group(self.core))
        object.__setattr__(self, "tasks", tuple(_group(group) for group in self.tasks))
        primary = self.primary
        if isinstance(primary, Group) and rules.known(primary.count) and int(primary.count) not in (1, 3):
            raise InvalidSpec(
                "InstanceGroups.primary", primary.count, "a cluster has 1 primary instance, or 3", "choose 1 or 3"
            )
        if len(self.tasks) > MOST_TASK_GROUPS:
            raise InvalidSpec(
                "InstanceGroups.tasks",
                len(self.tasks),
                f"a cluster has at most {MOST_TASK_GROUPS} task groups",
                "join groups of the same instance type",
            )


@dataclass(frozen=True)
class BootstrapAction:
    """A script that every instance runs before applications are installed; its failure ends the cluster.

    Arguments are visible to whoever may describe the cluster: fetch secrets within the script.
    """

    name: str
    script: str
    args: Sequence[str | int | float] = ()

    kind = "bootstrap_action"

    def __post_init__(self) -> None:
        rules.text("BootstrapAction.name", self.name, limit=rules.NAME_LIMIT)
        rules.program_address("BootstrapAction.script", self.script)
        object.__setattr__(self, "args", rules.words("BootstrapAction.args", self.args))


@dataclass(frozen=True)
class EmrCluster:
    """A cluster to create.

    :param release_label: such as emr-7.10.0
    :param instances: the instances
    :param applications: as EMR names them; a step needs its own
    :param log_uri: s3:// folder; without one a cluster has no logs, ever
    :param service_role: the role of EMR itself
    :param job_flow_role: the instance profile of the EC2 instances
    :param idle_timeout: seconds without work after which EMR ends the cluster, 60 to 604,800; None switches this safety
        net off
    :param step_concurrency: steps that run at once, 1 to 256
    :param termination_protected: TerminateJobFlows is refused until the protection is taken off
    """

    name: str
    release_label: str
    instances: InstanceGroups
    _: KW_ONLY
    applications: Sequence[str] = ("Spark",)
    configurations: Sequence[Configuration] = ()
    bootstrap_actions: Sequence[BootstrapAction] = ()
    log_uri: str | None = None
    service_role: str = "EMR_DefaultRole"
    job_flow_role: str = "EMR_EC2_DefaultRole"
    ec2_subnet_id: str | None = None
    ec2_key_name: str | None = None
    emr_managed_master_security_group: str | None = None
    emr_managed_slave_security_group: str | None = None
    service_access_security_group: str | None = None
    security_configuration: str | None = None
    scale_down_behavior: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    termination_protected: bool = False
    idle_timeout: int | str | None = 3600
    step_concurrency: int | str = 1

    kind = "cluster"

    def __post_init__(self) -> None:
        rules.text("EmrCluster.name", self.name, limit=rules.NAME_LIMIT)
        if rules.is_text(self.name) and (found := FORBIDDEN_IN_NAME.search(self.name)):
            raise InvalidSpec(
                "EmrCluster.name",
                self.name,
                f"a cluster's name cannot hold {found.group(0)}",
                "leave it out of the name",
            )
        numbers = release("EmrCluster.release_label", self.release_label)
        if not isinstance(self.instances, InstanceGroups) and not rules.is_late(self.instances):
            raise InvalidSpec(
                "EmrCluster.instances",
                self.instances,
                "it is an InstanceGroups",
                'write InstanceGroups(primary="m5.xlarge")',
            )
        object.__setattr__(self, "applications", rules.words("EmrCluster.applications", self.applications))
        if isinstance(self.applications, tuple):
            check_applications("EmrCluster.applications", self.applications, numbers)
        for name in ("configurations", "bootstrap_actions"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.bootstrap_actions) > MOST_BOOTSTRAP_ACTIONS:
            raise InvalidSpec(
                "EmrCluster.bootstrap_actions",
                len(self.bootstrap_actions),
                f"a cluster has at most {MOST_BOOTSTRAP_ACTIONS}",
                "join scripts",
            )
        if self.log_uri is not None:
            rules.s3_address("EmrCluster.log_uri", self.log_uri, folder=True)
        self._check_idle_timeout(numbers)
        rules.whole("EmrCluster.step_concurrency", self.step_concurrency, 1, 256)
        if numbers and numbers < (5, 28, 0) and self.step_concurrency != 1:
            raise InvalidSpec(
                "EmrCluster.step_concurrency",
                self.step_concurrency,
                "it needs emr-5.28.0",
                "choose a newer release, or 1",
            )
        rules.choice("EmrCluster.scale_down_behavior", self.scale_down_behavior, SCALE_DOWN)
        self._check_network()
        object.__setattr__(self, "tags", rules.settings("EmrCluster.tags", self.tags))
        self._check_tags()

    def _check_idle_timeout(self, numbers: tuple[int, int, int] | None) -> None:
        rules.whole("EmrCluster.idle_timeout", self.idle_timeout, *IDLE_SECONDS)
        if self.idle_timeout is not None and numbers and (numbers < (5, 30, 0) or (6, 0, 0) <= numbers < (6, 1, 0)):
            raise InvalidSpec(
                "EmrCluster.idle_timeout",
                self.idle_timeout,
                f"{self.release_label} has no auto-termination policy: it needs emr-5.30.0 or emr-6.1.0",
                "choose a newer release, or say idle_timeout=None and make sure that something ends the cluster",
            )

    def _check_network(self) -> None:
        for name, pattern, like in (
            ("ec2_subnet_id", SUBNET, "subnet-0123456789abcdef0"),
            ("emr_managed_master_security_group", SECURITY_GROUP, "sg-0123456789abcdef0"),
            ("emr_managed_slave_security_group", SECURITY_GROUP, "sg-0123456789abcdef0"),
            ("service_access_security_group", SECURITY_GROUP, "sg-0123456789abcdef0"),
        ):
            value = getattr(self, name)
            if value is None or not rules.known(value):
                continue
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise InvalidSpec(f"EmrCluster.{name}", value, "it is no such id", f"write it like {like}")
        pair = (self.emr_managed_master_security_group, self.emr_managed_slave_security_group)
        if pair.count(None) == 1:
            raise InvalidSpec(
                "EmrCluster.emr_managed_master_security_group",
                pair[0],
                "it goes together with emr_managed_slave_security_group",
                "give both, or neither",
            )

    def _check_tags(self) -> None:
        if not isinstance(self.tags, Mapping):
            return
        if len(self.tags) > MOST_TAGS:
            raise InvalidSpec(
                "EmrCluster.tags", len(self.tags), f"a cluster takes at most {MOST_TAGS}", "leave some out"
            )
        for key, value in self.tags.items():
            if rules.is_text(key) and (len(key) > 128 or key.lower().startswith("aws:") or not TAG_TEXT.fullmatch(key)):
                raise InvalidSpec(
                    "EmrCluster.tags",
                    key,
                    "a tag's key has at most 128 letters, digits, spaces and _ . : / = + - @, and no aws: in front",
                    "choose another key",
                )
            if rules.is_text(value) and (len(value) > 256 or not TAG_TEXT.fullmatch(value)):
                raise InvalidSpec(
                    f"EmrCluster.tags[{key!r}]",
                    value,
                    "a tag's value has at most 256 letters, digits, spaces and _ . : / = + - @",
                    "choose another value",
                )


def _group(value: Any) -> Any:
    if isinstance(value, Group) or rules.is_late(value):
        return value
    if isinstance(value, str):
        return Group(value)
    raise InvalidSpec("InstanceGroups", value, "it is a Group or an instance type", 'write Group("m5.xlarge", count=2)')
