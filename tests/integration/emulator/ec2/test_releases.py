"""What releases there are, what they have, and what they run on."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.emulator.region import Region


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
    numbers = [tuple(int(part) for part in label.removeprefix("emr-").split(".")) for label in everything]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(region.emr.list_release_labels()["ReleaseLabels"]) == 100


def test_every_label_that_is_listed_makes_a_cluster(region: Region) -> None:
    for label in labels(region, Prefix="emr-7"):
        region.run(ReleaseLabel=label, Applications=[{"Name": name} for name in applications(region, label)][:3])
    for label in labels(region):
        assert "Hadoop" in applications(region, label)


def test_labels_are_filtered_by_how_they_begin(region: Region) -> None:
    assert labels(region, Prefix="emr-6.3") == ["emr-6.3.1", "emr-6.3.0"]
    assert labels(region, Prefix="emr-9") == []


def test_labels_are_filtered_by_application_and_version(region: Region) -> None:
    everything = labels(region)
    assert labels(region, Application="Trino") == everything[: everything.index("emr-6.4.0") + 1]
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
    assert {"Presto-Sandbox", "Zeppelin-Sandbox"} <= applications(region, "emr-4.7.2").keys()
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
        "InstanceFamilyId": "m5d",
        "EbsOptimizedAvailable": True,
        "EbsOptimizedByDefault": True,
        "NumberOfDisks": 1,
        "EbsStorageOnly": False,
        "Architecture": "x86_64",
    }
    assert types["r6g.2xlarge"]["Architecture"] == "arm64"
    assert types["m5.xlarge"]["EbsStorageOnly"] is True
    assert not {"t3.xlarge", "m5.large", "m5.metal"} & types.keys()


def test_arm_is_for_releases_that_have_it(region: Region) -> None:
    for label, has_arm in (("emr-5.29.0", False), ("emr-5.30.0", True), ("emr-6.0.0", False), ("emr-6.1.0", True)):
        architectures = {one["Architecture"] for page in _pages(region, label) for one in page}
        assert ("arm64" in architectures) == has_arm


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
