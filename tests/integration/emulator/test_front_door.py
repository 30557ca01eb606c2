"""The one port: what is EMR's, what is moto's, what is nobody's, and what is no request at all."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import Region, shell

EMR = "ElasticMapReduce."
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=emulator/20300101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature="
)


def post(
    url: str, body: bytes, target: str | None = None, service: str = "elasticmapreduce"
) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "application/x-amz-json-1.1", "Authorization": SIGNED.format(service=service)}
    if target:
        headers["X-Amz-Target"] = target
    asked = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def get(url: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


# --- what is nobody's


@pytest.mark.parametrize(
    ("verb", "parameters"),
    [
        ("list_studios", {}),
        ("list_notebook_executions", {}),
        ("get_cluster_session_credentials", {"ClusterId": "j-1"}),
    ],
)
def test_an_action_that_is_not_emulated_says_so_by_name(region: Region, verb: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(region.emr, verb)(**parameters)
    name = "".join(part.capitalize() for part in verb.split("_"))
    assert refused.value.response["Error"] == {
        "Code": "NotEmulatedException",
        "Message": f"The emulator does not emulate ElasticMapReduce {name}.",
    }
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert refused.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("service", "name", "verb", "parameters"),
    [
        ("emr-serverless", "EMR Serverless", "list_applications", {}),
        (
            "emr-serverless",
            "EMR Serverless",
            "start_job_run",
            {"applicationId": "a1", "executionRoleArn": "arn:aws:iam::123456789012:role/job", "clientToken": "t"},
        ),
        ("emr-containers", "EMR on EKS", "list_virtual_clusters", {}),
        ("emr-containers", "EMR on EKS", "cancel_job_run", {"id": "1", "virtualClusterId": "2"}),
    ],
)
def test_the_other_two_emrs_are_refused_by_name(
    region: Region, service: str, name: str, verb: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match=f"does not emulate {name} yet") as refused:
        getattr(region.client(service), verb)(**parameters)
    assert refused.value.response["Error"]["Code"] == "NotEmulatedException"


def test_the_old_query_protocol_is_refused_by_name(emulator: LocalEmulator) -> None:
    status, body = post(emulator.url, b"Action=DescribeJobFlows", service="elasticmapreduce")
    assert (status, body["__type"]) == (400, "NotEmulatedException")
    assert "without X-Amz-Target" in body["message"]


def test_other_services_are_motos(region: Region) -> None:
    assert region.client("sts").get_caller_identity()["Account"] == "123456789012"
    queue = Region(region.url, "us-east-2").client("sqs").create_queue(QueueName="q")
    assert queue["QueueUrl"].endswith("/q")


# --- what is no request


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b"[]", b'"text"', b"1", b"[" * 100_000, b'{"ClusterId": 5}', b'{"ClusterId": ["j-1"]}'],
)
def test_a_body_that_is_no_request_is_refused(emulator: LocalEmulator, body: bytes) -> None:
    status, refused = post(emulator.url, body, EMR + "DescribeCluster")
    assert (status, refused["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"ClusterId": null}', b'{"Unknown": 1}'])
def test_a_missing_member_is_named(emulator: LocalEmulator, body: bytes) -> None:
    status, refused = post(emulator.url, body, EMR + "DescribeCluster")
    assert (status, refused["__type"]) == (400, "ValidationException")
    assert refused["message"] == (
        "1 validation error detected: Value null at 'clusterId' failed to satisfy constraint: Member must not be null"
    )


def test_all_broken_members_are_named(emulator: LocalEmulator) -> None:
    body = {"Steps": [{"ActionOnFailure": "EXPLODE", "HadoopJarStep": {"Jar": "\x01"}}]}
    _, refused = post(emulator.url, json.dumps(body).encode(), EMR + "AddJobFlowSteps")
    assert refused["message"].startswith("4 validation errors detected: Value null at 'jobFlowId'")
    for member in ("steps.1.member.name", "steps.1.member.actionOnFailure", "steps.1.member.hadoopJarStep.jar"):
        assert f"'{member}'" in refused["message"]


@pytest.mark.parametrize("when", ['"soon"', "NaN", "1e400", "-1e18", '"2013-13-01T00:00:00Z"', "true"])
def test_a_time_that_is_none_is_refused(emulator: LocalEmulator, when: str) -> None:
    status, refused = post(emulator.url, f'{{"CreatedAfter": {when}}}'.encode(), EMR + "ListClusters")
    assert (status, refused["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize("when", ['"2013-01-01T00:00:00Z"', '"2013-01-01T00:00:00"', "1356998400", "1356998400.25"])
def test_a_time_is_read_in_all_forms_of_aws(emulator: LocalEmulator, when: str) -> None:
    status, _ = post(emulator.url, f'{{"CreatedAfter": {when}}}'.encode(), EMR + "ListClusters")
    assert status == 200


@pytest.mark.parametrize("body", [b'{"TagFilters": 1}', b'{"TagFilters": [1]}', b'{"ResourceARNList": "x"}', b"{"])
def test_a_broken_question_about_tags_is_refused(emulator: LocalEmulator, body: bytes) -> None:
    status, refused = post(emulator.url, body, "ResourceGroupsTaggingAPI_20170126.GetResources")
    assert (status, refused["__type"]) == (400, "SerializationException")


def test_new_verbs_refuse_in_their_own_form(emulator: LocalEmulator) -> None:
    _, refused = post(emulator.url, b'{"ClusterId": "j-1"}', EMR + "DescribeCluster")
    assert refused == {
        "__type": "InvalidRequestException",
        "ErrorCode": "InvalidRequest",
        "Message": "Cluster id 'j-1' is not valid.",
    }


# --- regions, many at once, and the emulator's own pages


def test_regions_know_nothing_of_each_other(emulator: LocalEmulator) -> None:
    one, other = Region(emulator.url), Region(emulator.url)
    cluster = one.run()
    assert one.describe(cluster)["ClusterArn"].startswith(f"arn:aws:elasticmapreduce:{one.name}:")
    assert other.emr.list_clusters()["Clusters"] == []
    with pytest.raises(ClientError, match="is not valid"):
        other.describe(cluster)
    with pytest.raises(ClientError, match="does not exist"):
        other.emr.terminate_job_flows(JobFlowIds=[cluster])
    one.end(cluster)


def test_twenty_clients_at_once(emulator: LocalEmulator) -> None:
    region, together = Region(emulator.url), threading.Barrier(20)
    standing = region.run(StepConcurrencyLevel=4)

    def work(number: int) -> tuple[str, str]:
        together.wait()
        own = region.run(shell("true", name=f"own {number}"), instances={"KeepJobFlowAliveWhenNoSteps": False})
        (step,) = region.add(standing, shell("true", name=f"shared {number}"))
        region.emr.add_tags(ResourceId=own, Tags=[{"Key": "number", "Value": str(number)}])
        assert region.wait_step(standing, step)["Status"]["State"] == "COMPLETED"
        region.wait(own, "TERMINATED")
        return own, region.describe(own)["Tags"][0]["Value"]

    with ThreadPoolExecutor(20) as threads:
        done = list(threads.map(work, range(20)))
    assert len({cluster for cluster, _ in done}) == 20
    assert [number for _, number in done] == [str(number) for number in range(20)]
    assert sorted(step["Name"] for step in region.steps(standing)) == sorted(f"shared {n}" for n in range(20))
    region.end(standing)


def test_the_emulator_tells_of_its_health(emulator: LocalEmulator) -> None:
    status, health = get(f"{emulator.url}/_emulator/health")
    assert (status, health["status"]) == (200, "healthy")
    assert isinstance(health["clusters"], int)


def test_a_person_can_look_at_a_cluster(region: Region) -> None:
    cluster = region.run(shell("true", name="look at me"))
    status, page = get(f"{region.url}/_emulator/clusters/{cluster}")
    assert status == 200
    assert page["Cluster"]["Id"] == cluster
    assert [step["Name"] for step in page["Steps"]] == ["look at me"]
    _, everything = get(f"{region.url}/_emulator/clusters")
    assert [found["Name"] for found in everything["clusters"] if found["Id"] == cluster] == ["test"]
    for nothing in ("clusters/j-NOTTHERE", "", "nothing"):
        status, page = get(f"{region.url}/_emulator/{nothing}")
        assert (status, page["error"]) == (404, f"There is nothing at /_emulator/{nothing}.")
