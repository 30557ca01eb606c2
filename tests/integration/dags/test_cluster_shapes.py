"""The clusters to copy from: requests that EMR's own model takes, and what the emulator makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import cluster_shapes
import pytest
from botocore.session import get_session
from botocore.validate import validate_parameters
from cluster_shapes import SHAPES

from airflow_emr_pipelines import (
    EmrCluster,
    InstanceFleets,
    InstanceGroups,
    InstancePrice,
    Prices,
    ShellStep,
    hourly_cost,
    instance_types_of,
)
from airflow_emr_pipelines.specs.ec2.presets import (
    data_engineering_cluster,
    interactive_analytics_cluster,
    multi_tenant_cluster,
    spark_analytics_cluster,
)
from airflow_emr_pipelines.specs.ec2.render.cluster import render_cluster
from airflow_emr_pipelines.specs.ec2.render.step import render_step
from local.local_emulator import LocalEmulator
from local.seed import Landed

PRESETS = (
    spark_analytics_cluster("spark-analytics"),
    data_engineering_cluster("data-engineering"),
    interactive_analytics_cluster("interactive-analytics"),
    interactive_analytics_cluster("interactive-analytics-before", release_label="emr-6.15.0"),
    multi_tenant_cluster("multi-tenant", ["ewr", "jfk", "lga"]),
)
"""Those that no shape is made of."""
ALL = (*SHAPES, *PRESETS)
BY_NAME = {cluster.name: cluster for cluster in ALL}
KERBEROS = {
    "AuthenticationConfiguration": {
        "KerberosConfiguration": {
            "Provider": "ClusterDedicatedKdc",
            "ClusterDedicatedKdcConfiguration": {"TicketLifetimeInHours": 24},
        }
    }
}
SECRET = "the key of the monitoring service"
Make = Callable[[str], str]

GROUPS: dict[str, list[tuple[str, str, int, str, list[int]]]] = {
    "ml-platform": [
        ("MASTER", "r5.4xlarge", 1, "ON_DEMAND", []),
        ("CORE", "r5.2xlarge", 4, "ON_DEMAND", [500]),
        ("TASK", "g5.2xlarge", 2, "ON_DEMAND", [1000]),
        ("TASK", "c5.4xlarge", 2, "SPOT", []),
    ],
    "streaming-platform": [
        ("MASTER", "m5.xlarge", 1, "ON_DEMAND", []),
        ("CORE", "r5.xlarge", 6, "ON_DEMAND", []),
        ("TASK", "c5.2xlarge", 8, "ON_DEMAND", []),
    ],
    "multi-tenant-platform": [
        ("MASTER", "r5.2xlarge", 3, "ON_DEMAND", []),
        ("CORE", "r5.xlarge", 8, "ON_DEMAND", [200]),
        ("TASK", "m5.2xlarge", 2, "ON_DEMAND", []),
        ("TASK", "m5.2xlarge", 2, "ON_DEMAND", []),
        ("TASK", "m5.xlarge", 2, "ON_DEMAND", []),
    ],
    "memory-optimized": [("MASTER", "r5.2xlarge", 1, "ON_DEMAND", []), ("CORE", "r5.8xlarge", 6, "ON_DEMAND", [500])],
    "io-optimized": [("MASTER", "m5.xlarge", 1, "ON_DEMAND", []), ("CORE", "i3.2xlarge", 8, "ON_DEMAND", [])],
    "log-etl": [
        ("MASTER", "m5.xlarge", 1, "ON_DEMAND", []),
        ("CORE", "m5.xlarge", 2, "ON_DEMAND", [100]),
        ("TASK", "m5.2xlarge", 6, "SPOT", []),
    ],
    "data-science": [
        ("MASTER", "m5.2xlarge", 1, "ON_DEMAND", []),
        ("CORE", "r5.2xlarge", 3, "ON_DEMAND", [200]),
        ("TASK", "g5.2xlarge", 1, "SPOT", [200]),
    ],
}


@pytest.fixture(scope="module")
def emr(emulator: LocalEmulator, landed: Landed) -> Any:
    """The service, with what the shapes name: bootstrap scripts, a security configuration, a secret."""
    emr = emulator.client("emr")
    emr.create_security_configuration(Name="clinical-kerberos", SecurityConfiguration=json.dumps(KERBEROS))
    emulator.client("secretsmanager").create_secret(Name="monitoring/api-key", SecretString=SECRET)
    return emr


@pytest.fixture(scope="module")
def made(emr: Any) -> Iterator[Make]:
    """The id of a shape's cluster, which is made when it is first asked for."""
    ids: dict[str, str] = {}

    def make(name: str) -> str:
        if name not in ids:
            request = render_cluster(BY_NAME[name], reveal=lambda secret: f"the password of {secret.conn_id}")
            ids[name] = emr.run_job_flow(**request)["JobFlowId"]
        return ids[name]

    yield make
    for cluster_id in ids.values():
        emr.set_termination_protection(JobFlowIds=[cluster_id], TerminationProtected=False)
        emr.terminate_job_flows(JobFlowIds=[cluster_id])


