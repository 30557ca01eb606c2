"""What a cluster's security configuration has to say before a request may use it."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.errors import Refused
from airflow_emr_pipelines.emulator.rules.releases import Release, Request, supported_from


def kerberos(request: Request, security: Request) -> None:
    """Refuse KerberosAttributes without a security configuration that enables Kerberos."""
    enabled = "KerberosConfiguration" in security.get("AuthenticationConfiguration", {})
    if "KerberosAttributes" in request and not enabled:
        raise Refused("KerberosAttributes need a SecurityConfiguration that enables Kerberos.")


def runtime_role(security: Request, release: Release, *, primaries: int) -> None:
    """Refuse steps with a runtime role on a cluster that cannot have them."""
    supported_from("A runtime role", (6, 7, 0), release)
    if primaries > 1:
        raise Refused("A runtime role is not supported on a cluster with three primary instances.")
    authorization = security.get("AuthorizationConfiguration", {}).get("IAMConfiguration", {})
    if authorization.get("EnableApplicationScopedIAMRole") is not True:
        raise Refused(
            "A runtime role needs a SecurityConfiguration whose AuthorizationConfiguration sets "
            "EnableApplicationScopedIAMRole to true."
        )
