"""What a cluster's security configuration has to say before a request may use it."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.rules.releases import Release, Request, supported_from

WITH_ROLE = ("spark-submit", "spark-sql", "spark-example", "run-example", "hive-script", "hive", "bash")


def kerberos(request: Request, security: Request) -> None:
    """Refuse KerberosAttributes without a security configuration that enables Kerberos, and the other way round."""
    enabled = "KerberosConfiguration" in security.get("AuthenticationConfiguration", {})
    if "KerberosAttributes" in request and not enabled:
        raise Refused("KerberosAttributes need a SecurityConfiguration that enables Kerberos.")
    if enabled and "KerberosAttributes" not in request:
        raise Refused("A SecurityConfiguration that enables Kerberos needs KerberosAttributes.")


def has_runtime_roles(security: Request) -> bool:
    """Whether a security configuration enables runtime roles."""
    authorization = security.get("AuthorizationConfiguration", {}).get("IAMConfiguration", {})
    return authorization.get("EnableApplicationScopedIAMRole") in (True, "true")


def runtime_role(security: Request, release: Release, steps: Sequence[Request], *, primaries: int) -> None:
    """Refuse steps with a runtime role that cannot have one, or are for a cluster that cannot have them."""
    supported_from("A runtime role", (6, 7, 0), release)
    if primaries > 1:
        raise Refused("A runtime role is not supported on a cluster with three primary instances.")
    if not has_runtime_roles(security):
        raise Refused(
            "A runtime role needs a SecurityConfiguration whose AuthorizationConfiguration sets "
            "EnableApplicationScopedIAMRole to true."
        )
    for step in steps:
        jar_step = step["HadoopJarStep"]
        command = next(iter(jar_step.get("Args", ())), "").rsplit("/", 1)[-1]
        if not jar_step["Jar"].endswith("command-runner.jar") or command not in WITH_ROLE:
            raise Refused(
                f"A runtime role is supported for Spark and Hive steps of command-runner.jar, not for step "
                f"{step['Name']!r} ({jar_step['Jar']} {command})."
            )
