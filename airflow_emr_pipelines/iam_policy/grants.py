"""The smallest policy for the calls of a DAG's tasks, as their operators declare them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from airflow_emr_pipelines.iam_policy.policy import Account, Policy
from airflow_emr_pipelines.iam_policy.secret_stores import resource_of
from airflow_emr_pipelines.iam_policy.tasks import DagTask
from airflow_emr_pipelines.operators.calls import ALWAYS, READS_CLOUD_WATCH, READS_PRICES, READS_S3, WRITES_S3
from airflow_emr_pipelines.specs.values.addresses import bucket_and_key
from airflow_emr_pipelines.specs.values.keys import DEPLOYMENT_TAG
from airflow_emr_pipelines.specs.values.tags import legal_value
from airflow_emr_pipelines.specs.values.templates import is_rendered

ACCOUNT_WIDE = {
    "ListClusters": "ListClusters",
    "ListSupportedInstanceTypes": "SupportedInstanceTypes",
    "CreateSecurityConfiguration": "SecurityConfigurations",
    "DescribeSecurityConfiguration": "SecurityConfigurations",
    "DeleteSecurityConfiguration": "SecurityConfigurations",
}
"""Operations that IAM allows for an account only, and the statement that they go into."""
ROLES = {
    "service_role": "elasticmapreduce.amazonaws.com",
    "job_flow_role": "ec2.amazonaws.com",
    "auto_scaling_role": "application-autoscaling.amazonaws.com",
}
"""The fields of a cluster that are roles, and the service that each is passed to."""
RUNTIME_ROLE = "elasticmapreduce:ExecutionRoleArn"
ANY_LOG_GROUP = "/aws/emr*"
"""Where EMR puts logs that are given no group."""
TAKES = (
    "TagNewClusters is wider than it is used: EMR wants AddTags for the tags of a new cluster, and IAM cannot tell "
    "that from tagging one that stands. Whoever holds the policy can "
)
TAKES_ANY = f"{TAKES}tag any cluster"
TAKES_UNTAGGED = (
    f"{TAKES}put {DEPLOYMENT_TAG} = {{}} on a cluster without that tag, and then run steps on it and end it; give such "
    "clusters the tag with another value"
)


def policy_of(tasks: Iterable[Any], account: Account) -> Policy:
    """What the tasks of a DAG need of those that are ours; the others need what their own providers say."""
    policy = Policy()
    ours = [found for found in map(DagTask, tasks) if found.calls]
    for task in ours:
        _Grants(policy, task, account).all()
    if not account.deployment and any("RunJobFlow" in task.operations() for task in ours):
        policy.note("[emr_pipelines] deployment is not set: nothing tells clusters of this Airflow from others")
    return policy


class _Grants:
    """What one task needs."""

    def __init__(self, policy: Policy, task: DagTask, account: Account) -> None:
        self.policy, self.task, self.account = policy, task, account

    def all(self) -> None:
        operations = self.task.operations()
        for operation in sorted(operations.difference(READS_S3, WRITES_S3, READS_CLOUD_WATCH, READS_PRICES)):
            self._emr(operation)
        if "RunJobFlow" in operations:
            for path in self._there("cluster", "successor"):
                self._roles(path)
                self._secrets(path)
        if not operations.isdisjoint(READS_S3):
            self._s3_documents()
            self._s3_logs()
        if not operations.isdisjoint(READS_CLOUD_WATCH):
            self._cloud_watch_logs()
        if not operations.isdisjoint(WRITES_S3):
            self._s3_reports()
        if not operations.isdisjoint(READS_PRICES):
            self.policy.grant("ReadPrices", ("pricing:GetProducts",), "*")

    # EMR

    def _emr(self, operation: str) -> None:
        action = f"elasticmapreduce:{operation}"
        if operation == "RunJobFlow":
            self.policy.grant("MakeClusters", (action,), "*", self._deployment("RequestTag"))
            self._tags()
        elif operation in ACCOUNT_WIDE:
            self.policy.grant(ACCOUNT_WIDE[operation], (action,), "*")
        else:
            sid, resource, condition = self._clusters(operation)
            role = self._runtime_role() if operation == "AddJobFlowSteps" else None
            if role is None:
                self.policy.grant(sid, (action,), resource, condition)
            else:
                self.policy.grant(f"{sid}AsRoles", (action,), resource, condition, one_of=(RUNTIME_ROLE, role))

    def _tags(self) -> None:
        """AddTags, which EMR asks for beside RunJobFlow where that has tags: on ``cluster/*``, as there is no id yet.

        A cluster that is being made carries no tags, so that what is asked of them may ask only if there are any.
        """
        of_request, of_cluster = self._deployment("RequestTag"), self._deployment("ResourceTag", "StringEqualsIfExists")
        clusters = self._arn("elasticmapreduce", "cluster/*")
        self.policy.grant("TagNewClusters", ("elasticmapreduce:AddTags",), clusters, {**of_request, **of_cluster})
        self.policy.note(TAKES_UNTAGGED.format(self.account.deployment) if of_request else TAKES_ANY)

    def _clusters(self, operation: str) -> tuple[str, str, dict[str, dict[str, str]]]:
        """The statement, the resource and the condition for the cluster that the task is about."""
        named = self._named_cluster()
        if named is None and operation == "DescribeCluster" and not list(self._given("cluster")):
            return "AllClusters", self._arn("elasticmapreduce", "cluster/*"), {}  # to tell ours from others
        if named is None or self.task.maker() is not None:
            return "OwnClusters", self._arn("elasticmapreduce", "cluster/*"), self._deployment("ResourceTag")
        if not (is_rendered(named) and named.startswith("j-")):
            self._star("its cluster")
            named = "*"
        return "StandingClusters", self._arn("elasticmapreduce", f"cluster/{named}"), {}

    def _named_cluster(self) -> Any:
        """The cluster that somebody made before, by its id or its name."""
        names = () if "RunJobFlow" in self.task.calls.get(ALWAYS, ()) else ("cluster_id", "cluster")
        values = (value for name in names for value in self._given(name))
        return next((value for value in values if isinstance(value, str) or not is_rendered(value)), None)

    def _deployment(self, kind: str, operator: str = "StringEquals") -> dict[str, dict[str, str]]:
        if not self.account.deployment:
            return {}
        tag = f"elasticmapreduce:{kind}/{DEPLOYMENT_TAG}"
        return {operator: {tag: legal_value(self.account.deployment)}}

    def _runtime_role(self) -> str | None:
        for role in self._given("execution_role_arn"):
            if is_rendered(role):
                return str(role)
            self._star("its runtime role")
        return None

    # What travels with a new cluster

    def _roles(self, path: str) -> None:
        for name, service in ROLES.items():
            for role in self._texts(f"{path}.{name}"):
                arn = (
                    role
                    if role.startswith("arn:")
                    else f"arn:{self.account.partition}:iam::{self.account.id}:role/{role}"
                )
                passed_to = {"StringLike": {"iam:PassedToService": f"{service}*"}}
                self.policy.grant("PassRoles", ("iam:PassRole",), arn, passed_to)
                if name == "job_flow_role" and role != "*":
                    self.policy.note(f"The instance profile {role} is taken to have a role of the same name")

    def _secrets(self, path: str) -> None:
        for kerberos in self._given(f"{path}.kerberos"):
            for secret in kerberos.values() if isinstance(kerberos, dict) else ():
                if not isinstance(secret, dict) or secret.get("kind") != "secret":
                    continue
                found = resource_of(secret)
                if found is not None:
                    action, service, resource = found
                    self.policy.grant("ReadSecrets", (action,), self._arn(service, resource))
                    self.policy.note("ReadSecrets is for Airflow's secrets backend, which may have a login of its own")

    # Files and logs

    def _s3_documents(self) -> None:
        for address in self._texts("document"):
            place = "*" if address == "*" else "/".join(bucket_and_key(address))
            self.policy.grant("ReadDocuments", ("s3:GetObject",), f"arn:{self.account.partition}:s3:::{place}")

    def _s3_logs(self) -> None:
        for path in ("cluster.log_uri", "step.log_uri", "steps.log_uri"):
            for address in self._texts(path, self.account.log_uri or "*"):
                bucket, prefix = ("*", "") if address == "*" else bucket_and_key(address)
                arn = f"arn:{self.account.partition}:s3:::{bucket}"
                within = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
                self.policy.grant("ReadLogs", ("s3:GetObject",), f"{arn}/{prefix}*")
                self.policy.grant("ListLogs", ("s3:ListBucket",), arn, within)
        for path in ("cluster.log_encryption_kms_key_id", "step.encryption_key_arn", "steps.encryption_key_arn"):
            for key in self._given(path):
                if is_rendered(key):  # of a cluster that nobody knows, it is not known either whether there is one
                    self._decrypt(str(key))

    def _s3_reports(self) -> None:
        for address in self._texts("folder"):
            bucket, prefix = ("*", "") if address == "*" else bucket_and_key(address.rstrip("/") + "/")
            arn = f"arn:{self.account.partition}:s3:::{bucket}/{prefix}*"
            self.policy.grant("WriteReports", ("s3:PutObject",), arn)

    def _decrypt(self, key: str) -> None:
        if key.startswith("alias/"):
            by_name = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": key}}
            self.policy.grant("DecryptLogs", ("kms:Decrypt",), self._arn("kms", "key/*"), by_name)
        else:
            arn = key if key.startswith("arn:") else self._arn("kms", f"key/{key}")
            self.policy.grant("DecryptLogs", ("kms:Decrypt",), arn)

    def _cloud_watch_logs(self) -> None:
        named = list(self._texts("cluster.monitoring.cloud_watch.log_group_name"))
        for group in named or [ANY_LOG_GROUP]:
            for resource in (f"log-group:{group}", f"log-group:{group}:*"):
                actions = (f"logs:{operation}" for operation in READS_CLOUD_WATCH)
                self.policy.grant("ReadCloudWatchLogs", actions, self._arn("logs", resource))

    # Values

    def _there(self, *paths: str) -> list[str]:
        return [path for path in paths if list(self._given(path))]

    def _given(self, path: str) -> Iterator[Any]:
        return (value for value in self.task.values(path) if value is not None)

    def _texts(self, path: str, unknown: str = "*") -> Iterator[str]:
        """The values that a path leads to; for one that only a run knows a star, with a note, or what is said."""
        for value in self._given(path):
            if not is_rendered(value) and unknown == "*":
                self._star(path)
            yield str(value) if is_rendered(value) else unknown

    def _star(self, what: str) -> None:
        self.policy.note(f"Task {self.task.id}: {what} is known only when it runs, so the policy allows any")

    def _arn(self, service: str, resource: str) -> str:
        named = [str(region) for region in self._given("region_name") if is_rendered(region)]
        region = named[0] if named else self.account.region
        return f"arn:{self.account.partition}:{service}:{region}:{self.account.id}:{resource}"
