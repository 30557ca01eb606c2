"""Spark's history server: an application that a step has run is seen by who has its cluster's address, and only so."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import MASTER, Region, wait_until
from tests.processes import descendants

JOB = b"""
from pyspark.sql import SparkSession

for name in ("first", "second"):
    spark = SparkSession.builder.appName(name).getOrCreate()
    spark.range(10).count()
    spark.stop()
"""
BUCKET = "app-ui-jobs"
SPARK = {"Applications": [{"Name": "Spark"}]}


def spark_step() -> dict[str, Any]:
    args = ["spark-submit", "--deploy-mode", "cluster", f"s3://{BUCKET}/job.py"]
    jar_step = {"Jar": "command-runner.jar", "Args": args}
    return {"Name": "job", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar_step}


@pytest.fixture(scope="module")
def ran(region: Region) -> tuple[str, list[str]]:
    """A cluster that has run two applications in one step and has ended; their ids."""
    s3 = region.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region.name})
    s3.put_object(Bucket=BUCKET, Key="job.py", Body=JOB)
    cluster = region.run(spark_step(), **SPARK)
    region.wait(cluster, "RUNNING")
    (step,) = region.steps(cluster)
    assert region.wait_step(cluster, step["Id"])["Status"]["State"] == "COMPLETED"
    info = region.step(cluster, step["Id"])["AdditionalInfo"]
    assert info["ResourceManager"] == "YARN"
    region.end(cluster)
    return cluster, info["ResourceManagerApplicationIds"]


@pytest.fixture(scope="module")
def ui(region: Region, ran: tuple[str, list[str]]) -> str:
    arn = region.describe(ran[0])["ClusterArn"]
    made = region.emr.create_persistent_app_ui(TargetResourceArn=arn, Tags=[{"Key": "team", "Value": "data"}])
    assert made["RuntimeRoleEnabledCluster"] is False
    assert (
        region.emr.create_persistent_app_ui(TargetResourceArn=arn, ProfilerType="SHS")["PersistentAppUIId"]
        == (made["PersistentAppUIId"])
    )
    found: str = made["PersistentAppUIId"]
    return found


def presigned(region: Region, ui: str, **more: Any) -> str:
    """The address, as soon as it is ready."""
    seen: dict[str, Any] = {}

    def is_ready() -> bool:
        seen.update(region.emr.get_persistent_app_ui_presigned_url(PersistentAppUIId=ui, **more))
        assert seen["PresignedURLReady"] == ("PresignedURL" in seen)
        ready: bool = seen["PresignedURLReady"]
        return ready

    wait_until(is_ready)
    url: str = seen["PresignedURL"]
    return url


def read(url: str) -> tuple[int, str, str]:
    """Status, page, and the address that it was found at in the end."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode(), answer.url
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), url


def test_a_persistent_ui_is_described(region: Region, ran: tuple[str, list[str]], ui: str) -> None:
    found = region.emr.describe_persistent_app_ui(PersistentAppUIId=ui)["PersistentAppUI"]
    assert found["PersistentAppUITypeList"] == ["SHS"]
    assert found["PersistentAppUIStatus"] == "ATTACHED"
    assert found["Tags"] == [{"Key": "team", "Value": "data"}]


def test_the_applications_of_a_cluster_that_has_ended_are_seen(
    region: Region, ran: tuple[str, list[str]], ui: str
) -> None:
    _, ids = ran
    assert len(ids) == 2
    assert all(re.fullmatch(r"application_\d+_\d{4}", one) for one in ids)
    url = presigned(region, ui)
    assert url.startswith(f"{region.url}/_emulator/")
    listed = json.loads(read(f"{url}api/v1/applications")[1])
    assert {one["name"]: one["id"] for one in listed} == {"first": ids[0], "second": ids[1]}
    assert all(one["attempts"][0]["completed"] for one in listed)
    assert len(json.loads(read(f"{url}api/v1/applications?limit=1")[1])) == 1
    jobs = json.loads(read(f"{url}api/v1/applications/{ids[0]}/jobs")[1])
    assert {job["status"] for job in jobs} == {"SUCCEEDED"}


