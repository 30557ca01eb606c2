"""The smallest IAM policy that the calls of a DAG's tasks need."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from airflow_emr_pipelines.iam_policy.tasks import DagTask
from airflow_emr_pipelines.specs.keys import DEPLOYMENT_TAG
from airflow_emr_pipelines.specs.late import known
from airflow_emr_pipelines.specs.tags import legal_value

Condition = Mapping[str, Mapping[str, Any]]

WITHOUT_RESOURCE = {
    "ListClusters": "ListClusters",
    "CreateSecurityConfiguration": "SecurityConfigurations",
    "DescribeSecurityConfiguration": "SecurityConfigurations",
    "DeleteSecurityConfiguration": "SecurityConfigurations",
}
"""Operations that IAM allows for an account only, and the statement that they go into."""
NO_EMR = {"GetObject", "ListObjectsV2", "DescribeLogStreams", "GetLogEvents"}
ROLES = {
    "service_role": "elasticmapreduce.amazonaws.com",
    "job_flow_role": "ec2.amazonaws.com",
    "auto_scaling_role": "application-autoscaling.amazonaws.com",
}
"""The fields of a cluster that are roles, and the service that each is passed to."""
DEFAULT_LOG_GROUP = "/aws/emr*"


@dataclass(frozen=True)
class Account:
    """Whose resources the policy names; a star stands for any."""

    id: str = "*"
    region: str = "*"
    partition: str = "aws"
    deployment: str = ""
    """The deployment id that our clusters carry as a tag."""


@dataclass
class Policy:
    """Statements that grow by what each task needs, and what a reader has to know about them."""

    account: Account
    notes: list[str] = field(default_factory=list)
    _granted: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)

    def grant(self, sid: str, actions: Iterable[str], resource: str, condition: Condition | None = None) -> None:
        """Allow actions on one resource."""
        key = (sid, resource, json.dumps(condition or {}, sort_keys=True))
        self._granted.setdefault(key, set()).update(actions)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def document(self) -> dict[str, Any]:
        """The policy as IAM takes it. Resources share a statement where all its actions hold for each of them."""
        shared: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
        for (sid, resource, condition), granted in sorted(self._granted.items()):
            shared.setdefault((sid, tuple(sorted(granted)), condition), []).append(resource)
        statements: list[dict[str, Any]] = []
        for (sid, actions, condition), resources in shared.items():
            times = sum(statement["Sid"].rstrip("0123456789") == sid for statement in statements)
            statement = {
                "Sid": f"{sid}{times + 1}" if times else sid,
                "Effect": "Allow",
                "Action": list(actions),
                "Resource": resources,
            }
            statements.append({**statement, **({"Condition": json.loads(condition)} if condition != "{}" else {})})
        return {"Version": "2012-10-17", "Statement": statements}


def policy_of(tasks: Iterable[Any], account: Account) -> Policy:
    """What the tasks of a DAG need; those that are none of ours need what their own providers say."""
    policy = Policy(account)
    for task in (DagTask(each) for each in tasks):
        if task.calls:
            _Grants(policy, task).all()
    if policy.notes and not account.deployment:
        policy.note(
            "[emr_pipelines] deployment is not set: clusters of this Airflow cannot be told from others by their tags"
        )
    return policy


class _Grants:
    """What one task needs."""

    def __init__(self, policy: Policy, task: DagTask) -> None:
        self.policy, self.task, self.account = policy, task, policy.account
        self.operations = task.operations()

    def all(self) -> None:
        for operation in sorted(self.operations - NO_EMR):
            self._emr(operation)
        if "RunJobFlow" in self.operations:
            for path in self._paths("cluster", "successor"):
                self._roles(path)
        if "GetObject" in self.operations:
            self._s3_logs()
        if "GetLogEvents" in self.operations:
            self._cloud_watch_logs()

    # EMR

    def _emr(self, operation: str) -> None:
        action = [f"elasticmapreduce:{operation}"]
        if operation == "RunJobFlow":
            self.policy.grant(
                "MakeClusters",
                [*action, "elasticmapreduce:AddTags"],
                "*",
                self._deployment("elasticmapreduce:RequestTag"),
            )
        elif operation in WITHOUT_RESOURCE:
            self.policy.grant(WITHOUT_RESOURCE[operation], action, "*")
        else:
            sid, resource, condition = self._clusters()
            for roles in self._runtime_roles() if operation == "AddJobFlowSteps" else ({},):
                self.policy.grant(f"{sid}AsRoles" if roles else sid, action, resource, {**condition, **roles})

    def _clusters(self) -> tuple[str, str, dict[str, Any]]:
        """The statement, the resource and the condition for the cluster that the task is about."""
        maker = self.task.cluster_of()
        values = list(self.task.values("cluster_id"))
        if maker is not None or values == [None]:
            return "OwnClusters", self._cluster("*"), self._deployment("elasticmapreduce:ResourceTag")
        (cluster_id,) = values
        if known(cluster_id):
            return "StandingClusters", self._cluster(str(cluster_id)), {}
        self._star("the id of its cluster")
        return "StandingClusters", self._cluster("*"), {}

    def _cluster(self, cluster_id: str) -> str:
        return self._arn("elasticmapreduce", f"cluster/{cluster_id}")

    def _deployment(self, key: str) -> dict[str, Any]:
        if not self.account.deployment:
            return {}
        return {"StringEquals": {f"{key}/{DEPLOYMENT_TAG}": legal_value(self.account.deployment)}}

    def _runtime_roles(self) -> Iterator[dict[str, Any]]:
        for role in self.task.values("execution_role_arn"):
            if role is None:
                yield {}
            elif known(role):
                yield {"ArnEquals": {"elasticmapreduce:ExecutionRoleArn": role}}
            else:
                self._star("its runtime role")
                yield {}

    # Roles, and secrets that travel with a cluster

    def _roles(self, path: str) -> None:
        for name, service in ROLES.items():
            for role in self._given(f"{path}.{name}", f"the {name} of its cluster"):
                resource = (
                    role
                    if role.startswith("arn:")
                    else f"arn:{self.account.partition}:iam::{self.account.id}:role/{role}"
                )
                self.policy.grant(
                    "PassRoles", ["iam:PassRole"], resource, {"StringLike": {"iam:PassedToService": f"{service}*"}}
                )
                if name == "job_flow_role" and role != "*":
                    self.policy.note(f"The instance profile {role} is taken to have a role of the same name")
        for role in self._given(f"{path}.step_execution_role_arn", "the runtime role of its steps"):
            self.policy.note(f"The steps of the request act as {role}: see that RunJobFlow may name it")

    # Logs

    def _s3_logs(self) -> None:
        for path in ("cluster.log_uri", "successor.log_uri", "step.log_uri", "steps.log_uri"):
            for address in self._given(path, "where the logs of its cluster are") if self._applies(path) else ():
                bucket, prefix = ("*", "") if address == "*" else _parts(address)
                arn = f"arn:{self.account.partition}:s3:::{bucket}"
                within = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
                self.policy.grant("ReadLogs", ["s3:GetObject"], f"{arn}/{prefix}*")
                self.policy.grant("ListLogs", ["s3:ListBucket"], arn, within)
        for path in ("cluster.log_encryption_kms_key_id", "step.encryption_key_arn"):
            for key in self._given(path, None):
                self._key(key)

    def _key(self, key: str) -> None:
        if key.startswith("alias/"):
            by_name = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": key}}
            self.policy.grant("DecryptLogs", ["kms:Decrypt"], self._arn("kms", "key/*"), by_name)
        else:
            resource = key if key.startswith("arn:") else self._arn("kms", f"key/{key}")
            self.policy.grant("DecryptLogs", ["kms:Decrypt"], resource)

    def _cloud_watch_logs(self) -> None:
        found = list(self._given("cluster.monitoring.cloud_watch.log_group_name", "the log group of its cluster"))
        for group in found or [DEFAULT_LOG_GROUP]:
            for resource in (f"log-group:{group}", f"log-group:{group}:*"):
                actions = ["logs:DescribeLogStreams", "logs:GetLogEvents"]
                self.policy.grant("ReadCloudWatchLogs", actions, self._arn("logs", resource))

    # Values

    def _paths(self, *names: str) -> list[str]:
        return [name for name in names if any(value is not None for value in self.task.values(name))]

    def _applies(self, path: str) -> bool:
        return any(value is not None for value in self.task.values(path.partition(".")[0]))

    def _given(self, path: str, what: str | None) -> Iterator[str]:
        """The values that a path leads to; a star, with a note, for one that only a run knows."""
        for value in self.task.values(path):
            if value is not None and known(value):
                yield str(value)
            elif value is not None and what is not None:
                self._star(what)
                yield "*"

    def _star(self, what: str) -> None:
        self.policy.note(f"Task {self.task.id}: {what} is known only when it runs; the policy has a * for it")

    def _arn(self, service: str, resource: str) -> str:
        regions = [str(region) for region in self.task.values("region_name") if region is not None and known(region)]
        region = regions[0] if regions else self.account.region
        return f"arn:{self.account.partition}:{service}:{region}:{self.account.id}:{resource}"


def _parts(address: str) -> tuple[str, str]:
    parts = urlsplit(address, allow_fragments=False)
    return parts.netloc, parts.path.lstrip("/")
