"""The JSON of a security configuration: which properties it may have, and which of them go together.

Source: the Management Guide's page on creating a security configuration. What it says of a property that names a
service elsewhere (a key, a certificate, a KDC) is only looked at for its shape: the emulator encrypts nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from airflow_emr_pipelines.emulator.aws.errors import Refused

TEXT, NUMBER, FLAG, TEXTS = "a string", "a number", "true or false", "a list of strings"
ANYTHING: Mapping[str, Any] = {}
"""An object that is not looked into."""

KEY = {"AwsKmsKey": TEXT, "S3Object": TEXT, "EncryptionKeyProviderClass": TEXT}
REALM = {"Realm": TEXT, "Domain": TEXT, "AdminServer": TEXT, "KdcServer": TEXT}
SHAPE: Mapping[str, Any] = {
    "EncryptionConfiguration": {
        "EnableInTransitEncryption": FLAG,
        "EnableAtRestEncryption": FLAG,
        "InTransitEncryptionConfiguration": {
            "TLSCertificateConfiguration": {
                "CertificateProviderType": ("PEM", "Custom"),
                "S3Object": TEXT,
                "CertificateProviderClass": TEXT,
            },
        },
        "AtRestEncryptionConfiguration": {
            "S3EncryptionConfiguration": {
                "EncryptionMode": ("SSE-S3", "SSE-KMS", "CSE-KMS", "CSE-Custom"),
                **KEY,
                "Overrides": [{"BucketName": TEXT, "EncryptionMode": ("SSE-S3", "SSE-KMS", "CSE-KMS"), **KEY}],
            },
            "LocalDiskEncryptionConfiguration": {
                "EncryptionKeyProviderType": ("AwsKms", "Custom"),
                **KEY,
                "EnableEbsEncryption": FLAG,
            },
        },
    },
    "AuthenticationConfiguration": {
        "KerberosConfiguration": {
            "Provider": ("ClusterDedicatedKdc", "ExternalKdc"),
            "ClusterDedicatedKdcConfiguration": {
                "TicketLifetimeInHours": NUMBER,
                "TicketLifeTimeInHours": NUMBER,
                "CrossRealmTrustConfiguration": REALM,
            },
            "ExternalKdcConfiguration": {
                "TicketLifetimeInHours": NUMBER,
                "KdcServerType": ("Single",),
                "AdminServer": TEXT,
                "KdcServer": TEXT,
                "AdIntegrationConfiguration": {"AdRealm": TEXT, "AdDomain": TEXT, "AdServer": TEXT},
            },
        },
        "IdentityCenterConfiguration": ANYTHING,
    },
    "AuthorizationConfiguration": {
        "IAMConfiguration": {
            "EnableApplicationScopedIAMRole": FLAG,
            "ApplicationScopedIAMRoleConfiguration": {"PropagateSourceIdentity": FLAG},
        },
        "EmrFsConfiguration": {
            "RoleMappings": [{"Role": TEXT, "IdentifierType": ("User", "Group", "Prefix"), "Identifiers": TEXTS}]
        },
        "LakeFormationConfiguration": ANYTHING,
        "RangerConfiguration": ANYTHING,
        "S3AccessGrantsConfiguration": ANYTHING,
    },
    "InstanceMetadataServiceConfiguration": {
        "MinimumInstanceMetadataServiceVersion": NUMBER,
        "HttpPutResponseHopLimit": NUMBER,
    },
}
NEEDS: Mapping[tuple[str, object], tuple[str, ...]] = {
    ("EnableInTransitEncryption", True): ("InTransitEncryptionConfiguration",),
    ("EnableInTransitEncryption", "true"): ("InTransitEncryptionConfiguration",),
    ("EnableAtRestEncryption", True): ("AtRestEncryptionConfiguration",),
    ("EnableAtRestEncryption", "true"): ("AtRestEncryptionConfiguration",),
    ("CertificateProviderType", "PEM"): ("S3Object",),
    ("CertificateProviderType", "Custom"): ("S3Object", "CertificateProviderClass"),
    ("EncryptionMode", "SSE-KMS"): ("AwsKmsKey",),
    ("EncryptionMode", "CSE-KMS"): ("AwsKmsKey",),
    ("EncryptionMode", "CSE-Custom"): ("S3Object", "EncryptionKeyProviderClass"),
    ("EncryptionKeyProviderType", "AwsKms"): ("AwsKmsKey",),
    ("EncryptionKeyProviderType", "Custom"): ("S3Object", "EncryptionKeyProviderClass"),
    ("Provider", "ClusterDedicatedKdc"): ("ClusterDedicatedKdcConfiguration",),
    ("Provider", "ExternalKdc"): ("ExternalKdcConfiguration",),
}
"""What else an object must have in which a property has this value."""


def new_security_configuration(name: str, text: str, there: Collection[str]) -> None:
    """Refuse a CreateSecurityConfiguration that EMR would refuse; `there` are the names that are taken."""
    if not name:
        raise Refused("The name of a security configuration must not be empty.")
    if name in there:
        raise Refused(f"SecurityConfiguration with name '{name}' already exists.")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("Invalid security configuration; it is no JSON.") from None
    for fault in _faults(SHAPE, content, "it"):
        raise Refused(f"Invalid security configuration; {fault}.")


def _faults(shape: Any, value: Any, what: str) -> Iterator[str]:
    """What of a value is not as its shape has it."""
    if isinstance(shape, Mapping):
        if not isinstance(value, dict):
            yield f"{what} must be an object"
        elif shape is not ANYTHING:
            yield from _faults_of_members(shape, value, what)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{what} must be a list"
        else:
            for part in value:
                yield from _faults(shape[0], part, f"an entry of {what}")
    elif isinstance(shape, tuple):
        if value not in shape:
            yield f"{what} must be one of {', '.join(shape)}"
    elif not _is(shape, value):
        yield f"{what} must be {shape}"


def _faults_of_members(shape: Mapping[str, Any], value: Mapping[str, Any], what: str) -> Iterator[str]:
    if not value:
        yield f"{what} must not be empty"
    if unknown := [name for name in value if name not in shape]:
        yield f"object has invalid properties: [{', '.join(unknown)}]"
    for name, part in value.items():
        yield from _faults(shape[name], part, name)
    for name, part in value.items():
        needed = NEEDS.get((name, part), ()) if isinstance(part, (str, bool)) else ()
        for missing in needed:
            if missing not in value:
                yield f"{name} {json.dumps(part)} needs {missing}"


def _is(kind: str, value: Any) -> bool:
    if kind == FLAG:  # the guide's own examples write them as strings, too
        return isinstance(value, bool) or value in ("true", "false")
    if kind == TEXTS:
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    return isinstance(value, str if kind == TEXT else (int, float)) and not isinstance(value, bool)
