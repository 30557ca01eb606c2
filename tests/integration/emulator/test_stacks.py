"""CloudFormation's stacks: what moto makes of them, and that none of them pretends to have a cluster."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import Region

CLUSTER = {"Type": "AWS::EMR::Cluster", "Properties": {"Name": "mine", "ReleaseLabel": "emr-7.10.0"}}
STEP = {"Type": "AWS::EMR::Step", "Properties": {"JobFlowId": "j-1"}}


@pytest.fixture(scope="module")
def stacks(emulator: LocalEmulator) -> Region:
    return Region(emulator.url, "us-west-1")  # one that moto knows


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def test_a_stack_with_a_resource_of_emr_is_refused_by_name_and_nothing_made(stacks: Region) -> None:
    client, s3, name = stacks.client("cloudformation"), stacks.client("s3"), f"stack-{uuid.uuid4().hex[:8]}"
    logs = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{name}-logs"}}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": stacks.name})
    s3.put_object(Bucket=name, Key="template.yaml", Body=b"Resources:\n  Mine:\n    Type: AWS::EMR::Cluster\n")
    url = f"https://{name}.s3.amazonaws.com/template.yaml"
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    for asked in (
        {"TemplateBody": template(Logs=logs, Mine=CLUSTER)},
        {"TemplateURL": url},
        {"TemplateBody": template(Nested=nested)},
    ):
        with pytest.raises(
            ClientError, match=r"does not emulate EMR in CloudFormation's stacks: Mine \(AWS::EMR::Clus"
        ):
            client.create_stack(StackName=name, **asked)
    assert f"{name}-logs" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert stacks.emr.list_clusters()["Clusters"] == []

    standing = f"{name}-standing"
    client.create_stack(StackName=standing, TemplateBody=template(Logs=logs))
    s3.head_bucket(Bucket=f"{name}-logs")
    with pytest.raises(ClientError, match=r"Added \(AWS::EMR::Step\)"):
        client.update_stack(StackName=standing, TemplateBody=template(Logs=logs, Added=STEP))
    with pytest.raises(ClientError, match=r"Added \(AWS::EMR::Step\)"):
        client.create_change_set(StackName=standing, ChangeSetName="more", TemplateBody=template(Logs=logs, Added=STEP))
    client.delete_stack(StackName=standing)
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=f"{name}-logs")
