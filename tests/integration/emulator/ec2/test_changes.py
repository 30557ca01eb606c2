"""Protection, idle policies, tags, and what the tagging API finds by them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import Region, shell


def tags_of(region: Region, cluster: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in region.describe(cluster)["Tags"]}


# --- protection


def test_a_protected_cluster_is_not_terminated_until_it_is_unlocked(region: Region) -> None:
    cluster = region.run(instances={"TerminationProtected": True})
    with pytest.raises(ClientError, match="termination protected") as refused:
        region.emr.terminate_job_flows(JobFlowIds=[cluster])
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    region.wait(cluster, "WAITING")
    region.emr.set_termination_protection(JobFlowIds=[cluster], TerminationProtected=False)
    assert region.describe(cluster)["TerminationProtected"] is False
    region.end(cluster)


def test_the_unprotected_of_several_clusters_are_terminated(region: Region) -> None:
    free, locked = region.run(), region.run()
    region.emr.set_termination_protection(JobFlowIds=[locked], TerminationProtected=True)
    with pytest.raises(ClientError, match="termination protected"):
        region.emr.terminate_job_flows(JobFlowIds=[locked, free])
    region.wait(free, "TERMINATED")
    region.wait(locked, "WAITING")


def test_a_cluster_can_be_terminated_again(region: Region) -> None:
    cluster = region.run()
    first = region.end(cluster)
    assert region.end(cluster) == first


# --- idle policies


def test_an_idle_policy_is_put_told_and_removed(region: Region) -> None:
    cluster = region.run()

    def policy() -> Any:
        return region.emr.get_auto_termination_policy(ClusterId=cluster).get("AutoTerminationPolicy")

    assert policy() is None
    region.emr.put_auto_termination_policy(ClusterId=cluster, AutoTerminationPolicy={"IdleTimeout": 60})
    assert policy() == {"IdleTimeout": 60}
    region.emr.put_auto_termination_policy(ClusterId=cluster, AutoTerminationPolicy={})
    assert policy() == {"IdleTimeout": 3600}
    with pytest.raises(ClientError, match="between 60 and 604800"):
        region.emr.put_auto_termination_policy(ClusterId=cluster, AutoTerminationPolicy={"IdleTimeout": 1})
    region.emr.remove_auto_termination_policy(ClusterId=cluster)
    assert policy() is None


def test_an_idle_policy_can_come_with_the_cluster(region: Region) -> None:
    cluster = region.run(AutoTerminationPolicy={"IdleTimeout": 600})
    found = region.emr.get_auto_termination_policy(ClusterId=cluster)["AutoTerminationPolicy"]
    assert found == {"IdleTimeout": 600}
    old = region.run(ReleaseLabel="emr-5.29.0")
    with pytest.raises(ClientError, match=r"from emr-5\.30\.0"):
        region.emr.put_auto_termination_policy(ClusterId=old, AutoTerminationPolicy={"IdleTimeout": 60})


# --- tags


def test_tags_are_added_replaced_and_removed(region: Region) -> None:
    cluster = region.run(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    assert tags_of(region, cluster) == {"a": "1", "b": ""}
    region.emr.add_tags(ResourceId=cluster, Tags=[{"Key": "a", "Value": "2"}, {"Key": "run", "Value": "x+1:00"}])
    assert tags_of(region, cluster) == {"a": "2", "b": "", "run": "x+1:00"}
    region.emr.remove_tags(ResourceId=cluster, TagKeys=["a", "never there"])
    assert tags_of(region, cluster) == {"b": "", "run": "x+1:00"}


def test_tags_that_break_a_rule_are_not_added(region: Region) -> None:
    cluster = region.run(Tags=[{"Key": f"k{number}"} for number in range(49)])
    for tags, why in (
        ([{"Key": "fine"}, {"Key": "aws:x"}], "aws: is reserved"),
        ([{"Key": "x"}, {"Key": "y"}], "at most 50 tags"),
    ):
        with pytest.raises(ClientError, match=why) as refused:
            region.emr.add_tags(ResourceId=cluster, Tags=tags)
        assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert len(tags_of(region, cluster)) == 49
    region.emr.add_tags(ResourceId=cluster, Tags=[{"Key": "k0", "Value": "again"}, {"Key": "fiftieth"}])
    assert len(tags_of(region, cluster)) == 50


# --- the tagging API


@pytest.fixture(scope="module")
def tagged(emulator: LocalEmulator) -> tuple[Region, dict[str, str]]:
    """A region with four clusters, of which one has no tags; by name its ARN."""
    region = Region(emulator.url, "ap-southeast-4")  # one that moto knows, and nobody else here
    wanted = {"both": {"key": "1", "team": "data"}, "one": {"key": "2", "team": "data"}, "other": {"key": "3"}, "": {}}
    arns = {}
    for name, tags in wanted.items():
        cluster = region.run(
            shell("true"),
            Name=name or "bare",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            instances={"KeepJobFlowAliveWhenNoSteps": name != "other"},
        )
        arns[name] = region.describe(cluster)["ClusterArn"]
    return region, arns


def found(region: Region, **asked: Any) -> dict[str, dict[str, str]]:
    pages = region.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(**asked)
    return {
        mapping["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in mapping["Tags"]}
        for page in pages
        for mapping in page["ResourceTagMappingList"]
    }


CLUSTERS = {"ResourceTypeFilters": ["elasticmapreduce:cluster"]}


def test_clusters_are_found_by_their_tags(tagged: tuple[Region, dict[str, str]]) -> None:
    region, arns = tagged
    assert found(region, **CLUSTERS).keys() == {arns["both"], arns["one"], arns["other"]}
    assert found(region, TagFilters=[{"Key": "team"}], **CLUSTERS).keys() == {arns["both"], arns["one"]}
    one = found(region, TagFilters=[{"Key": "key", "Values": ["1"]}], **CLUSTERS)
    assert one == {arns["both"]: {"key": "1", "team": "data"}}
    either = found(region, TagFilters=[{"Key": "key", "Values": ["1", "3"]}], **CLUSTERS)
    assert either.keys() == {arns["both"], arns["other"]}
    both = found(region, TagFilters=[{"Key": "key", "Values": ["1", "3"]}, {"Key": "team"}], **CLUSTERS)
    assert both.keys() == {arns["both"]}
    assert found(region, TagFilters=[{"Key": "key", "Values": ["9"]}], **CLUSTERS) == {}


def test_a_cluster_that_has_ended_is_still_found(tagged: tuple[Region, dict[str, str]]) -> None:
    region, arns = tagged
    region.wait(arns["other"].rpartition("/")[2], "TERMINATED")
    assert found(region, TagFilters=[{"Key": "key", "Values": ["3"]}]).keys() == {arns["other"]}


def test_clusters_are_found_by_arn(tagged: tuple[Region, dict[str, str]]) -> None:
    region, arns = tagged
    assert found(region, ResourceARNList=[arns[""], arns["one"]]) == {
        arns[""]: {},
        arns["one"]: {"key": "2", "team": "data"},
    }


def test_clusters_stand_beside_what_moto_knows_of_other_services(tagged: tuple[Region, dict[str, str]]) -> None:
    region, arns = tagged
    s3 = region.client("s3")
    bucket = f"tagged-{region.name}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region.name})
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "team", "Value": "data"}]})
    by_team = {"TagFilters": [{"Key": "team", "Values": ["data"]}]}
    arn = f"arn:aws:s3:::{bucket}"
    assert found(region, **by_team).keys() >= {arns["both"], arns["one"]}
    assert found(region, ResourceTypeFilters=["s3"], **by_team).keys() == {arn}
    both = found(region, ResourceTypeFilters=["s3", "elasticmapreduce"], **by_team)
    assert both.keys() == {arn, arns["both"], arns["one"]}
    assert found(region, ResourceARNList=[arn, arns["one"]]).keys() == {arn, arns["one"]}


def test_clusters_of_another_region_are_not_found(tagged: tuple[Region, dict[str, str]]) -> None:
    region, arns = tagged
    elsewhere = Region(region.url)
    assert found(elsewhere, TagFilters=[{"Key": "key"}], **CLUSTERS) == {}
    assert found(elsewhere, ResourceARNList=[arns["one"]]) == {}


def test_clusters_and_what_moto_knows_come_in_pages(tagged: tuple[Region, dict[str, str]]) -> None:
    region, arns = tagged
    s3, bucket = region.client("s3"), f"paged-{region.name}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region.name})
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "key", "Value": "4"}]})
    client = region.client("resourcegroupstaggingapi")
    asked = {"TagFilters": [{"Key": "key"}], "ResourcesPerPage": 3}
    first = client.get_resources(**asked)
    second = client.get_resources(**asked, PaginationToken=first["PaginationToken"])
    pages = [[one["ResourceARN"] for one in answer["ResourceTagMappingList"]] for answer in (first, second)]
    assert (list(map(len, pages)), second["PaginationToken"]) == ([3, 1], "")
    assert {*pages[0], *pages[1]} == {f"arn:aws:s3:::{bucket}", arns["both"], arns["one"], arns["other"]}
    with pytest.raises(ClientError, match="PaginationTokenExpired"):
        client.get_resources(**asked, PaginationToken="bW9vbg==")


def test_keys_and_values_of_tags_are_told_once(tagged: tuple[Region, dict[str, str]]) -> None:
    client = tagged[0].client("resourcegroupstaggingapi")
    keys = client.get_tag_keys()["TagKeys"]
    assert (keys.count("key"), keys.count("team"), keys) == (1, 1, sorted(keys))
    values = client.get_tag_values(Key="key")
    assert ({"1", "2", "3"} <= {*values["TagValues"]}, values["PaginationToken"]) == (True, "")
    assert client.get_tag_values(Key="team")["TagValues"].count("data") == 1
    assert client.get_tag_values(Key="nobody's")["TagValues"] == []


def test_a_cluster_is_tagged_as_other_resources_are(tagged: tuple[Region, dict[str, str]]) -> None:
    region, _ = tagged
    client, s3, bucket = region.client("resourcegroupstaggingapi"), region.client("s3"), f"labelled-{region.name}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region.name})
    cluster = region.run()
    arn, bucket_arn = region.describe(cluster)["ClusterArn"], f"arn:aws:s3:::{bucket}"
    gone = arn.replace(cluster, "j-NOTTHERE")
    answer = client.tag_resources(ResourceARNList=[arn, bucket_arn, gone], Tags={"stage": "test", "cost": "12"})
    assert answer["FailedResourcesMap"] == {
        gone: {
            "StatusCode": 400,
            "ErrorCode": "InvalidParameterException",
            "ErrorMessage": "Cluster id 'j-NOTTHERE' is not valid.",
        }
    }
    both = {"stage": "test", "cost": "12"}
    assert {tag["Key"]: tag["Value"] for tag in region.describe(cluster)["Tags"]} == both
    assert found(region, TagFilters=[{"Key": "stage"}]) == {arn: both, bucket_arn: both}
    untagged = client.untag_resources(ResourceARNList=[arn, bucket_arn], TagKeys=["stage", "cost"])
    assert untagged["FailedResourcesMap"] == {}
    assert region.describe(cluster)["Tags"] == []
    assert found(region, **CLUSTERS)[arn] == {}, "what was tagged is told without tags"
    assert arn not in found(region, TagFilters=[{"Key": "stage"}])
    region.end(cluster)
    refused = client.tag_resources(ResourceARNList=[arn], Tags={"a": "b"})["FailedResourcesMap"][arn]
    assert "may not be modified" in refused["ErrorMessage"]


def test_a_request_that_the_tagging_api_does_not_know_is_refused(region: Region) -> None:
    client = region.client("resourcegroupstaggingapi")
    arns = {"ResourceARNList": ["arn:aws:s3:::a"]}
    for asked in (
        {"ResourcesPerPage": 101},
        {"TagsPerPage": 99},
        {**arns, "ResourcesPerPage": 5},
        {**arns, **CLUSTERS},
    ):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            client.get_resources(**asked)
    with pytest.raises(ClientError, match="does not emulate GetComplianceSummary of the Resource Groups Tagging API"):
        client.get_compliance_summary()
    with pytest.raises(ClientError, match="less than or equal to 50"):
        client.get_resources(TagFilters=[{"Key": f"k{number}"} for number in range(51)])
