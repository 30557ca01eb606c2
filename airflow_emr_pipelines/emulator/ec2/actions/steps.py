"""Steps of a cluster."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.registry import PAGE, Emr, Request, ResponseBody, action, by_id, page
from airflow_emr_pipelines.emulator.ec2.ids import new_id
from airflow_emr_pipelines.emulator.ec2.model import Step
from airflow_emr_pipelines.emulator.ec2.responses import step_response, step_summary
from airflow_emr_pipelines.specs.ec2.states import StepState


@action
async def add_job_flow_steps(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.cluster(request["JobFlowId"])
    rules.added_steps(cluster, request["Steps"])
    role = request.get("ExecutionRoleArn")
    if role is not None:
        release = rules.release_of(cluster.request["ReleaseLabel"])
        rules.runtime_role(cluster.security, release, request["Steps"], primaries=cluster.primaries)
    new = [new_step(emr, config, role) for config in request["Steps"]]
    cluster.steps.extend(new)
    cluster.changed.set()
    return {"StepIds": [step.id for step in new]}


@action
async def list_steps(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.cluster(request["ClusterId"])
    ids, states = request.get("StepIds"), request.get("StepStates")
    if ids and len(ids) > 10:
        raise Refused(f"At most 10 step ids can be specified, not {len(ids)}.")
    if ids and states:
        raise Refused("StepIds and StepStates cannot be specified together.")
    known = {step.id for step in cluster.steps}
    for step_id in ids or ():
        if step_id not in known:
            raise Refused(f"Step id '{step_id}' is not valid.")

    def wanted(step: Step) -> bool:
        return (not ids or step.id in ids) and (not states or step.state.value in states)

    found, marker = page(cluster.steps[::-1], by_id, request, PAGE, wanted)
    return {"Steps": [step_summary(step) for step in found], "Marker": marker}


@action
async def describe_step(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.cluster(request["ClusterId"])
    for step in cluster.steps:
        if step.id == request["StepId"]:
            return {"Step": step_response(step)}
    raise Refused(f"Step id '{request['StepId']}' is not valid.")


@action
async def cancel_steps(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ClusterId"])
    if not request["StepIds"] or len(request["StepIds"]) > 256:
        raise Refused("1 to 256 step ids can be specified.")
    kill = request.get("StepCancellationOption") == "TERMINATE_PROCESS"
    release = rules.release_of(cluster.request["ReleaseLabel"])
    steps = {step.id: step for step in cluster.steps}
    infos = []
    for step_id in request["StepIds"]:
        step = steps.get(step_id)
        if step is None:
            infos.append({"StepId": step_id, "Status": "FAILED", "Reason": f"Step id '{step_id}' is not valid."})
        elif reason := rules.not_cancellable(step, release):
            infos.append({"StepId": step_id, "Status": "FAILED", "Reason": reason})
        else:
            await emr.lifecycles.cancel(cluster, step, kill=kill)
            infos.append({"StepId": step_id, "Status": "SUBMITTED"})
    return {"CancelStepsInfoList": infos}


def new_step(emr: Emr, config: Request, role: str | None) -> Step:
    jar_step = dict(config["HadoopJarStep"])
    jar_step["Properties"] = {item["Key"]: item.get("Value", "") for item in jar_step.get("Properties", ())}
    return Step(
        id=new_id("s-"),
        name=config["Name"],
        config=jar_step,
        action_on_failure=config.get("ActionOnFailure", "CONTINUE"),
        created=emr.clock.now(),
        logs=config.get("StepMonitoringConfiguration", {}).get("S3MonitoringConfiguration", {}),
        execution_role=role,
        state=StepState.PENDING,
    )
