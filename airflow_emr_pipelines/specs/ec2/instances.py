"""The instances of a cluster, as groups, and what every instance has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal, get_args

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2 import aws_lists
from airflow_emr_pipelines.specs.ec2.configurations import Configuration, configuration
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.templates import all_rendered, is_rendered, is_text

INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
PRICE = re.compile(r"[0-9]+(\.[0-9]+)?")
VolumeType = Literal["gp3", "gp2", "io1", "st1", "sc1", "standard"]
MOST_VOLUMES = 25
LEAST_IF_OPTIMIZED, LEAST_OF_CORE = 10, 5
"""GiB of a volume."""
MOST_TASK_GROUPS = 48
MOST_INSTANCES = 2000
AMI = re.compile(r"ami-[0-9a-f]{8,17}")
WITH_IOPS = ("gp3", "io1")


@dataclass(frozen=True)
class EbsVolumes(Spec):
    """Volumes that each instance of a group gets.

    :param size_gb: GiB of each, 1 to 1,024
    :param volume_type: gp3, gp2, io1, st1, sc1 or standard
    :param iops: operations a second, for gp3 and io1; io1 needs it
    :param throughput: MiB/s, 125 to 1,000, for gp3 only
    :param per_instance: how many, at most 25
    """

    kind = "ebs"

    size_gb: int | str
    volume_type: VolumeType | str = "gp3"
    _: KW_ONLY
    iops: int | str | None = None
    throughput: int | str | None = None
    per_instance: int | str = 1

    def __post_init__(self) -> None:
        self.check(rules.whole, "size_gb", least=1, most=1024)
        self.check(rules.choice, "volume_type", choices=get_args(VolumeType))
        self.check(rules.whole, "iops", least=1)
        self.check(rules.whole, "throughput", least=125, most=1000)
        self.check(rules.whole, "per_instance", least=1, most=MOST_VOLUMES)
        if self.throughput is not None and is_rendered(self.volume_type) and self.volume_type != "gp3":
            self.refuse("throughput", "only gp3 has it", 'leave it out, or choose volume_type="gp3"')
        if self.iops is not None and is_rendered(self.volume_type) and self.volume_type not in WITH_IOPS:
            self.refuse("iops", "gp3 and io1 have it", 'leave it out, or choose volume_type="gp3"')
        if self.iops is None and self.volume_type == "io1":
            self.refuse(
                "iops", "EC2 makes no io1 volume without", 'say iops=, or choose volume_type="gp3"', value="none"
            )


@dataclass(frozen=True)
class RootVolume(Spec):
    """The EBS volume with the operating system of each instance.

    :param size_gb: GiB
    :param iops: from emr-6.15.0
    :param throughput: MiB/s, from emr-6.15.0
    """

    kind = "root_volume"

    size_gb: int | str | None = None
    _: KW_ONLY
    iops: int | str | None = None
    throughput: int | str | None = None

    def __post_init__(self) -> None:
        self.check(rules.whole, "size_gb", "iops", "throughput", least=1)


@dataclass(frozen=True)
class BootstrapAction(Spec):
    """A script that every instance runs before applications are installed; its failure ends the cluster.

    Arguments are visible to whoever may describe the cluster: fetch secrets within the script.

    :param name: what it is called
    :param script: the script: s3://…, or a path on the instances
    :param args: its arguments, one text an element
    """

    kind = "bootstrap_action"

    name: str
    script: str
    args: Sequence[str | int | float] = ()

    def __post_init__(self) -> None:
        self.check(rules.text, "name", limit=rules.NAME_LIMIT)
        self.check(addresses.file, "script")
        self.check(rules.words, "args")
        if is_text(self.script) and self.script.startswith("hdfs:"):
            self.refuse("script", "HDFS comes up after the bootstrap actions", "put the script into S3")


@dataclass(frozen=True)
class Group(Spec):
    """A group of like instances.

    On the spot market a core group waits without limit until all its instances are there, and a task group starts with
    what there is; fleets have a timeout. A cluster ends with its primary, may lose data of HDFS with a core instance,
    and with a task instance only work, which is repeated.

    :param instance_type: the EC2 type of all its instances, such as m5.xlarge; what EMR's list lacks is refused
    :param count: how many instances, 0 to 2,000; a primary group has 1 or 3
    :param spot: on the spot market, at most at ``bid_price``, or without one at the on-demand price
    :param bid_price: USD an hour, as a text; one that is never met is waited for
    :param name: what EMR's console shows of the group
    :param ebs: the volumes that each instance gets; EMR's own where none are named
    :param ebs_optimized: instances optimized for EBS; None for what the type does by itself
    :param configurations: settings of applications on these instances, over the cluster's
    :param auto_scaling: rules by which the group changes its size
    :param custom_ami_id: the image of these instances, in place of the cluster's
    """

    kind = "group"
    elsewhere: ClassVar[Mapping[str, str]] = {
        "market": "spot=True for SPOT, and nothing for ON_DEMAND",
        "instance_count": "count=",
        "ebs_configuration": "ebs=[EbsVolumes(…)]",
        "auto_scaling_policy": "auto_scaling=AutoScaling(…)",
    }

    instance_type: str
    count: int | str = 1
    _: KW_ONLY
    spot: bool | str = False
    bid_price: str | None = None
    name: str | None = None
    ebs: Sequence[EbsVolumes] = ()
    ebs_optimized: bool | str | None = None
    configurations: Sequence[Configuration] = ()
    auto_scaling: AutoScaling | None = None
    custom_ami_id: str | None = None

    def __post_init__(self) -> None:
        self.check(instance_type, "instance_type")
        self.check(rules.whole, "count", least=0, most=MOST_INSTANCES)
        self.check(rules.truth, "spot")
        self.check(price, "bid_price")
        self.check(rules.text, "name", limit=rules.NAME_LIMIT)
        self.check(rules.words, "ebs", each=volumes)
        self.check(rules.truth, "ebs_optimized")
        self.check(rules.words, "configurations", each=configuration)
        self.check(rules.instance, "auto_scaling", kind=AutoScaling)
        self.check(ami, "custom_ami_id")
        check_volumes(self)
        if self.bid_price is not None and self.spot is False:
            self.refuse("bid_price", "a bid is for the spot market", "add spot=True, or leave it out")


@dataclass(frozen=True)
class InstanceGroups(Spec):
    """A primary group, one for HDFS and work (core), some for work alone (tasks). A text means one such instance.

    :param primary: the instance, or three, that leads the cluster
    :param core: instances that hold HDFS and work; None for a cluster of primaries alone
    :param tasks: up to 48 groups of instances that only work; they need a core group
    """

    kind = "instance_groups"

    primary: Group | str
    core: Group | str | None = None
    tasks: Sequence[Group | str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.tasks, Group):
            self.refuse("tasks", "it is a list of groups", "write tasks=[Group(…)]")
        self.check(_group, "primary", "core")
        self.check(rules.words, "tasks", each=_group)
        if isinstance(self.primary, Group) and self.primary.auto_scaling is not None:
            self.refuse(
                "primary", "primary instances do not scale", "leave auto_scaling out of it", value="auto_scaling"
            )
        if isinstance(self.primaries, int) and self.primaries not in (1, 3):
            self.refuse("primary", "a cluster has 1 primary instance, or 3", "choose 1 or 3", value=self.primaries)
        if is_rendered(self.tasks) and self.tasks and self.core is None:
            self.refuse(
                "tasks", "task groups need a core group, which holds HDFS", "give core as well", value=len(self.tasks)
            )
        if is_rendered(self.tasks) and len(self.tasks) > MOST_TASK_GROUPS:
            self.refuse(
                "tasks",
                f"a cluster has at most {MOST_TASK_GROUPS} task groups",
                "join groups of the same instance type",
                value=len(self.tasks),
            )

        check_core_volumes(self)

    def each(self) -> Iterator[tuple[str, Group]]:
        """Every group that is known, with its role."""
        tasks = self.tasks if isinstance(self.tasks, tuple) else ()
        for role, group in (("primary", self.primary), ("core", self.core), *(("task", task) for task in tasks)):
            if isinstance(group, Group):
                yield role, group

    @property
    def primaries(self) -> Any:
        """How many primary instances there are, when that is known."""
        return self.primary.count if isinstance(self.primary, Group) else None


def instance_type(field: str, value: Any) -> Any:
    """An instance type of EC2 that EMR has; one of a family that the lists do not know yet is warned about."""
    if not is_rendered(value):
        return value
    if not (is_text(value) and INSTANCE_TYPE.fullmatch(value)):
        raise InvalidSpec(field, value, "it is no EC2 instance type", "write it like m5.xlarge")
    if value in aws_lists.types():
        return value
    family = value.partition(".")[0]
    if of_family := [name for name in aws_lists.types() if name.startswith(f"{family}.")]:
        rule = f"EMR has instances of {family} in other sizes, by its list as {aws_lists.source()}"
        raise InvalidSpec(field, value, rule, nearest_type(value, of_family))
    if aws_lists.is_lacking(family):
        rule = f"EMR has no {family} instances, by its list as {aws_lists.source()}"
        raise InvalidSpec(field, value, rule, "choose another family, such as m5.xlarge")
    rules.warn_where_written(f"{field}: {unknown_type(value)}")
    return value


def check_types(field: str, names: Iterable[Any], label: object) -> None:
    """Refuse instance types that a release does not have, where both are known and listed."""
    for name in names:
        if is_text(name) and is_text(label) and aws_lists.lacks(label, name):
            spans = [first if first == last else f"{first} to {last}" for first, last in aws_lists.spans_of(name)]
            rule = f"{label} does not have this instance type: by EMR's list it is for {', '.join(spans)}"
            others = [other for other in aws_lists.types() if not aws_lists.lacks(label, other)]
            raise InvalidSpec(field, name, rule, f"{nearest_type(name, others)} Or choose another release")


def nearest_type(value: str, names: Sequence[str]) -> str:
    """The way out of a type that is not among some that there are."""
    near = difflib.get_close_matches(value, names, n=1, cutoff=0)
    return f"did you mean {near[0]}?"


def unknown_type(value: str) -> str:
    """What is to be said of a type whose family the lists do not have."""
    near = difflib.get_close_matches(value, aws_lists.types(), n=1)
    meant = f", unless {near[0]} is meant" if near else ""
    return f"{value} is not in EMR's list as {aws_lists.source()}, nor is its family: it may be newer{meant}"


def price(field: str, value: Any) -> Any:
    """USD an hour."""
    if not is_rendered(value):
        return value
    if isinstance(value, bool) or not PRICE.fullmatch(str(value)):
        raise InvalidSpec(field, value, "it is USD an hour, as a text", 'write it like "0.15"')
    return str(value)


def volumes(field: str, value: Any) -> Any:
    """An element of a list of volumes."""
    if isinstance(value, EbsVolumes) or not is_rendered(value):
        return value
    raise InvalidSpec(field, value, "it is no EbsVolumes", "write EbsVolumes(200)")


def ami(field: str, value: Any) -> Any:
    """An image of EC2."""
    if is_rendered(value) and not (isinstance(value, str) and AMI.fullmatch(value)):
        raise InvalidSpec(field, value, "it is no such id", "write it like ami-0123456789abcdef0")
    return value


def check_volumes(owner: Any) -> None:
    """Refuse more volumes than an instance takes, and smaller ones."""
    if not isinstance(owner.ebs, tuple) or not all_rendered(owner.ebs):
        return
    asked = sum(int(volumes.per_instance) for volumes in owner.ebs)
    if asked > MOST_VOLUMES:
        owner.refuse("ebs", f"an instance has at most {MOST_VOLUMES} volumes", "ask for fewer", value=asked)
    least = min((volumes.size_gb for volumes in owner.ebs), default=LEAST_IF_OPTIMIZED)
    if owner.ebs_optimized is True and least < LEAST_IF_OPTIMIZED:
        rule = f"volumes of an EBS-optimized instance have at least {LEAST_IF_OPTIMIZED} GiB"
        owner.refuse("ebs", rule, "ask for larger ones", value=f"{least} GiB")


def check_core_volumes(instances: Any) -> None:
    """Refuse volumes that are too small for HDFS."""
    for role, owner in instances.each():
        if role == "core" and isinstance(owner.ebs, tuple) and all_rendered(owner.ebs):
            least = min((volumes.size_gb for volumes in owner.ebs), default=LEAST_OF_CORE)
            if least < LEAST_OF_CORE:
                rule = f"volumes of core instances have at least {LEAST_OF_CORE} GiB"
                instances.refuse("core", rule, "ask for larger ones", value=f"{least} GiB")


def _group(field: str, value: Any) -> Any:
    if isinstance(value, str):
        return Group(value)
    if isinstance(value, Group) or not is_rendered(value):
        return value
    raise InvalidSpec(field, value, "it is a Group or an instance type", 'write Group("m5.xlarge", count=2)')
