"""Security configurations: made, told, listed, deleted; and what of them a cluster keeps."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import Region

RUNTIME_ROLES = {"AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}}}
CERTIFICATES = {"TLSCertificateConfiguration": {"CertificateProviderType": "PEM", "S3Object": "s3://b/certs.zip"}}
ENCRYPTION = {
    "EncryptionConfiguration": {
        "EnableInTransitEncryption": True,
        "InTransitEncryptionConfiguration": CERTIFICATES,
        "EnableAtRestEncryption": True,
        "AtRestEncryptionConfiguration": {
            "S3EncryptionConfiguration": {
                "EncryptionMode": "SSE-S3",
                "Overrides": [{"BucketName": "b", "EncryptionMode": "SSE-KMS", "AwsKmsKey": "k"}],
            },
            "LocalDiskEncryptionConfiguration": {"EncryptionKeyProviderType": "AwsKms", "AwsKmsKey": "k"},
        },
    }
}
ROLE_MAPPINGS = {
    "AuthorizationConfiguration": {
        "EmrFsConfiguration": {
            "RoleMappings": [{"Role": "arn:aws:iam::1:role/r", "IdentifierType": "User", "Identifiers": ["joe"]}]
        }
    }
}
KERBEROS = {
    "AuthenticationConfiguration": {
        "KerberosConfiguration": {
            "Provider": "ClusterDedicatedKdc",
            "ClusterDedicatedKdcConfiguration": {"TicketLifetimeInHours": 24},
        }
    }
}
METADATA = {
    "InstanceMetadataServiceConfiguration": {
        "MinimumInstanceMetadataServiceVersion": 2,
        "HttpPutResponseHopLimit": 1,
    }
}


def refusal(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    message: str = refused.value.response["Error"]["Message"]
    return message


def make(region: Region, name: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    text = json.dumps(RUNTIME_ROLES if content is None else content)
    made: dict[str, Any] = region.emr.create_security_configuration(Name=name, SecurityConfiguration=text)
    return made


def at_rest(**s3: Any) -> dict[str, Any]:
    parts = {"S3EncryptionConfiguration": s3}
    return {"EncryptionConfiguration": {"EnableAtRestEncryption": True, "AtRestEncryptionConfiguration": parts}}


def encryption(**members: Any) -> dict[str, Any]:
    return {"EncryptionConfiguration": members}


def kerberos(**members: Any) -> dict[str, Any]:
    return {"AuthenticationConfiguration": {"KerberosConfiguration": members}}


@pytest.mark.parametrize("content", [RUNTIME_ROLES, ENCRYPTION, ROLE_MAPPINGS, KERBEROS, METADATA])
def test_a_security_configuration_is_told_as_it_was_sent(region: Region, content: dict[str, Any]) -> None:
    name, text = f"sent-{next(iter(content))}-{len(str(content))}", json.dumps(content, indent=4)
    made = region.emr.create_security_configuration(Name=name, SecurityConfiguration=text)
    told = region.emr.describe_security_configuration(Name=name)
    assert (told["Name"], told["SecurityConfiguration"]) == (name, text)
    assert told["CreationDateTime"] == made["CreationDateTime"]


def test_a_name_is_unique_in_its_region_until_it_is_deleted(region: Region) -> None:
    make(region, "once")
    assert "'once' already exists" in refusal(make, region=region, name="once")
    make(Region(region.url), "once")
    region.emr.delete_security_configuration(Name="once")
    for verb in ("describe_security_configuration", "delete_security_configuration"):
        assert "'once' does not exist" in refusal(getattr(region.emr, verb), Name="once")
    make(region, "once")


def test_security_configurations_come_in_pages_of_fifty(emulator: LocalEmulator) -> None:
    region = Region(emulator.url)
    names = [f"page-{number:02}" for number in range(51)]
    for name in reversed(names):
        make(region, name)
    pages = [
        [one["Name"] for one in page["SecurityConfigurations"]]
        for page in region.emr.get_paginator("list_security_configurations").paginate()
    ]
    assert pages == [names[:50], names[50:]]
    message = refusal(region.emr.list_security_configurations, Marker="never given")
    assert message == "The marker is not valid."


@pytest.mark.parametrize(
    ("rule", "content"),
    [
        ("it must be an object", []),
        ("it must not be empty", {}),
        (r"invalid properties: \[Encryption\]", {"Encryption": {}}),
        ("EncryptionConfiguration must be an object", {"EncryptionConfiguration": True}),
        ("EnableAtRestEncryption must be true or false", encryption(EnableAtRestEncryption="yes")),
        ("true needs AtRestEncryptionConfiguration", encryption(EnableAtRestEncryption=True)),
        ("true needs InTransitEncryptionConfiguration", encryption(EnableInTransitEncryption=True)),
        ("EncryptionMode must be one of SSE-S3", at_rest(EncryptionMode="SSE")),
        ('"SSE-KMS" needs AwsKmsKey', at_rest(EncryptionMode="SSE-KMS")),
        ('"CSE-Custom" needs S3Object', at_rest(EncryptionMode="CSE-Custom")),
        ("Overrides must be a list", at_rest(EncryptionMode="SSE-S3", Overrides={})),
        ("an entry of Overrides must be an object", at_rest(EncryptionMode="SSE-S3", Overrides=["b"])),
        ("AwsKmsKey must be a string", at_rest(EncryptionMode="SSE-KMS", AwsKmsKey=1)),
        ('"ClusterDedicatedKdc" needs ClusterDedicated', kerberos(Provider="ClusterDedicatedKdc")),
        ('"ExternalKdc" needs ExternalKdcConfiguration', kerberos(Provider="ExternalKdc")),
        (
            "HttpPutResponseHopLimit must be a number",
            {"InstanceMetadataServiceConfiguration": {"HttpPutResponseHopLimit": "1"}},
        ),
    ],
)
def test_a_security_configuration_that_says_nonsense_is_refused(region: Region, rule: str, content: Any) -> None:
    message = refusal(make, region=region, name="nonsense", content=content)
    assert message.startswith("Invalid security configuration; ")
    assert re.search(rule, message), message
    assert "does not exist" in refusal(region.emr.describe_security_configuration, Name="nonsense")


@pytest.mark.parametrize("text", ["", "{", "no JSON", "[" * 100_000])
def test_a_security_configuration_is_json(region: Region, text: str) -> None:
    message = refusal(region.emr.create_security_configuration, Name="text", SecurityConfiguration=text)
    assert message == "Invalid security configuration; it is no JSON."


def test_a_name_is_not_empty(region: Region) -> None:
    assert "must not be empty" in refusal(make, region=region, name="")


def test_a_cluster_keeps_what_its_security_configuration_said(region: Region) -> None:
    make(region, "kept")
    cluster = region.run(SecurityConfiguration="kept")
    region.emr.delete_security_configuration(Name="kept")
    assert region.describe(cluster)["SecurityConfiguration"] == "kept"
    step = {"Jar": "command-runner.jar", "Args": ["spark-submit", "s3://b/job.py"]}
    region.emr.add_job_flow_steps(
        JobFlowId=cluster,
        Steps=[{"Name": "job", "ActionOnFailure": "CONTINUE", "HadoopJarStep": step}],
        ExecutionRoleArn="arn:aws:iam::123456789012:role/job",
    )
    with pytest.raises(ClientError, match="'kept' does not exist") as refused:
        region.run(SecurityConfiguration="kept")
    assert refused.value.response["Error"]["Code"] == "ValidationException"
