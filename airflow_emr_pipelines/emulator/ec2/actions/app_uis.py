"""The user interfaces of a cluster's applications: of those, Spark's history server."""

from __future__ import annotations

from datetime import timedelta

from airflow_emr_pipelines.emulator.aws.errors import Refused, not_emulated
from airflow_emr_pipelines.emulator.ec2 import app_uis, rules
from airflow_emr_pipelines.emulator.ec2.actions.registry import ACCOUNT, Emr, Request, ResponseBody, action
from airflow_emr_pipelines.emulator.ec2.ids import new_id
from airflow_emr_pipelines.emulator.ec2.model import Cluster, PersistentAppUi
from airflow_emr_pipelines.emulator.host.java import MissingExtra

KEPT = timedelta(days=30)
"""How long a persistent user interface is there."""
SPARK, SPARK_ON_CLUSTER = "SHS", "SparkHistoryServer"


@action
async def create_persistent_app_ui(emr: Emr, request: Request) -> ResponseBody:
    """A second one of the same cluster is the first: clients make one whenever somebody wants to look."""
    if ":emr-containers:" in request["TargetResourceArn"] or "EMRContainersConfig" in request:
        raise not_emulated("persistent application user interfaces of EMR on EKS")
    cluster_id = rules.cluster_of(request["TargetResourceArn"], emr.region)
    cluster = emr.cluster(cluster_id)
    kind = request.get("ProfilerType", SPARK)
    active = [one for one in emr.settings.app_uis.values() if emr.clock.now() - one.created < KEPT]
    there = [one for one in active if one.cluster_id == cluster_id and kind == SPARK]
    rules.new_persistent_ui(cluster, kind, active=len(active) - len(there))
    if kind != SPARK:
        raise not_emulated(f"persistent application user interfaces for {kind}")
    rules.tags(request.get("Tags", ()), {})
    if not there:
        there = [PersistentAppUi(new_id("p-"), cluster_id, emr.clock.now(), request.get("Tags", ()))]
        emr.settings.app_uis[there[0].id] = there[0]
    return {
        "PersistentAppUIId": there[0].id,
        "RuntimeRoleEnabledCluster": rules.has_runtime_roles(cluster.security),
    }


@action
async def describe_persistent_app_ui(emr: Emr, request: Request) -> ResponseBody:
    found = _named(emr, request)
    return {
        "PersistentAppUI": {
            "PersistentAppUIId": found.id,
            "PersistentAppUITypeList": [SPARK],
            "PersistentAppUIStatus": "ATTACHED",
            "AuthorId": ACCOUNT,
            "CreationTime": found.created,
            "LastModifiedTime": found.created,
            "Tags": found.tags,
        }
    }


@action
async def get_persistent_app_ui_presigned_url(emr: Emr, request: Request) -> ResponseBody:
    found = _named(emr, request)
    kind = request.get("PersistentAppUIType", SPARK)
    if kind != SPARK:
        raise not_emulated(f"persistent application user interfaces for {kind}")
    cluster = emr.cluster(found.cluster_id)
    return _presigned(emr, cluster, request)


@action
async def get_on_cluster_app_ui_presigned_url(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.cluster(request["ClusterId"])
    kind = request.get("OnClusterAppUIType")
    if kind is None:
        raise Refused("An OnClusterAppUIType is required.")
    rules.on_cluster_ui(cluster)
    if kind != SPARK_ON_CLUSTER:
        raise not_emulated(f"the user interface {kind} of a cluster")
    if request.get("DryRun"):
        return {"PresignedURLReady": False}
    return _presigned(emr, cluster, request)


def _named(emr: Emr, request: Request) -> PersistentAppUi:
    found = emr.settings.app_uis.get(request["PersistentAppUIId"])
    if found is None or emr.clock.now() - found.created >= KEPT:
        raise Refused(f"Persistent application user interface id '{request['PersistentAppUIId']}' is not valid.")
    return found


def _presigned(emr: Emr, cluster: Cluster, request: Request) -> ResponseBody:
    """The address, as soon as something answers there."""
    try:
        ready = emr.lifecycles.runner.history.wake()
    except MissingExtra as missing:
        raise not_emulated(f"Spark's history server as it is installed: {missing}") from None
    if not ready:
        return {"PresignedURLReady": False}
    return {
        "PresignedURLReady": True,
        "PresignedURL": emr.url + app_uis.path_to(cluster, request.get("ApplicationId")),
    }