def properties_of(name: str) -> dict[str, dict[str, str]]:
    """The properties of each classification, with those of an environment's export."""

    def parts(configuration: dict[str, Any]) -> dict[str, str]:
        inner = configuration.get("Configurations", [])
        return {**configuration["Properties"], **{key: value for part in inner for key, value in parts(part).items()}}

    configurations = render_cluster(BY_NAME[name])["Configurations"]
    found = {configuration["Classification"]: parts(configuration) for configuration in configurations}
    assert len(found) == len(configurations), "a classification stands there twice"
    return found


@pytest.mark.parametrize("cluster", ALL, ids=lambda cluster: cluster.name)
def test_a_shape_is_a_request_of_emrs_own_model(cluster: EmrCluster) -> None:
    shape = get_session().get_service_model("emr").operation_model("RunJobFlow").input_shape
    assert shape is not None
    validate_parameters(render_cluster(cluster), shape)
    properties_of(cluster.name)


@pytest.mark.parametrize("cluster", ALL, ids=lambda cluster: cluster.name)
def test_a_shape_comes_up_as_it_says(emr: Any, made: Make, cluster: EmrCluster) -> None:
    cluster_id = made(cluster.name)
    emr.get_waiter("cluster_running").wait(ClusterId=cluster_id, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    told = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
    in_fleets = isinstance(cluster.instances, InstanceFleets)
    assert told["InstanceCollectionType"] == ("INSTANCE_FLEET" if in_fleets else "INSTANCE_GROUP")
    assert {each["Name"] for each in told["Applications"]} == set(cluster.applications)
    assert told["StepConcurrencyLevel"] == cluster.step_concurrency
    three = cluster.instances.primaries == 3
    assert told["TerminationProtected"] is (cluster.termination_protected or three)
    assert told.get("LogEncryptionKmsKeyId") == cluster.log_encryption_kms_key_id
    assert told.get("CustomAmiId") == cluster.custom_ami_id
    assert told.get("SecurityConfiguration") == cluster.security_configuration
    assert {tag["Key"]: tag["Value"] for tag in told["Tags"]}.items() >= dict(cluster.tags).items()
    policy = emr.get_auto_termination_policy(ClusterId=cluster_id).get("AutoTerminationPolicy", {})
    assert policy.get("IdleTimeout") == cluster.idle_timeout


def test_emr_has_all_their_instance_types(emr: Any) -> None:
    there, more = set(), {"ReleaseLabel": cluster_shapes.RELEASE}
    while more:
        page = emr.list_supported_instance_types(**more)
        there |= {one["Type"] for one in page["SupportedInstanceTypes"]}
        more = {**more, "Marker": page["Marker"]} if "Marker" in page else {}
    assert {name for cluster in ALL for name in instance_types_of(cluster)} <= there


@pytest.mark.parametrize("name", GROUPS)
def test_its_groups_are_those_of_the_table(emr: Any, made: Make, name: str) -> None:
    groups = emr.list_instance_groups(ClusterId=made(name))["InstanceGroups"]
    found = [
        (
            group["InstanceGroupType"],
            group["InstanceType"],
            group["RequestedInstanceCount"],
            group["Market"],
            [volume["VolumeSpecification"]["SizeInGB"] for volume in group.get("EbsBlockDevices", [])],
        )
        for group in groups
    ]
    assert sorted(found) == sorted(GROUPS[name])


def test_every_shape_of_groups_is_in_the_table() -> None:
    assert set(GROUPS) == {shape.name for shape in SHAPES if isinstance(shape.instances, InstanceGroups)}


def fleets_of(emr: Any, cluster_id: str) -> dict[str, Any]:
    return {
        each["InstanceFleetType"]: each for each in emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
    }


def test_the_unified_platform_is_in_three_zones_with_volumes_and_a_way_off_the_spot_market(
    emr: Any, made: Make
) -> None:
    cluster_id = made("unified-analytics-platform")
    fleets = fleets_of(emr, cluster_id)
    targets = {role: (each["TargetOnDemandCapacity"], each["TargetSpotCapacity"]) for role, each in fleets.items()}
    assert targets == {"MASTER": (1, 0), "CORE": (6, 0), "TASK": (4, 8)}
    (core,) = fleets["CORE"]["InstanceTypeSpecifications"]
    volumes = [volume["VolumeSpecification"] for volume in core["EbsBlockDevices"]]
    assert volumes == [{"VolumeType": "gp3", "SizeInGB": 200, "Iops": 8000}] * 2
    types = {each["InstanceType"]: each["Priority"] for each in fleets["TASK"]["InstanceTypeSpecifications"]}
    assert types == {"m5.2xlarge": 0, "c5.xlarge": 1}
    assert fleets["TASK"]["LaunchSpecifications"]["SpotSpecification"] == {
        "TimeoutDurationMinutes": 20,
        "TimeoutAction": "SWITCH_TO_ON_DEMAND",
        "AllocationStrategy": "capacity-optimized-prioritized",
    }
    limits = emr.get_managed_scaling_policy(ClusterId=cluster_id)["ManagedScalingPolicy"]["ComputeLimits"]
    spot = [
        limits[f"{bound}CapacityUnits"] - limits["MaximumOnDemandCapacityUnits"] for bound in ("Minimum", "Maximum")
    ]
    assert (spot, limits["MaximumOnDemandCapacityUnits"], limits["MaximumCoreCapacityUnits"]) == ([4, 50], 10, 6)
    assert len(render_cluster(BY_NAME["unified-analytics-platform"])["Instances"]["Ec2SubnetIds"]) == 3


def test_the_settings_of_the_unified_platform() -> None:
    found = properties_of("unified-analytics-platform")
    spark, hive = found["spark-defaults"], found["hive-site"]
    assert (spark["spark.dynamicAllocation.minExecutors"], spark["spark.dynamicAllocation.maxExecutors"]) == (
        "8",
        "200",
    )
    for name in ("spark.sql.adaptive.enabled", "spark.sql.adaptive.skewJoin.enabled", "spark.speculation"):
        assert spark[name] == "true"
    assert hive["hive.metastore.client.factory.class"].endswith("AWSGlueDataCatalogHiveClientFactory")
    assert found["spark-hive-site"] == {
        "hive.metastore.client.factory.class": hive["hive.metastore.client.factory.class"]
    }
    assert (hive["hive.exec.parallel"], hive["hive.vectorized.execution.enabled"]) == ("true", "true")
    assert found["hadoop-env"] == {"HADOOP_NAMENODE_HEAPSIZE": "4096", "HADOOP_DATANODE_HEAPSIZE": "4096"}
    assert found["yarn-site"]["yarn.nm.liveness-monitor.expiry-interval-ms"] == "600000"


def test_no_secret_stands_where_a_cluster_is_described(emr: Any, made: Make) -> None:
    actions = emr.list_bootstrap_actions(ClusterId=made("unified-analytics-platform"))["BootstrapActions"]
    assert [action["Name"] for action in actions] == ["Libraries", "Key of monitoring"]
    assert SECRET not in json.dumps(actions)
    assert "password" not in json.dumps(render_cluster(BY_NAME["genomics"]))


@pytest.mark.parametrize(
    ("name", "proof"),
    [
        (
            "unified-analytics-platform",
            f"test $(stat -c %a ~/monitoring/key) = 600 && grep -qx '{SECRET}' ~/monitoring/key",
        ),
        ("streaming-platform", f"grep -qx 'bootstrap.servers={cluster_shapes.BROKERS}' ~/kafka/client.properties"),
    ],
)
def test_a_step_finds_what_the_bootstrap_actions_left(emr: Any, made: Make, name: str, proof: str) -> None:
    cluster_id = made(name)
    step = render_step(ShellStep("proof", proof))
    (step_id,) = emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=[step])["StepIds"]
    found = {"ClusterId": cluster_id, "StepId": step_id}
    emr.get_waiter("step_complete").wait(**found, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    assert emr.describe_step(**found)["Step"]["Status"]["State"] == "COMPLETED"


@pytest.mark.parametrize(
    ("name", "machine", "bounds"),
    [("ml-platform", "c5.4xlarge", (2, 20)), ("streaming-platform", "c5.2xlarge", (4, 32))],
)
def test_rules_grow_and_shrink_one_group_by_the_memory_of_its_own_cluster(
    emr: Any, made: Make, name: str, machine: str, bounds: tuple[int, int]
) -> None:
    cluster_id = made(name)
    groups = emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]
    (scaled,) = [group for group in groups if "AutoScalingPolicy" in group]
    policy = scaled["AutoScalingPolicy"]
    assert scaled["InstanceType"] == machine
    assert (policy["Constraints"]["MinCapacity"], policy["Constraints"]["MaxCapacity"]) == bounds
    alarms = [rule["Trigger"]["CloudWatchAlarmDefinition"] for rule in policy["Rules"]]
    assert [(alarm["ComparisonOperator"], alarm["Threshold"], alarm["Period"]) for alarm in alarms] == [
        ("LESS_THAN", 15, 300),
        ("GREATER_THAN", 75, 300),
    ]
    assert {dimension["Value"] for alarm in alarms for dimension in alarm["Dimensions"]} == {"${emr.clusterId}"}
    assert emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["AutoScalingRole"] == "EMR_AutoScaling_DefaultRole"


