"""What a step needs of the cluster that it runs on, where both are known before there is the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2 import releases
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.fit import Misfit
from airflow_emr_pipelines.specs.steps import Step, TrinoStep
from airflow_emr_pipelines.specs.steps.sql_client import PRESTO_CLI
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.templates import all_rendered, is_rendered


def check_role_on(cluster: EmrCluster, role: Any) -> None:
    """EMR refuses a step with a runtime role on a cluster that cannot have any, when it is submitted."""
    release = releases.numbers_of(cluster.release_label)
    if cluster.security_configuration is None:
        rule, remedy = "a security configuration enables runtime roles", "give the cluster one: security_configuration="
    elif release and release < releases.RUNTIME_ROLES:
        rule, remedy = f"runtime roles need {releases.label_of(releases.RUNTIME_ROLES)}", "choose a newer release"
    elif is_rendered(cluster.instances) and cluster.instances.primaries == 3:
        rule, remedy = "three primaries have no runtime roles", "choose one primary"
    else:
        return
    raise InvalidSpec(f"execution_role_arn of a step on cluster {cluster.name}", role, rule, remedy)


def doubtful_program(step: Any, cluster: Any) -> Iterator[Misfit]:
    """A program that comes with no application of its own, on a release that is not known to have it."""
    if isinstance(step, Step) and step.part_of and isinstance(cluster, EmrCluster):
        label = cluster.release_label
        if not releases.known_on(label, step.part_of):
            program = f"{type(step).__name__} is a program of {step.part_of[0]}"
            yield Misfit("program-not-confirmed", f"{program}, and AWS's pages do not say that {label} has it")


def check_application(step: Step, cluster: EmrCluster) -> None:
    """EMR itself takes a step whose application is not installed, and fails it when it runs."""
    field = f"{type(step).__name__}({step.name!r})"
    for misfit in doubtful_program(step, cluster):
        rules.warn(
            field, cluster.release_label, misfit.text, "try it, or choose a release of emr-7.x", code=misfit.code
        )
    releases.check_some(field, step.requires, cluster.release_label)
    if not step.requires or not all_rendered(cluster.applications):
        return
    if not cluster.has(*step.requires):
        needed = releases.name_on(cluster.release_label, step.requires)
        raise InvalidSpec(
            field,
            ", ".join(cluster.applications),
            f"cluster {cluster.name} does not have {needed}",
            f"add it to the cluster's applications: {(*cluster.applications, needed)}",
        )
    release = releases.numbers_of(cluster.release_label)
    if isinstance(step, TrinoStep) and step.client == "trino-cli" and release and release < releases.TRINO_CLI:
        raise InvalidSpec(
            f"{type(step).__name__}({step.name!r}).client",
            step.client,
            f"on {cluster.release_label} the client of {' and '.join(TrinoStep.requires)} is {PRESTO_CLI}",
            f'write client="{PRESTO_CLI}"',
        )