def test_its_pages_link_to_each_other(region: Region, ran: tuple[str, list[str]], ui: str) -> None:
    _, ids = ran
    url = presigned(region, ui)
    status, page, _ = read(url)
    assert status == 200
    links = re.findall(r'(?:href|src)="(/[^"]+)"', page)
    assert links
    place = url.removeprefix(region.url)
    assert all(link.startswith(place) for link in links)
    assert read(region.url + next(link for link in links if link.endswith(".css")))[0] == 200
    status, page, at = read(f"{url}history/{ids[0]}")
    assert status == 200
    assert at.startswith(f"{url}history/{ids[0]}/")
    assert "Completed Jobs" in page


def test_an_address_can_be_that_of_one_application(region: Region, ran: tuple[str, list[str]], ui: str) -> None:
    _, ids = ran
    status, page, _ = read(presigned(region, ui, ApplicationId=ids[1]))
    assert status == 200
    assert "second" in page


def test_who_has_another_clusters_address_sees_nothing_of_it(
    region: Region, ran: tuple[str, list[str]], ui: str
) -> None:
    _, ids = ran
    url = presigned(region, ui)
    other = region.run(**SPARK)
    region.wait(other, "WAITING")
    asked = {"ClusterId": other, "OnClusterAppUIType": "SparkHistoryServer"}
    dry = region.emr.get_on_cluster_app_ui_presigned_url(**asked, DryRun=True)
    assert dry["PresignedURLReady"] is False
    others = region.emr.get_on_cluster_app_ui_presigned_url(**asked)["PresignedURL"]
    assert others != url
    assert json.loads(read(f"{others}api/v1/applications")[1]) == []
    assert read(f"{others}history/{ids[0]}/jobs/")[0] == 404
    assert read(f"{others}api/v1/applications/{ids[0]}/jobs")[0] == 404
    assert read(f"{region.url}/_emulator/app-uis/guessed/")[0] == 404
    assert read(urllib.request.Request(url, b"", method="POST"))[0] == 405  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "./history/{other}/jobs/",
        "static/../history/{other}/jobs/",
        "static/..;/history/{other}/jobs/",
        "/history/{other}/jobs/",
        "history//{other}/jobs/",
        "history;a=b/{other}/jobs/",
        "history/{own}/../{other}/jobs/",
        "history/{own}/jobs/../../{other}/jobs/",
        "%2e/history/{other}/jobs/",
        "static/%2e%2e/history/{other}/jobs/",
        "static%2f..%2fhistory/{other}/jobs/",
        "%68istory/{other}/jobs/",
        "static/..%5chistory/{other}/jobs/",
        "static/%252e%252e/history/{other}/jobs/",
        "api/v1/./applications",
        "api//v1/applications",
        "api/v1/applications/{own}/../{other}/jobs",
        "./api/v1/applications/{other}/jobs",
    ],
)
def test_no_path_leads_from_a_clusters_history_to_anothers(own_history: str, path: str) -> None:
    status, page, _ = read(own_history + path.format(own="application_1_0001", other="application_2_0001"))
    assert (status, "segment that is empty, encoded, . or .." in page) == (400, True)