def test_the_settings_of_the_ml_platforms() -> None:
    for name in ("ml-platform", "data-science"):
        spark = properties_of(name)["spark-defaults"]
        assert spark["spark.sql.execution.arrow.pyspark.enabled"] == "true"
        assert spark["spark.kryoserializer.buffer.max"] == "512m"
        assert properties_of(name)["jupyter-s3-conf"]["s3.persistence.bucket"] == "ml-notebooks"
    assert properties_of("data-science")["spark-env"] == {"MODEL_STORE": "s3://model-registry/"}
    assert [action.name for action in cluster_shapes.ML_PLATFORM.bootstrap_actions] == ["CUDA", "Libraries"]


def test_the_settings_of_the_streaming_platform() -> None:
    found = properties_of("streaming-platform")
    assert found["spark-defaults"] == {
        "spark.dynamicAllocation.enabled": "false",
        "spark.streaming.backpressure.enabled": "true",
        "spark.streaming.receiver.writeAheadLog.enable": "true",
    }
    assert found["flink-conf"] == {
        "state.backend": "rocksdb",
        "state.backend.incremental": "true",
        "state.checkpoints.dir": "s3://flink-checkpoints/platform/",
        "execution.checkpointing.interval": "60 s",
    }


def test_the_tenants_have_queues_groups_and_three_primaries_apart(emr: Any, made: Make) -> None:
    queues = properties_of("multi-tenant-platform")["capacity-scheduler"]
    assert queues["yarn.scheduler.capacity.root.queues"] == "default,ewr,jfk,lga"
    assert queues["yarn.scheduler.capacity.root.ewr.capacity"] == "35"
    spark = properties_of("multi-tenant-platform")["spark-defaults"]
    assert (spark["spark.dynamicAllocation.minExecutors"], spark["spark.dynamicAllocation.maxExecutors"]) == ("4", "80")
    told = emr.describe_cluster(ClusterId=made("multi-tenant-platform"))["Cluster"]
    assert told["PlacementGroups"] == [{"InstanceRole": "MASTER", "PlacementStrategy": "SPREAD"}]
    names = {group["Name"] for group in emr.list_instance_groups(ClusterId=told["Id"])["InstanceGroups"]}
    assert names >= {"Tenant ewr", "Tenant jfk", "Tenant lga"}


