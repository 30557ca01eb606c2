"""An account's setting of a region."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import Region


def test_block_public_access_is_kept_for_each_region(emulator: LocalEmulator) -> None:
    region, other = Region(emulator.url), Region(emulator.url)

    def told(of: Region) -> dict[str, Any]:
        found: dict[str, Any] = of.emr.get_block_public_access_configuration()
        assert found["BlockPublicAccessConfigurationMetadata"]["CreatedByArn"].startswith("arn:aws:iam::")
        return found

    at_first = told(other)["BlockPublicAccessConfiguration"]
    assert at_first["BlockPublicSecurityGroupRules"] is True
    asked = {
        "BlockPublicSecurityGroupRules": False,
        "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 80, "MaxRange": 90}],
    }
    before = told(region)["BlockPublicAccessConfigurationMetadata"]["CreationDateTime"]
    region.emr.put_block_public_access_configuration(BlockPublicAccessConfiguration=asked)
    assert told(region)["BlockPublicAccessConfiguration"] == asked
    assert told(region)["BlockPublicAccessConfigurationMetadata"]["CreationDateTime"] > before
    assert told(other)["BlockPublicAccessConfiguration"] == at_first


def test_a_range_of_ports_goes_upwards(emulator: LocalEmulator) -> None:
    region = Region(emulator.url)
    asked = {
        "BlockPublicSecurityGroupRules": True,
        "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 90, "MaxRange": 80}],
    }
    with pytest.raises(ClientError, match="MaxRange") as refused:
        region.emr.put_block_public_access_configuration(BlockPublicAccessConfiguration=asked)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
