"""Instance fleets: listed, added, changed."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.instances import fleets_of, new_fleet
from airflow_emr_pipelines.emulator.ec2.actions.registry import PAGE, Emr, Request, ResponseBody, action, by_id, page
from airflow_emr_pipelines.emulator.ec2.instances import ON_DEMAND, SPOT, InstanceFleet
from airflow_emr_pipelines.emulator.ec2.responses import fleet_response

TARGETS = {"TargetOnDemandCapacity": ON_DEMAND, "TargetSpotCapacity": SPOT}


@action
async def list_instance_fleets(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.cluster(request["ClusterId"])
    found, marker = page(fleets_of(cluster), by_id, request, PAGE)
    return {"InstanceFleets": [fleet_response(cluster, fleet) for fleet in found], "Marker": marker}


@action
async def add_instance_fleet(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ClusterId"])
    release = rules.release_of(cluster.request["ReleaseLabel"])
    rules.added_fleet(request["InstanceFleet"], [fleet.role for fleet in fleets_of(cluster)], release)
    rules.supported_types(rules.types_of(request["InstanceFleet"]), cluster.request["ReleaseLabel"])
    fleet = new_fleet(request["InstanceFleet"], emr.clock.now())
    cluster.collections.append(fleet)
    emr.lifecycles.reshape(cluster)
    return {"ClusterId": cluster.id, "InstanceFleetId": fleet.id, "ClusterArn": cluster.arn}


@action
async def modify_instance_fleet(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ClusterId"])
    rules.running(cluster, "fleet")
    change = request["InstanceFleet"]
    found = [fleet for fleet in fleets_of(cluster) if fleet.id == change["InstanceFleetId"]]
    if not found:
        raise Refused(f"Instance fleet id '{change['InstanceFleetId']}' is not valid.")
    (fleet,) = found
    rules.modified_fleet(
        change,
        fleet.role,
        [change.get(member, fleet.target[market]) for member, market in TARGETS.items()],
        change.get("InstanceTypeConfigs") or fleet.type_configs,
        with_strategy=any(fleet.strategy(market) for market in (ON_DEMAND, SPOT)),
    )
    rules.supported_types(rules.types_of(change), cluster.request["ReleaseLabel"])
    _modify(fleet, change)
    emr.lifecycles.reshape(cluster)
    return {}


def _modify(fleet: InstanceFleet, change: Request) -> None:
    if any(member in change for member in TARGETS):
        if "TargetSpotCapacity" in change:
            fleet.switched = 0
        fleet.target.update({market: change[member] for member, market in TARGETS.items() if member in change})
        fleet.unsettled = True
    fleet.resize_specifications = change.get("ResizeSpecifications", fleet.resize_specifications)
    fleet.context = change.get("Context", fleet.context)
    if "InstanceTypeConfigs" in change:
        before = [fleet.configurations_of(instance) for instance in fleet.staying]
        fleet.type_configs = change["InstanceTypeConfigs"]
        if before != [fleet.configurations_of(instance) for instance in fleet.staying]:
            fleet.version += 1
