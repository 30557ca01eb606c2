"""Clusters of Amazon EMR on EC2: what to create, as frozen values that check themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import addresses, rules
from airflow_emr_pipelines.specs.configurations import Configuration, configuration
from airflow_emr_pipelines.specs.instances import EbsVolumes, Group, InstanceGroups
from airflow_emr_pipelines.specs.late import is_text, known
from airflow_emr_pipelines.specs.releases import (
    STEP_CONCURRENCY,
    THREE_PRIMARIES,
    check_applications,
    label_of,
    lacks_idle_policy,
    numbers_of,
    release_label,
)
from airflow_emr_pipelines.specs.spec import Spec
from airflow_emr_pipelines.specs.tags import cluster_tags

__all__ = ["BootstrapAction", "EbsVolumes", "EmrCluster", "Group", "InstanceGroups"]

SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
SECURITY_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")
FORBIDDEN_IN_NAME = re.compile(r"[<>$|`]")
SCALE_DOWN = ("TERMINATE_AT_TASK_COMPLETION", "TERMINATE_AT_INSTANCE_HOUR")
MOST_BOOTSTRAP_ACTIONS = 16


@dataclass(frozen=True)
class BootstrapAction(Spec):
    """A script that every instance runs before applications are installed; its failure ends the cluster.

    Arguments are visible to whoever may describe the cluster: fetch secrets within the script.
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
class EmrCluster(Spec):
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

    kind = "cluster"

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
        self.check(rules.text, "service_role", "job_flow_role", "ec2_key_name", "security_configuration")
        self.check(_subnet, "ec2_subnet_id")
        self.check(_security_group, "emr_managed_master_security_group", "emr_managed_slave_security_group")
        self.check(_security_group, "service_access_security_group")
        self.check(rules.choice, "scale_down_behavior", choices=SCALE_DOWN)
        self.check(cluster_tags, "tags")
        self.check(rules.truth, "termination_protected")
        if self.idle_timeout is not None:
            self.check(rules.whole, "idle_timeout", least=60, most=604_800)
        self.check(rules.whole, "step_concurrency", least=1, most=256)
        self._check_release()
        self._check_together()

    def _check_release(self) -> None:
        numbers = numbers_of(self.release_label)
        if isinstance(self.applications, tuple):
            check_applications(self.told("applications"), self.applications, numbers)
        if numbers is None:
            return
        if self.idle_timeout is not None and lacks_idle_policy(numbers):
            self.refuse(
                "idle_timeout",
                f"{self.release_label} has no auto-termination policy: it needs emr-5.30.0 or emr-6.1.0",
                "choose a newer release, or say idle_timeout=None and make sure that something ends the cluster",
            )
        if self.step_concurrency != 1 and known(self.step_concurrency) and numbers < STEP_CONCURRENCY:
            self.refuse("step_concurrency", f"it needs {label_of(STEP_CONCURRENCY)}", "choose a newer release, or 1")
        if known(self.instances) and self.instances.primaries == 3 and numbers < THREE_PRIMARIES:
            self.refuse("release_label", f"three primaries need {label_of(THREE_PRIMARIES)}", "choose a newer release")

    def _check_together(self) -> None:
        if isinstance(self.bootstrap_actions, tuple) and len(self.bootstrap_actions) > MOST_BOOTSTRAP_ACTIONS:
            self.refuse(
                "bootstrap_actions",
                f"a cluster has at most {MOST_BOOTSTRAP_ACTIONS}",
                "join scripts",
                value=len(self.bootstrap_actions),
            )
        master, slave = self.emr_managed_master_security_group, self.emr_managed_slave_security_group
        if (master is None) != (slave is None):
            given, lacking = ("master", "slave") if slave is None else ("slave", "master")
            self.refuse(
                f"emr_managed_{given}_security_group",
                f"it goes together with emr_managed_{lacking}_security_group",
                "give both, or neither",
            )


def _cluster_name(field: str, value: Any) -> Any:
    rules.text(field, value, limit=rules.NAME_LIMIT)
    if is_text(value) and (found := FORBIDDEN_IN_NAME.search(value)):
        raise InvalidSpec(field, value, f"a cluster's name cannot hold {found.group(0)}", "leave it out of the name")
    return value


def _instances(field: str, value: Any) -> Any:
    if isinstance(value, InstanceGroups) or not known(value):
        return value
    raise InvalidSpec(field, value, "it is no InstanceGroups", 'write InstanceGroups(primary="m5.xlarge")')


def _bootstrap_action(field: str, value: Any) -> Any:
    if isinstance(value, BootstrapAction) or not known(value):
        return value
    raise InvalidSpec(
        field, value, "it is no BootstrapAction", 'write BootstrapAction("name", "s3://bucket/script.sh")'
    )


def _subnet(field: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        raise InvalidSpec(field, value, "instance groups are in one subnet", "give the id of one")
    return _id(field, value, SUBNET, "subnet-0123456789abcdef0")


def _security_group(field: str, value: Any) -> Any:
    return _id(field, value, SECURITY_GROUP, "sg-0123456789abcdef0")


def _id(field: str, value: Any, pattern: re.Pattern[str], like: str) -> Any:
    if known(value) and not (isinstance(value, str) and pattern.fullmatch(value)):
        raise InvalidSpec(field, value, "it is no such id", f"write it like {like}")
    return value
