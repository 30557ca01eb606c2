"""Which templates of CloudFormation are refused, and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.emulator.stacks import reason_against

BUCKET = {"Type": "AWS::S3::Bucket"}


@pytest.mark.parametrize(
    "kind",
    [
        "AWS::EMR::Cluster",
        "AWS::EMR::Step",
        "AWS::EMR::InstanceGroupConfig",
        "AWS::EMR::InstanceFleetConfig",
        "AWS::EMR::SecurityConfiguration",
        "AWS::EMRServerless::Application",
        "AWS::EMRContainers::VirtualCluster",
    ],
)
def test_what_is_emrs_is_refused_by_name(kind: str) -> None:
    assert reason_against({"Logs": BUCKET, "Mine": {"Type": kind}}) == (
        f"The emulator does not emulate EMR in CloudFormation's stacks: Mine ({kind}). "
        "Leave it out of the template, and create it by EMR's own API."
    )


@pytest.mark.parametrize(
    "resources",
    [
        {},
        None,
        "AWS::EMR::Cluster",
        {"Logs": BUCKET},
        {"A": "AWS::EMR::Cluster"},
        {"A": {"Type": "Custom::AWS::EMR::"}},
    ],
)
def test_what_is_not_is_left_to_moto(resources: Any) -> None:
    assert reason_against(resources) is None
