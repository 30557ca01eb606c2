"""What releases there are, what they have, and what they run on."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import CORE, MASTER, Region


def labels(region: Region, **filters: str) -> list[str]:
    """All labels that a filter leaves, asked for page by page."""
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = region.emr.list_release_labels(Filters=filters, MaxResults=30, **more)
        assert len(page["ReleaseLabels"]) <= 30
        found += page["ReleaseLabels"]
        if "NextToken" not in page:
            return found
        more = {"NextToken": page["NextToken"]}


def applications(region: Region, label: str) -> dict[str, str | None]:
    told = region.emr.describe_release_label(ReleaseLabel=label)
    assert told["ReleaseLabel"] == label
    return {application["Name"]: application.get("Version") for application in told["Applications"]}


def test_labels_are_listed_newest_first_and_each_once(region: Region) -> None:
    everything = labels(region)
    of_emr = [label for label in everything if "spark" not in label]
    numbers = [tuple(int(part) for part in label.split("-")[1].split(".")) for label in of_emr]
    assert numbers == sorted(numbers, reverse=True)
    assert everything == [*of_emr, "emr-spark-8.0.0", "emr-spark-8.1.0"]
    assert len({*everything}) == len(everything)
    assert len(region.emr.list_release_labels()["ReleaseLabels"]) == 100


def test_a_region_that_is_younger_has_fewer_releases(emulator: LocalEmulator) -> None:
    young = Region(emulator.url, "mx-central-1")
    assert 0 < len(labels(young)) < 20
    with pytest.raises(ClientError, match=r"emr-5\.36\.0\. It is not available in mx-central-1"):
        young.run(ReleaseLabel="emr-5.36.0")


def test_every_label_that_is_listed_makes_a_cluster(region: Region) -> None:
    for label in labels(region, Prefix="emr-7") + labels(region, Prefix="emr-spark-"):
        region.run(ReleaseLabel=label, Applications=[{"Name": name} for name in applications(region, label)][:3])
    for label in labels(region):
        assert ("Hadoop" in applications(region, label)) == ("spark" not in label)


def test_labels_are_filtered_by_how_they_begin(region: Region) -> None:
    assert labels(region, Prefix="emr-6.3") == ["emr-6.3.1", "emr-6.3.0"]
    assert labels(region, Prefix="emr-9") == []


def test_labels_are_filtered_by_application_and_version(region: Region) -> None:
    everything = labels(region)
    assert labels(region, Application="Trino") == everything[: everything.index("emr-6.4.0") + 1]
    assert labels(region, Application="Spark 4.0") == ["emr-spark-8.0.0"]
    assert labels(region, Application="spark-3.1.1") == ["emr-6.3.1", "emr-6.3.0"]
    assert labels(region, Application="Spark 3.5.6") == ["emr-7.13.0", "emr-7.12.0", "emr-7.11.0"]
    assert labels(region, Application="Sparkle") == []
    assert labels(region, Application="PrestoSQL", Prefix="emr-6.2") == ["emr-6.2.1", "emr-6.2.0"]


def test_a_release_is_described_by_its_applications(region: Region) -> None:
    newer, older = applications(region, "emr-7.10.0"), applications(region, "emr-6.3.0")
    assert (newer["Spark"], newer["Flink"], newer["Delta"]) == ("3.5.5-amzn-1", "1.20.0-amzn-4", "3.3.0-amzn-2")
    assert (older["Spark"], older["PrestoSQL"]) == ("3.1.1", "350")
    assert "Trino" in newer
    assert not {"Ganglia", "PrestoSQL", "Sqoop"} & newer.keys()
    assert not {"Trino", "Delta", "Iceberg", "AmazonCloudWatchAgent"} & older.keys()
    assert not {"Flink", "Pig", "Sqoop"} & applications(region, "emr-6.0.0").keys()
    assert newer["Oozie"] is None
    assert {"Presto-Sandbox", "Zeppelin-Sandbox"} <= applications(region, "emr-4.9.1").keys()
    assert not {"Presto-Sandbox", "Zeppelin-Sandbox"} & applications(region, "emr-5.0.0").keys()


def test_instance_types_are_listed_with_what_they_have(region: Region) -> None:
    pages = list(_pages(region, "emr-7.10.0"))
    assert len(pages) > 2
    types = {one["Type"]: one for page in pages for one in page}
    assert len(types) == sum(map(len, pages))
    assert types["m5d.xlarge"] == {
        "Type": "m5d.xlarge",
        "MemoryGB": 16.0,
        "StorageGB": 150,
        "VCPU": 4,
        "Is64BitsOnly": True,
        "InstanceFamilyId": "GENERAL_CURRENT_GEN",
        "EbsOptimizedAvailable": True,
        "EbsOptimizedByDefault": True,
        "NumberOfDisks": 1,
        "EbsStorageOnly": False,
        "Architecture": "X86_64",
    }
    assert types["r6g.2xlarge"]["Architecture"] == "AARCH64"
    assert types["m5.xlarge"]["EbsStorageOnly"] is True
    assert {"p3.2xlarge", "m1.medium", "c4.large"} <= types.keys()
    assert not {"t3.xlarge", "m5.large", "r5.large", "m5.metal"} & types.keys()


def test_a_type_came_with_a_release(region: Region) -> None:
    for label, there in (
        ("emr-4.8.5", set()),
        ("emr-5.36.0", {"m5.xlarge"}),
        ("emr-6.15.0", {"m5.xlarge", "m8g.xlarge"}),
    ):
        types = {one["Type"] for page in _pages(region, label) for one in page}
        assert types & {"m5.xlarge", "m8g.xlarge"} == there


def test_types_that_are_listed_make_a_cluster(region: Region) -> None:
    for label, kind in (("emr-5.36.0", "p3.2xlarge"), ("emr-7.13.0", "p3.2xlarge"), ("emr-4.8.5", "m1.medium")):
        cluster = region.run(ReleaseLabel=label, instances={"InstanceGroups": [{**MASTER, "InstanceType": kind}]})
        with pytest.raises(ClientError, match=r"Instance type 'r5\.large' is not supported"):
            region.emr.add_instance_groups(JobFlowId=cluster, InstanceGroups=[{**CORE, "InstanceType": "r5.large"}])


def _pages(region: Region, label: str) -> Any:
    more: dict[str, str] = {}
    while True:
        page = region.emr.list_supported_instance_types(ReleaseLabel=label, **more)
        yield page["SupportedInstanceTypes"]
        if "Marker" not in page:
            return
        more = {"Marker": page["Marker"]}


@pytest.mark.parametrize(
    ("verb", "parameters", "why"),
    [
        ("describe_release_label", {"ReleaseLabel": "emr-1"}, "release label is invalid: emr-1"),
        ("describe_release_label", {}, "ReleaseLabel is required"),
        ("list_supported_instance_types", {"ReleaseLabel": "7.10.0"}, "release label is invalid: 7.10.0"),
        ("list_supported_instance_types", {"ReleaseLabel": "emr-7.10.0", "Marker": "x"}, "marker is not valid"),
        ("list_release_labels", {"NextToken": "x"}, "marker is not valid"),
    ],
)
def test_what_cannot_be_asked_is_refused(region: Region, verb: str, parameters: dict[str, str], why: str) -> None:
    with pytest.raises(ClientError, match=why) as refused:
        getattr(region.emr, verb)(**parameters)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_a_page_has_at_most_a_hundred_labels(region: Region) -> None:
    with pytest.raises(ClientError, match="less than or equal to 100") as refused:
        region.emr.list_release_labels(MaxResults=101)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
