"""What the policy of a DAG allows: what its tasks say, and no more."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import pytest
from airflow.sdk import DAG, Param, task

from airflow_emr_pipelines import (
    EmrCluster,
    EmrModifyClusterOperator,
    EmrReapClustersOperator,
    EmrRunReportOperator,
    EmrRunStepOperator,
    EmrStepSensor,
    EmrTerminateClusterOperator,
    Group,
    InstanceFleets,
    InstanceGroups,
    KerberosAttributes,
    Secret,
    ShellStep,
    SparkStep,
    existing_cluster,
    steps_from_document,
    transient_cluster,
)
from airflow_emr_pipelines.iam_policy.grants import policy_of
from airflow_emr_pipelines.iam_policy.policy import Account, Policy
from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.operators.waiting import EmrCallOperator
from airflow_emr_pipelines.specs.ec2.monitoring import CloudWatchLogs, MonitoringConfiguration

ACCOUNT = Account("123456789012", "eu-central-1", deployment="prod")
CLUSTERS = "arn:aws:elasticmapreduce:eu-central-1:123456789012:cluster"
OURS = {"StringEquals": {"elasticmapreduce:ResourceTag/airflow-emr-pipelines:deployment": "prod"}}
ROLE = "arn:aws:iam::123456789012:role/job"
SPARK = SparkStep("job", "s3://apps/job.py")


def cluster(**fields: Any) -> EmrCluster:
    instances = fields.pop("instances", InstanceGroups("m5.xlarge"))
    return EmrCluster("c", "emr-7.11.0", instances, applications=("Spark", "AmazonCloudWatchAgent"), **fields)


def on_a_cluster(account: Account = ACCOUNT, step: Any = SPARK, run: Any = None, **fields: Any) -> Policy:
    """The policy of a DAG that runs a step on a cluster of its own."""
    with DAG("d", schedule=None) as dag, transient_cluster("emr", cluster(**fields)) as group:
        group.run(step, **(run or {}))
    return policy_of(dag.tasks, account)


def of_tasks(*tasks: Any) -> Policy:
    return policy_of(tasks, ACCOUNT)


def statement(policy: Policy, sid: str) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = [one for one in policy.document()["Statement"] if one["Sid"] == sid]
    return found


def sids(policy: Policy) -> list[str]:
    return [one["Sid"] for one in policy.document()["Statement"]]


def test_a_cluster_of_the_dags_own_is_told_by_its_tag() -> None:
    policy = on_a_cluster()
    assert sids(policy) == ["ListClusters", "MakeClusters", "OwnClusters", "PassRoles", "PassRoles2", "TagNewClusters"]
    assert statement(policy, "MakeClusters") == {
        "Sid": "MakeClusters",
        "Effect": "Allow",
        "Action": ["elasticmapreduce:RunJobFlow"],
        "Resource": ["*"],
        "Condition": {"StringEquals": {"elasticmapreduce:RequestTag/airflow-emr-pipelines:deployment": "prod"}},
    }
    own = statement(policy, "OwnClusters")
    assert (own["Resource"], own["Condition"]) == ([f"{CLUSTERS}/*"], OURS)
    assert own["Action"] == [
        f"elasticmapreduce:{name}"
        for name in ("AddJobFlowSteps", "CancelSteps", "DescribeCluster", "ListSteps", "TerminateJobFlows")
    ]


def test_tags_of_a_new_cluster_are_allowed_and_none_on_a_cluster_of_another_deployment() -> None:
    policy = on_a_cluster()
    assert statement(policy, "TagNewClusters") == {
        "Sid": "TagNewClusters",
        "Effect": "Allow",
        "Action": ["elasticmapreduce:AddTags"],
        "Resource": [f"{CLUSTERS}/*"],
        "Condition": {
            "StringEquals": {"elasticmapreduce:RequestTag/airflow-emr-pipelines:deployment": "prod"},
            "StringEqualsIfExists": OURS["StringEquals"],
        },
    }
    (note,) = (note for note in policy.notes if note.startswith("TagNewClusters"))
    assert "airflow-emr-pipelines:deployment = prod on a cluster without that tag" in note


def test_without_a_deployment_it_is_told_that_any_cluster_can_be_tagged() -> None:
    policy = on_a_cluster(dataclasses.replace(ACCOUNT, deployment=""))
    assert "Condition" not in statement(policy, "TagNewClusters")
    (note,) = (note for note in policy.notes if note.startswith("TagNewClusters"))
    assert note.endswith("can tag any cluster")


def test_where_no_cluster_is_made_none_may_be_tagged() -> None:
    with DAG("d", schedule=None) as dag, existing_cluster("emr", "j-1AB2CD3EF4GH5") as group:
        group.run(SPARK)
    policy = policy_of(dag.tasks, ACCOUNT)
    assert "AddTags" not in str(policy.document())
    assert not any("TagNewClusters" in note for note in policy.notes)


def test_a_role_is_passed_to_the_service_that_takes_it_and_to_no_other() -> None:
    policy = on_a_cluster(service_role="emr", job_flow_role="arn:aws:iam::123456789012:role/path/node")
    passed = {
        one["Resource"][0]: one["Condition"]["StringLike"]["iam:PassedToService"]
        for one in policy.document()["Statement"]
        if one["Action"] == ["iam:PassRole"]
    }
    assert passed == {
        "arn:aws:iam::123456789012:role/emr": "elasticmapreduce.amazonaws.com*",
        "arn:aws:iam::123456789012:role/path/node": "ec2.amazonaws.com*",
    }


def test_protection_is_taken_off_only_where_a_cluster_has_it() -> None:
    off = "elasticmapreduce:SetTerminationProtection"
    assert off not in statement(on_a_cluster(), "OwnClusters")["Action"]
    assert off in statement(on_a_cluster(termination_protected=True), "OwnClusters")["Action"]
    three = InstanceGroups(Group("m5.xlarge", 3))  # which EMR protects, whatever is asked for
    assert off in statement(on_a_cluster(instances=three), "OwnClusters")["Action"]
    assert off not in statement(on_a_cluster(instances=InstanceFleets("m5.xlarge")), "OwnClusters")["Action"]


def test_without_a_deployment_id_there_is_no_condition_and_a_note() -> None:
    policy = on_a_cluster(Account("123456789012", "eu-central-1"))
    assert "Condition" not in statement(policy, "OwnClusters")
    assert any("deployment is not set" in note for note in policy.notes)


def test_logs_are_read_under_the_prefix_where_they_are() -> None:
    policy = on_a_cluster(log_uri="s3://emr-logs/daily/", log_encryption_kms_key_id="alias/logs")
    assert statement(policy, "ReadLogs")["Resource"] == ["arn:aws:s3:::emr-logs/daily/*"]
    listing = statement(policy, "ListLogs")
    assert (listing["Resource"], listing["Condition"]) == (
        ["arn:aws:s3:::emr-logs"],
        {"StringLike": {"s3:prefix": "daily/*"}},
    )
    assert statement(policy, "DecryptLogs")["Condition"] == {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/logs"}
    }
    assert "ReadCloudWatchLogs" not in sids(policy)


def test_a_steps_own_logs_are_read_where_they_are() -> None:
    policy = on_a_cluster(step=SparkStep("job", "s3://apps/job.py", log_uri="s3://own/logs/"))
    assert statement(policy, "ReadLogs")["Resource"] == ["arn:aws:s3:::own/logs/*"]


def test_logs_in_cloudwatch_are_read_in_their_group() -> None:
    policy = on_a_cluster(monitoring=MonitoringConfiguration(cloud_watch=CloudWatchLogs("/emr/daily")))
    assert statement(policy, "ReadCloudWatchLogs")["Resource"] == [
        "arn:aws:logs:eu-central-1:123456789012:log-group:/emr/daily",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/emr/daily:*",
    ]


def test_steps_may_be_added_as_their_runtime_roles_only() -> None:
    with DAG("d", schedule=None) as dag, transient_cluster("emr", cluster(security_configuration="roles")) as group:
        for number in (1, 2):
            group.run(SPARK, task_id=f"job_{number}", execution_role_arn=f"{ROLE}{number}")
    policy = policy_of(dag.tasks, ACCOUNT)
    as_roles = statement(policy, "OwnClustersAsRoles")
    assert as_roles["Action"] == ["elasticmapreduce:AddJobFlowSteps"]
    assert as_roles["Condition"]["StringEquals"] == {
        **OURS["StringEquals"],
        "elasticmapreduce:ExecutionRoleArn": [f"{ROLE}1", f"{ROLE}2"],
    }
    assert "elasticmapreduce:AddJobFlowSteps" not in statement(policy, "OwnClusters")["Action"]


def test_on_a_cluster_that_stands_only_that_one_is_named() -> None:
    with DAG("d", schedule=None) as dag, existing_cluster("emr", "j-1AB2CD3EF4GH5") as group:
        group.run(SPARK)
    policy = policy_of(dag.tasks, ACCOUNT)
    standing = statement(policy, "StandingClusters")
    assert (standing["Resource"], "Condition" in standing) == ([f"{CLUSTERS}/j-1AB2CD3EF4GH5"], False)
    assert "RunJobFlow" not in str(policy.document())
    unknown = "Task emr.job: cluster.log_uri is known only when it runs, so the policy allows any"
    assert unknown in policy.notes
    assert statement(policy, "ReadLogs")["Resource"] == ["arn:aws:s3:::*/*"]

    policy = policy_of(dag.tasks, dataclasses.replace(ACCOUNT, log_uri="s3://emr-logs/daily/"))
    assert unknown not in policy.notes
    assert statement(policy, "ReadLogs")["Resource"] == ["arn:aws:s3:::emr-logs/daily/*"]


def test_what_only_a_run_knows_is_a_star_with_a_note() -> None:
    with DAG("d", schedule=None, params={"id": Param("j-1")}) as dag:
        EmrRunStepOperator(
            task_id="run", step=SPARK, cluster_id="{{ params.id }}", execution_role_arn="{{ params.role }}"
        )
    policy = policy_of(dag.tasks, ACCOUNT)
    assert statement(policy, "StandingClusters")["Resource"] == [f"{CLUSTERS}/*"]
    assert "elasticmapreduce:AddJobFlowSteps" in statement(policy, "StandingClusters")["Action"]
    for what in ("its cluster", "its runtime role"):
        assert f"Task run: {what} is known only when it runs, so the policy allows any" in policy.notes


def test_mapped_tasks_are_read_too() -> None:
    with DAG("d", schedule=None) as dag:

        @task
        def steps() -> list[Any]:
            return []

        EmrRunStepOperator.partial(task_id="each", cluster_id="j-1AB2CD3EF4GH5", region_name="us-east-1").expand(
            step=steps()
        )
    allowed = statement(policy_of(dag.tasks, ACCOUNT), "StandingClusters")
    assert allowed["Resource"] == ["arn:aws:elasticmapreduce:us-east-1:123456789012:cluster/j-1AB2CD3EF4GH5"]
    assert "elasticmapreduce:TerminateJobFlows" in allowed["Action"]  # a step may turn out to say so
    assert "iam:PassRole" not in str(allowed)


@pytest.mark.parametrize(
    ("change", "actions"),
    [
        ({"step_concurrency": 5}, {"ModifyCluster"}),
        ({"idle_timeout": 600}, {"GetAutoTerminationPolicy", "PutAutoTerminationPolicy"}),
        ({"idle_timeout": False}, {"GetAutoTerminationPolicy", "RemoveAutoTerminationPolicy"}),
        (
            {"groups": [{"kind": "group_change", "group": "CORE", "count": 2}]},
            {"ListInstanceGroups", "ModifyInstanceGroups"},
        ),
    ],
)
def test_a_change_is_allowed_for_what_it_changes(change: dict[str, Any], actions: set[str]) -> None:
    policy = of_tasks(EmrModifyClusterOperator(task_id="t", cluster_id="j-1", **change))
    allowed = statement(policy, "StandingClusters")["Action"]
    assert set(allowed) == {f"elasticmapreduce:{name}" for name in (*actions, "DescribeCluster")}


def test_a_step_that_ends_its_cluster_may_do_so_and_another_may_not() -> None:
    for word, ends in (("CONTINUE", False), ("TERMINATE_CLUSTER", True)):
        policy = of_tasks(
            EmrRunStepOperator(task_id="t", step=ShellStep("s", "true", on_failure=word), cluster_id="j-1")
        )
        assert ("elasticmapreduce:TerminateJobFlows" in statement(policy, "StandingClusters")["Action"]) is ends


def test_the_reaper_looks_at_all_clusters_and_ends_those_of_the_deployment() -> None:
    policy = of_tasks(EmrReapClustersOperator(task_id="t", terminate="{{ params.terminate }}"))
    assert statement(policy, "AllClusters")["Action"] == ["elasticmapreduce:DescribeCluster"]
    assert statement(policy, "OwnClusters")["Condition"] == OURS
    assert statement(policy, "OwnClusters")["Action"] == [
        "elasticmapreduce:SetTerminationProtection",
        "elasticmapreduce:TerminateJobFlows",
    ]
    assert sids(of_tasks(EmrReapClustersOperator(task_id="t"))) == ["AllClusters", "ListClusters"]


def test_a_sensor_and_an_end_need_what_they_call() -> None:
    sensor = EmrStepSensor(task_id="s", cluster_id="j-1", step_id="s-1")
    end = EmrTerminateClusterOperator(task_id="e", cluster_id="j-2")
    policy = of_tasks(sensor, end)
    by_cluster = {
        one["Resource"][0].rpartition("/")[2]: one["Action"]
        for one in policy.document()["Statement"]
        if one["Sid"].startswith("StandingClusters")
    }
    assert by_cluster["j-1"] == ["elasticmapreduce:DescribeCluster", "elasticmapreduce:ListSteps"]
    assert "elasticmapreduce:TerminateJobFlows" in by_cluster["j-2"]


def test_steps_of_a_document_read_logs_and_no_other_documents() -> None:
    with DAG("d", schedule=None) as dag:
        steps_from_document(transient_cluster("emr", cluster(log_uri="s3://emr-logs/")), "s3://configs/daily.json")
    policy = policy_of(dag.tasks, ACCOUNT)
    assert statement(policy, "ReadDocuments")["Resource"] == ["arn:aws:s3:::configs/daily.json"]
    assert "arn:aws:s3:::emr-logs/*" in statement(policy, "ReadLogs")["Resource"]
    own = statement(policy, "OwnClusters")["Action"]
    assert {"elasticmapreduce:AddJobFlowSteps", "elasticmapreduce:TerminateJobFlows"} <= set(own)
    assert "Task emr.steps: step.log_uri is known only when it runs, so the policy allows any" in policy.notes


PRICES = {"instances": {"m5.xlarge": {"on_demand": 0.192}}}


def test_a_report_writes_into_its_folder_and_asks_for_prices_where_it_has_none() -> None:
    assert sids(of_tasks(EmrRunReportOperator(task_id="r", cluster_id="j-1"))) == ["ListClusters", "StandingClusters"]
    policy = of_tasks(EmrRunReportOperator(task_id="r", cluster_id="j-1", folder="s3://run-reports", prices=PRICES))
    assert sids(policy) == ["ListClusters", "StandingClusters", "WriteReports"]
    written = statement(policy, "WriteReports")
    assert (written["Action"], written["Resource"]) == (["s3:PutObject"], ["arn:aws:s3:::run-reports/*"])
    policy = of_tasks(EmrRunReportOperator(task_id="r", cluster_id="j-1", folder="s3://runs/of/dags", prices="aws"))
    assert statement(policy, "WriteReports")["Resource"] == ["arn:aws:s3:::runs/of/dags/*"]
    prices = statement(policy, "ReadPrices")
    assert (prices["Action"], prices["Resource"]) == (["pricing:GetProducts"], ["*"])
    policy = of_tasks(EmrRunReportOperator(task_id="r", cluster_id="j-1", folder="{{ params.to }}", prices="{{ x }}"))
    assert statement(policy, "WriteReports")["Resource"] == ["arn:aws:s3:::*/*"]
    assert "ReadPrices" in sids(policy)
    assert "Task r: folder is known only when it runs, so the policy allows any" in policy.notes


def test_a_report_of_a_clusters_group_is_allowed_to_look_at_its_own_cluster() -> None:
    with DAG("d", schedule=None) as dag, transient_cluster("emr", cluster()) as group:
        group.run(SPARK)
        group.report("s3://run-reports/")
    policy = policy_of(dag.tasks, ACCOUNT)
    assert "elasticmapreduce:ListInstances" in statement(policy, "OwnClusters")["Action"]
    assert statement(policy, "WriteReports")["Resource"] == ["arn:aws:s3:::run-reports/*"]


@pytest.mark.parametrize(
    ("backend", "kwargs", "arn"),
    [
        ("SecretsManagerBackend", "{}", "secretsmanager:{}:secret:airflow/connections/kdc-??????"),
        ("SecretsManagerBackend", '{"connections_prefix": "team/c"}', "secretsmanager:{}:secret:team/c/kdc-??????"),
        ("SystemsManagerParameterStoreBackend", "{}", "ssm:{}:parameter/airflow/connections/kdc"),
        ("VaultBackend", "{}", None),
    ],
)
def test_passwords_are_read_where_airflow_keeps_them(
    monkeypatch: pytest.MonkeyPatch, backend: str, kwargs: str, arn: str | None
) -> None:
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", f"airflow.providers.amazon.aws.secrets.backend.{backend}")
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND_KWARGS", kwargs)
    kerberos = KerberosAttributes("EC2.INTERNAL", Secret("kdc"))
    policy = on_a_cluster(kerberos=kerberos, security_configuration="kerberos")
    if arn is None:
        assert "ReadSecrets" not in sids(policy)
    else:
        assert statement(policy, "ReadSecrets")["Resource"] == [f"arn:aws:{arn.format('eu-central-1:123456789012')}"]


class FindsAndReads(EmrCallOperator):
    """An operator that names a cluster by its id or its name, and reads a document."""

    calls: ClassVar[Calls] = {ALWAYS: ("DescribeCluster", "GetObject", "ListSupportedInstanceTypes")}
    template_fields = ("cluster", "document", *EmrCallOperator.template_fields)

    def __init__(self, *, cluster: str, document: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster, self.document = cluster, document


@pytest.mark.parametrize(
    ("cluster", "allowed", "noted"), [("j-1AB", "j-1AB", False), ("daily", "*", True), ("{{ params.id }}", "*", True)]
)
def test_a_cluster_may_be_named_and_a_document_is_one_object(cluster: str, allowed: str, noted: bool) -> None:
    policy = of_tasks(FindsAndReads(task_id="t", cluster=cluster, document="s3://configs/steps/daily.json"))
    assert statement(policy, "StandingClusters")["Resource"] == [f"{CLUSTERS}/{allowed}"]
    assert statement(policy, "ReadDocuments")["Resource"] == ["arn:aws:s3:::configs/steps/daily.json"]
    assert statement(policy, "SupportedInstanceTypes")["Resource"] == ["*"]
    assert ("Task t: its cluster is known only when it runs, so the policy allows any" in policy.notes) is noted


def test_a_dag_without_tasks_of_ours_needs_nothing() -> None:
    with DAG("d", schedule=None) as dag:

        @task
        def other() -> None: ...

        other()
    assert policy_of(dag.tasks, ACCOUNT).document() == {"Version": "2012-10-17", "Statement": []}