@pytest.mark.parametrize(
    ("name", "steps", "idle"),
    [("unified-analytics-platform", 5, 3600), ("ml-platform", 3, 4 * 3600), ("streaming-platform", 8, 2 * 3600)],
)
def test_how_many_steps_run_at_once_and_how_long_it_may_idle(name: str, steps: int, idle: int) -> None:
    request = render_cluster(BY_NAME[name])
    assert (request["StepConcurrencyLevel"], request["AutoTerminationPolicy"]) == (steps, {"IdleTimeout": idle})


def test_the_settings_of_the_platforms_for_memory_and_disks() -> None:
    spark = properties_of("memory-optimized")["spark-defaults"]
    assert (spark["spark.executor.memory"], spark["spark.sql.files.maxPartitionBytes"]) == ("24g", "256m")
    assert properties_of("io-optimized")["hdfs-site"]["dfs.datanode.max.transfer.threads"] == "16384"


def test_the_genomics_fleets_choose_among_types_by_strategy(emr: Any, made: Make) -> None:
    cluster_id = made("genomics")
    fleets = fleets_of(emr, cluster_id)
    weights = {each["InstanceType"]: each["WeightedCapacity"] for each in fleets["TASK"]["InstanceTypeSpecifications"]}
    assert weights == dict.fromkeys(("r5.4xlarge", "r5a.4xlarge"), 16) | dict.fromkeys(
        ("r5.8xlarge", "r5a.8xlarge", "m5.8xlarge", "m5a.8xlarge"), 32
    )
    spot = fleets["TASK"]["LaunchSpecifications"]["SpotSpecification"]
    assert spot["AllocationStrategy"] == "price-capacity-optimized"
    assert emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["KerberosAttributes"]["Realm"] == "EC2.INTERNAL"
    limits = emr.get_managed_scaling_policy(ClusterId=cluster_id)["ManagedScalingPolicy"]["ComputeLimits"]
    assert (limits["MinimumCapacityUnits"], limits["MaximumCapacityUnits"]) == (64, 640)


def test_the_log_etl_keeps_application_masters_off_the_spot_market() -> None:
    yarn = properties_of("log-etl")["yarn-site"]
    assert yarn["yarn.node-labels.am.default-node-label-expression"] == "CORE"
    assert render_cluster(BY_NAME["log-etl"])["ScaleDownBehavior"] == "TERMINATE_AT_TASK_COMPLETION"


@pytest.mark.parametrize("cluster", ALL, ids=lambda cluster: cluster.name)
def test_a_shape_has_a_cost_that_follows_from_its_prices(cluster: EmrCluster) -> None:
    types = instance_types_of(cluster)
    cost = hourly_cost(cluster, Prices({name: InstancePrice(1.0, 0.25, spot=0.5) for name in types}, 0.08))
    assert cost.unknown == ()
    assert 1.25 < cost.total.least <= cost.total.most
    scales = cluster.managed_scaling is not None or cluster.auto_scaling_role is not None
    assert (cost.total.least < cost.total.most) is scales
