"""What EMR refuses, in its codes: the older verbs by ValidationException, the newer by InvalidRequestException."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.region import CORE, MASTER, TASK, Region, request, shell

VOLUME = {"VolumeType": "gp3", "SizeInGB": 32}


def groups(*groups: Mapping[str, Any]) -> dict[str, Any]:
    return {"instances": {"InstanceGroups": list(groups)}}


def with_volume(count: int = 1, **volume: Any) -> dict[str, Any]:
    device = {"VolumesPerInstance": count, "VolumeSpecification": {**VOLUME, **volume}}
    return groups({**MASTER, "EbsConfiguration": {"EbsBlockDeviceConfigs": [device]}})


def applications(*names: str) -> dict[str, Any]:
    return {"Applications": [{"Name": name} for name in names]}


def tag(key: str, value: str = "") -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value}]}


def big(characters: int) -> dict[str, Any]:
    """A step whose strings have so many characters in all."""
    strings = {"Jar": "command-runner.jar", "Args": ["a" * 100], "Properties": [{"Key": "k" * 10, "Value": "v" * 10}]}
    rest = characters - len("command-runner.jar") - 120
    return {**shell(""), "HadoopJarStep": {**strings, "MainClass": "M" * rest}}


BOOTSTRAP = {"Name": "b", "ScriptBootstrapAction": {"Path": "s3://scripts/b.sh"}}
OLD_FORM = {"InstanceGroups": [], "MasterInstanceType": "m5.xlarge", "InstanceCount": 3}
SECURITY_GROUP = {"EmrManagedMasterSecurityGroup": "sg-1"}

REFUSED: list[tuple[str, dict[str, Any]]] = [
    # name and release
    ("name must not be empty", {"Name": ""}),
    *((f"name must not contain {re.escape(sign)}", {"Name": f"a{sign}b"}) for sign in "<>$|`"),
    ("'name' failed to satisfy constraint: .* less than or equal to 256", {"Name": "n" * 257}),
    ("'name' failed to satisfy constraint: .* pattern", {"Name": "a\x00b"}),
    ("ReleaseLabel is required", {"ReleaseLabel": None}),
    ("cannot be specified together", {"AmiVersion": "3.11.0"}),
    *(
        ("release label is invalid", {"ReleaseLabel": label})
        for label in ("emr-7", "7.10.0", "emr-7.99.0", "emr-3.1.0")
    ),
    ("ServiceRole", {"ServiceRole": None}),
    ("JobFlowRole", {"JobFlowRole": None}),
    # applications
    ("does not support the application Sparkle", applications("Sparkle")),
    ("emr-7.10.0 does not support the application Ganglia", applications("Ganglia")),
    ("emr-7.10.0 does not support the application sqoop", applications("sqoop")),
    ("does not support the application PrestoSQL", applications("PrestoSQL")),
    ("does not support the application Trino", {**applications("Trino"), "ReleaseLabel": "emr-6.3.0"}),
    ("Presto and Trino", applications("Presto", "Trino")),
    ("Presto and Trino", {**applications("Presto", "PrestoSQL"), "ReleaseLabel": "emr-6.3.0"}),
    # instances
    ("Instance groups, instance fleets, or", {"instances": {"InstanceGroups": []}}),
    ("Instance groups, instance fleets, or", {"instances": {**OLD_FORM, "InstanceCount": -1}}),
    ("cannot be specified with InstanceGroups", {"instances": {"MasterInstanceType": "m5.xlarge"}}),
    (
        "InstanceGroups and InstanceFleets cannot",
        {"instances": {"InstanceFleets": [{"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1}]}},
    ),
    ("Ec2SubnetId and Ec2SubnetIds", {"instances": {"Ec2SubnetId": "subnet-1", "Ec2SubnetIds": ["subnet-2"]}}),
    ("Several subnets", {"instances": {"Ec2SubnetIds": ["subnet-1", "subnet-2"]}}),
    ("Placement", {"instances": {"Ec2SubnetId": "subnet-1", "Placement": {"AvailabilityZone": "z"}}}),
    ("EmrManagedSlaveSecurityGroup must", {"instances": SECURITY_GROUP}),
    ("exactly one MASTER", groups(CORE)),
    ("exactly one MASTER", groups(MASTER, MASTER)),
    ("at most one CORE", groups(MASTER, CORE, CORE)),
    ("at most 48 TASK", groups(MASTER, CORE, *[TASK] * 49)),
    ("needs a CORE", groups(MASTER, TASK)),
    ("1 or 3 instances", groups({**MASTER, "InstanceCount": 2})),
    ("0 to 2,000", groups(MASTER, {**CORE, "InstanceCount": -1})),
    ("0 to 2,000", groups(MASTER, {**CORE, "InstanceCount": 2001})),
    ("instance type large is invalid", groups({**MASTER, "InstanceType": "large"})),
    ("BidPrice is for the SPOT market", groups({**MASTER, "BidPrice": "0.1"})),
    ("enum value set", groups({**MASTER, "Market": "FREE"})),
    ("from emr-5.23.0", {**groups({**MASTER, "InstanceCount": 3}), "ReleaseLabel": "emr-5.22.0"}),
    ("volume type io2 is not supported", with_volume(VolumeType="io2")),
    ("1 to 1,024 GiB", with_volume(SizeInGB=1025)),
    ("Throughput", with_volume(VolumeType="gp2", Throughput=125)),
    ("at most 25 EBS volumes", with_volume(26)),
    # the rest of a cluster
    ("between 1 and 256, not 257", {"StepConcurrencyLevel": 257}),
    ("between 1 and 256, not 0", {"StepConcurrencyLevel": 0}),
    ("from emr-5.28.0", {"StepConcurrencyLevel": 2, "ReleaseLabel": "emr-5.27.0"}),
    ("at most 16 bootstrap actions", {"BootstrapActions": [BOOTSTRAP] * 17}),
    ("LogUri must be an S3 address", {"LogUri": "/var/log"}),
    ("between 60 and 604800", {"AutoTerminationPolicy": {"IdleTimeout": 59}}),
    ("between 60 and 604800", {"AutoTerminationPolicy": {"IdleTimeout": 604_801}}),
    ("from emr-5.30.0", {"AutoTerminationPolicy": {"IdleTimeout": 60}, "ReleaseLabel": "emr-5.29.0"}),
    ("from emr-5.30.0", {"AutoTerminationPolicy": {"IdleTimeout": 60}, "ReleaseLabel": "emr-6.0.0"}),
    ("tag key '' is invalid", tag("")),
    ("tag key 'k{129}' is invalid", tag("k" * 129)),
    ("aws: is reserved", tag("aws:owner")),
    (r"tag key 'a\*' is invalid", tag("a*")),
    ("tag value 'v{257}' is invalid", tag("k", "v" * 257)),
    ("tag value 'a;b' is invalid", tag("k", "a;b")),
    ("at most 50 tags", {"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]}),
]
STEPS_REFUSED: list[tuple[str, list[dict[str, Any]]]] = [
    ("Maximum number of active steps", [shell("true")] * 257),
    ("10241 characters; the maximum is 10240", [big(10_241)]),
    (r"'steps\.1\.member\.name' .* less than or equal to 256", [shell("true", name="n" * 257)]),
    (r"'steps\.1\.member\.actionOnFailure' .* enum value set", [shell("true", on_failure="EXPLODE")]),
    (r"hadoopJarStep\.args\.3\.member' .* pattern", [shell("\x07")]),
]


@pytest.fixture(scope="module")
def standing(region: Region) -> str:
    """A cluster that waits."""
    cluster = region.run()
    region.wait(cluster, "WAITING")
    return cluster


@pytest.fixture(scope="module")
def ended(region: Region) -> str:
    """A cluster that has ended."""
    cluster = region.run()
    region.end(cluster)
    return cluster


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(("rule", "changes"), REFUSED)
def test_a_cluster_that_breaks_a_rule_is_refused(region: Region, rule: str, changes: dict[str, Any]) -> None:
    code, message = refusal(region.emr.run_job_flow, **request(**changes))
    assert code == "ValidationException"
    assert re.search(rule, message), message


@pytest.mark.parametrize(("rule", "steps"), STEPS_REFUSED)
def test_steps_that_break_a_rule_are_refused(
    region: Region, standing: str, rule: str, steps: list[dict[str, Any]]
) -> None:
    for call, parameters in (
        (region.emr.run_job_flow, request(*steps)),
        (region.emr.add_job_flow_steps, {"JobFlowId": standing, "Steps": steps}),
    ):
        code, message = refusal(call, **parameters)
        assert code == "ValidationException"
        assert re.search(rule, message), message


@pytest.mark.parametrize("word", ["CANCEL_AND_WAIT", "TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"])
def test_above_level_one_only_continue_is_accepted(region: Region, word: str) -> None:
    fine, bad = shell("true"), shell("true", on_failure=word)
    cluster = region.run(StepConcurrencyLevel=2)
    for call, parameters in (
        (region.emr.run_job_flow, request(fine, bad, StepConcurrencyLevel=2)),
        (region.emr.add_job_flow_steps, {"JobFlowId": cluster, "Steps": [fine, bad]}),
    ):
        code, message = refusal(call, **parameters)
        assert (code, f"ActionOnFailure {word} of step" in message) == ("ValidationException", True)
    assert region.steps(cluster) == []


def test_a_refused_cluster_does_not_exist(emulator: Any) -> None:
    region = Region(emulator.url)
    refusal(region.emr.run_job_flow, **request(Name="<>"))
    assert region.emr.list_clusters()["Clusters"] == []


def test_what_is_just_allowed_is_accepted(region: Region) -> None:
    region.run(Name="n" * 256, Tags=[{"Key": f"k{number}" * 20, "Value": "ü+-=._:/@ "} for number in range(50)])
    region.run(big(10_240))
    region.run(StepConcurrencyLevel=256, ReleaseLabel="emr-5.28.0")
    region.run(AutoTerminationPolicy={"IdleTimeout": 60}, ReleaseLabel="emr-6.1.0")
    region.run(BootstrapActions=[], **groups(MASTER, CORE, *[TASK] * 48))
    region.run(**with_volume(25, Throughput=1000), **applications("SPARK", "hive"))
    region.run(*[shell("true")] * 256)


def test_no_more_than_256_steps_are_active(region: Region) -> None:
    cluster = region.run(*[shell("sleep 1000")] * 256)
    code, message = refusal(region.emr.add_job_flow_steps, JobFlowId=cluster, Steps=[shell("true")])
    assert (code, message.startswith("Maximum number of active steps")) == ("ValidationException", True)
    region.emr.cancel_steps(ClusterId=cluster, StepIds=[region.steps(cluster)[-1]["Id"]])
    region.add(cluster, shell("true"))


# --- clusters and steps that are not there, or not any more

STEP = {"StepId": "s-1"}
ON_A_CLUSTER: list[tuple[str, dict[str, Any]]] = [
    ("describe_cluster", {}),
    ("list_steps", {}),
    ("describe_step", STEP),
    ("cancel_steps", {"StepIds": ["s-1"]}),
    ("list_instance_groups", {}),
    ("list_instances", {}),
    ("list_bootstrap_actions", {}),
]
OLD_VERBS: list[tuple[str, str, dict[str, Any]]] = [
    ("add_job_flow_steps", "JobFlowId", {"Steps": [shell("true")]}),
    ("put_auto_termination_policy", "ClusterId", {"AutoTerminationPolicy": {"IdleTimeout": 60}}),
    ("get_auto_termination_policy", "ClusterId", {}),
    ("remove_auto_termination_policy", "ClusterId", {}),
]
CHANGES: list[tuple[str, str, dict[str, Any], str]] = [
    *((verb, member, more, "ValidationException") for verb, member, more in OLD_VERBS if not verb.startswith("get")),
    ("add_tags", "ResourceId", {"Tags": [{"Key": "k"}]}, "InvalidRequestException"),
    ("remove_tags", "ResourceId", {"TagKeys": ["k"]}, "InvalidRequestException"),
]


@pytest.mark.parametrize(("verb", "parameters"), ON_A_CLUSTER)
def test_a_new_verb_knows_no_such_cluster(region: Region, verb: str, parameters: dict[str, Any]) -> None:
    code, message = refusal(getattr(region.emr, verb), ClusterId="j-NOTTHERE", **parameters)
    assert (code, message) == ("InvalidRequestException", "Cluster id 'j-NOTTHERE' is not valid.")


@pytest.mark.parametrize("verb", ["add_tags", "remove_tags"])
def test_no_such_cluster_has_tags(region: Region, verb: str) -> None:
    what: dict[str, Any] = {"Tags": [{"Key": "k"}]} if verb == "add_tags" else {"TagKeys": ["k"]}
    code, message = refusal(getattr(region.emr, verb), ResourceId="j-NOTTHERE", **what)
    assert (code, message) == ("InvalidRequestException", "Cluster id 'j-NOTTHERE' is not valid.")


@pytest.mark.parametrize(("verb", "member", "parameters"), OLD_VERBS)
def test_an_old_verb_knows_no_such_cluster(region: Region, verb: str, member: str, parameters: dict[str, Any]) -> None:
    code, message = refusal(getattr(region.emr, verb), **{member: "j-NOTTHERE"}, **parameters)
    assert (code, message) == ("ValidationException", "Specified job flow ID does not exist.")


@pytest.mark.parametrize("verb", ["terminate_job_flows", "set_termination_protection"])
def test_one_unknown_cluster_among_several_is_refused_and_nothing_done(
    region: Region, standing: str, verb: str
) -> None:
    more = {"TerminationProtected": True} if verb == "set_termination_protection" else {}
    code, message = refusal(getattr(region.emr, verb), JobFlowIds=[standing, "j-NOTTHERE"], **more)
    assert (code, message) == ("ValidationException", "Specified job flow ID does not exist.")
    assert region.describe(standing)["Status"]["State"] == "WAITING"
    assert region.describe(standing)["TerminationProtected"] is False
    for ids in ([], [standing] * 11):
        code, message = refusal(getattr(region.emr, verb), JobFlowIds=ids, **more)
        assert (code, message) == ("ValidationException", "1 to 10 job flow ids can be specified.")


@pytest.mark.parametrize(("verb", "member", "parameters", "expected"), CHANGES)
def test_a_cluster_that_has_ended_is_not_changed(
    region: Region, ended: str, verb: str, member: str, parameters: dict[str, Any], expected: str
) -> None:
    code, message = refusal(getattr(region.emr, verb), **{member: ended}, **parameters)
    assert code == expected
    assert message == "A job flow that is shutting down, terminated, or finished may not be modified."


def test_a_cluster_that_has_ended_is_not_protected(region: Region, ended: str) -> None:
    code, _ = refusal(region.emr.set_termination_protection, JobFlowIds=[ended], TerminationProtected=True)
    assert code == "ValidationException"


def test_a_cluster_that_is_told_to_end_takes_no_steps(region: Region) -> None:
    cluster = region.run()
    region.emr.terminate_job_flows(JobFlowIds=[cluster])
    code, _ = refusal(region.emr.add_job_flow_steps, JobFlowId=cluster, Steps=[shell("true")])
    assert code == "ValidationException"


def test_steps_that_are_not_there(region: Region, standing: str) -> None:
    for call, parameters in ((region.emr.describe_step, STEP), (region.emr.list_steps, {"StepIds": ["s-1"]})):
        code, message = refusal(call, ClusterId=standing, **parameters)
        assert (code, message) == ("InvalidRequestException", "Step id 's-1' is not valid.")
    code, message = refusal(region.emr.add_job_flow_steps, JobFlowId=standing, Steps=[])
    assert (code, message) == ("ValidationException", "At least one step is required.")


def test_a_runtime_role_is_refused(region: Region, standing: str) -> None:
    role = {"ExecutionRoleArn": "arn:aws:iam::123456789012:role/job"}
    code, message = refusal(region.emr.add_job_flow_steps, JobFlowId=standing, Steps=[shell("true")], **role)
    assert (code, "runtime role" in message) == ("ValidationException", True)


@pytest.mark.parametrize("marker", ["", "x", "LTU=", "é", "MQ"])
@pytest.mark.parametrize("verb", ["list_steps", "list_instances", "list_instance_groups", "list_bootstrap_actions"])
def test_a_marker_that_no_answer_gave_is_refused(region: Region, standing: str, verb: str, marker: str) -> None:
    code, message = refusal(getattr(region.emr, verb), ClusterId=standing, Marker=marker)
    assert (code, message) == ("InvalidRequestException", "The marker is not valid.")
    assert refusal(region.emr.list_clusters, Marker=marker)[0] == "InvalidRequestException"


def test_instance_fleets_are_not_listed_on_a_cluster_of_groups(region: Region, standing: str) -> None:
    code, _ = refusal(region.emr.list_instances, ClusterId=standing, InstanceFleetType="MASTER")
    assert code == "InvalidRequestException"
