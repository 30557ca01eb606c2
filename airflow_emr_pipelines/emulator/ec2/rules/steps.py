"""Steps: submitted and cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airflow_emr_pipelines.emulator.aws.errors import TOO_MANY_STEPS, Refused
from airflow_emr_pipelines.emulator.ec2.model import Cluster, Step
from airflow_emr_pipelines.emulator.ec2.rules.clusters import modifiable
from airflow_emr_pipelines.emulator.ec2.rules.logs import log_uri
from airflow_emr_pipelines.emulator.ec2.rules.releases import Release, Request
from airflow_emr_pipelines.specs.ec2.states import StepState

MOST_ACTIVE_STEPS = 256
MOST_ARGUMENT_CHARACTERS = 10_240


def not_cancellable(step: Step, release: Release) -> str | None:
    """Why a step cannot be cancelled."""
    if step.state.finished:
        return f"Step {step.id} has ended {step.state.value} and cannot be cancelled."
    if release < (4, 8, 0) or release == (5, 0, 0):
        return "Steps can be cancelled from emr-4.8.0 on, except in emr-5.0.0."
    if step.state is not StepState.PENDING and release < (5, 28, 0):
        return "Running steps can be cancelled from emr-5.28.0 on."
    return None


def added_steps(cluster: Cluster, new: Sequence[Request]) -> None:
    """Refuse an AddJobFlowSteps that EMR would refuse."""
    modifiable(cluster)
    if not new:
        raise Refused("At least one step is required.")
    steps(new, cluster.step_concurrency, active=len(cluster.active_steps))


def steps(new: Sequence[Request], concurrency: int, *, active: int) -> None:
    """Refuse steps that EMR would refuse, on a cluster that has so many active ones."""
    if active + len(new) > MOST_ACTIVE_STEPS:
        raise Refused(TOO_MANY_STEPS)
    for step in new:
        own_logs = step.get("StepMonitoringConfiguration", {}).get("S3MonitoringConfiguration", {})
        if "LogUri" in own_logs:
            log_uri(own_logs["LogUri"])
        action = step.get("ActionOnFailure", "CONTINUE")
        if concurrency > 1 and action != "CONTINUE":
            raise Refused(
                f"ActionOnFailure {action} of step {step['Name']!r} is not supported when the step concurrency level "
                f"is greater than 1 ({concurrency}): only CONTINUE is."
            )
        if any("Key" not in item for item in step["HadoopJarStep"].get("Properties", ())):
            raise Refused(f"A property of step {step['Name']!r} has no Key.")
        length = sum(len(text) for text in _strings(step["HadoopJarStep"]))
        if length > MOST_ARGUMENT_CHARACTERS:
            raise Refused(
                f"The arguments of step {step['Name']!r} have {length} characters; the maximum is "
                f"{MOST_ARGUMENT_CHARACTERS}."
            )


def _strings(jar_step: Request) -> Iterable[str]:
    yield jar_step["Jar"]
    yield jar_step.get("MainClass", "")
    yield from jar_step.get("Args", ())
    for item in jar_step.get("Properties", ()):
        yield item.get("Key", "")
        yield item.get("Value", "")