def test_the_server_listens_on_the_loopback_interface(emulator: LocalEmulator, region: Region, ui: str) -> None:
    presigned(region, ui)
    (server,) = descendants(emulator.process.pid, "HistoryServer")
    listening = [one.laddr.ip for one in server.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    assert listening
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


@pytest.fixture(scope="module")
def standing(region: Region) -> Iterator[str]:
    cluster = region.run(**SPARK)
    region.wait(cluster, "WAITING")
    yield cluster
    region.end(cluster)


@pytest.fixture(scope="module")
def own_history(region: Region, standing: str) -> str:
    """The address of what the standing cluster's applications show."""
    seen: dict[str, Any] = {}

    def is_ready() -> bool:
        asked = {"ClusterId": standing, "OnClusterAppUIType": "SparkHistoryServer"}
        seen.update(region.emr.get_on_cluster_app_ui_presigned_url(**asked))
        return "PresignedURL" in seen

    wait_until(is_ready)
    return str(seen["PresignedURL"])


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


ARN = "arn:aws:elasticmapreduce:{region}:123456789012:cluster/{cluster}"


@pytest.mark.parametrize(
    ("arn", "why"),
    [
        ("arn:aws:elasticmapreduce:{region}:123456789012:cluster/j-NOTTHERE", "Cluster id 'j-NOTTHERE' is not valid"),
        ("arn:aws:elasticmapreduce:us-east-9:123456789012:cluster/{cluster}", "must be the ARN of a cluster"),
        ("arn:aws:s3:::a-bucket-of-mine", "must be the ARN of a cluster"),
        ("a cluster of which there is no ARN", "must be the ARN of a cluster"),
    ],
)
def test_a_persistent_ui_is_that_of_a_cluster(region: Region, standing: str, arn: str, why: str) -> None:
    target = arn.format(region=region.name, cluster=standing)
    code, message = refusal(region.emr.create_persistent_app_ui, TargetResourceArn=target)
    assert (code, why in message) == ("InvalidRequestException", True)


@pytest.mark.parametrize(
    ("release", "kind", "why"),
    [
        ("emr-5.24.0", "SHS", "from emr-5.25.0"),
        ("emr-5.30.0", "TEZUI", "for TEZUI is supported from emr-5.30.1"),
        ("emr-5.29.0", "YTS", "for YTS is supported from emr-5.30.1"),
    ],
)
def test_a_release_may_be_too_old_for_a_persistent_ui(region: Region, release: str, kind: str, why: str) -> None:
    arn = region.describe(region.run(ReleaseLabel=release))["ClusterArn"]
    code, message = refusal(region.emr.create_persistent_app_ui, TargetResourceArn=arn, ProfilerType=kind)
    assert (code, why in message) == ("InvalidRequestException", True)


def test_three_primary_instances_have_no_persistent_ui(region: Region) -> None:
    three = region.run(instances={"InstanceGroups": [{**MASTER, "InstanceCount": 3}]})
    arn = region.describe(three)["ClusterArn"]
    code, message = refusal(region.emr.create_persistent_app_ui, TargetResourceArn=arn)
    assert (code, "three primary instances" in message) == ("InvalidRequestException", True)


def test_other_uis_are_refused_by_name(region: Region, standing: str, ui: str) -> None:
    arn = ARN.format(region=region.name, cluster=standing)
    on_cluster = {"ClusterId": standing, "OnClusterAppUIType": "ResourceManager"}
    on_eks = "arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/abc"
    for call, parameters, what in (
        (region.emr.create_persistent_app_ui, {"TargetResourceArn": arn, "ProfilerType": "TEZUI"}, "TEZUI"),
        (region.emr.create_persistent_app_ui, {"TargetResourceArn": on_eks}, "EMR on EKS"),
        (
            region.emr.get_persistent_app_ui_presigned_url,
            {"PersistentAppUIId": ui, "PersistentAppUIType": "YTS"},
            "YTS",
        ),
        (region.emr.get_on_cluster_app_ui_presigned_url, on_cluster, "ResourceManager"),
    ):
        code, message = refusal(call, **parameters)
        assert (code, what in message) == ("NotEmulatedException", True)


def test_a_ui_that_is_not_there(region: Region, ran: tuple[str, list[str]], standing: str) -> None:
    for call in (region.emr.describe_persistent_app_ui, region.emr.get_persistent_app_ui_presigned_url):
        code, message = refusal(call, PersistentAppUIId="p-NOTTHERE")
        assert (code, "'p-NOTTHERE' is not valid" in message) == ("InvalidRequestException", True)
    on_cluster = region.emr.get_on_cluster_app_ui_presigned_url
    code, message = refusal(on_cluster, ClusterId=ran[0], OnClusterAppUIType="SparkHistoryServer")
    assert (code, "TERMINATED" in message) == ("InvalidRequestException", True)
    code, message = refusal(on_cluster, ClusterId=standing)
    assert (code, "OnClusterAppUIType is required" in message) == ("InvalidRequestException", True)
