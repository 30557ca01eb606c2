"""Clusters as RunJobFlow, Airflow's stock operators and the AWS CLI write them, read into ours."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.cluster import BootstrapAction, EmrCluster, RootVolume
from airflow_emr_pipelines.specs.configurations import Configuration
from airflow_emr_pipelines.specs.fleets import (
    CapacityReservation,
    Fleet,
    InstanceFleets,
    InstanceTypeConfig,
    OnDemandProvisioning,
    OnDemandResizing,
    SpotProvisioning,
    SpotResizing,
)
from airflow_emr_pipelines.specs.instances import EbsVolumes, Group, InstanceGroups
from airflow_emr_pipelines.specs.kerberos import KerberosAttributes
from airflow_emr_pipelines.specs.late import is_text, known
from airflow_emr_pipelines.specs.monitoring import CloudWatchLogs, MonitoringConfiguration
from airflow_emr_pipelines.specs.releases import lacks_idle_policy, numbers_of
from airflow_emr_pipelines.specs.rules import article, by_key, choice, nearest, whole
from airflow_emr_pipelines.specs.scaling import AutoScaling, ManagedScaling, ScalingRule

MARKETS = ("ON_DEMAND", "SPOT", "")
AT_ON_DEMAND_PRICE = "OnDemandPrice"
"""What the AWS CLI takes as a bid, and sends as none."""
NEW = (99, 0, 0)

Read = Callable[["Members"], Any]

DEAD = {
    "AmiVersion": "AMI versions are gone: name a ReleaseLabel",
    "SupportedProducts": "it is of AMI versions: name Applications",
    "NewSupportedProducts": "it is of AMI versions: name Applications",
    "HadoopVersion": "the release says it: leave it out",
    "Version": "the release says it: leave it out",
    "Args": "an application takes its settings from Configurations: leave it out",
    "BlockDurationMinutes": "EC2 has no spot blocks since 2022: leave it out",
}
"""Members that nothing is to be made of, and the way out of each."""


class Members:
    """The members of a structure of a request; whoever leaves the block must have taken all of them."""

    def __init__(self, told: str, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise InvalidSpec(told, value, f"it is a mapping, not {article(value)}", f"write {{…}} for {told}")
        self.told = told
        self._left = dict(value)
        self._known: list[str] = []

    def take(self, name: str, default: Any = None) -> Any:
        """The member's value."""
        self._known.append(name)
        value = self._left.pop(name, None)
        return default if value is None else value

    def need(self, name: str) -> Any:
        """The value of a member that has to be there."""
        value = self.take(name)
        if value is None:
            for near in difflib.get_close_matches(name, [*self._left], n=1):  # a misspelt member is not missing
                raise InvalidSpec(
                    f"{self.told}.{near}", self._left[near], "it is not understood here", f"did you mean {name}?"
                )
            raise InvalidSpec(f"{self.told}.{name}", None, "it is missing", f"add {name}")
        return value

    def part(self, name: str, read: Read, *, apart: bool = False) -> Any:
        """A structure within, read, or None where it is not given.

        :param apart: several fields of ours are made of it, so it has to be known now
        """
        value = self.take(name)
        return None if value is None else self._read(name, value, read, apart=apart)

    def needed(self, name: str, read: Read) -> Any:
        """A structure within that has to be there, taken apart."""
        return self._read(name, self.need(name), read, apart=True)

    def parts(self, name: str, read: Read, *, apart: bool = False) -> Any:
        """A list of structures within, read."""
        values = self.take(name, ())
        if not known(values) and not apart:
            return values
        if not isinstance(values, Sequence) or isinstance(values, str):
            raise InvalidSpec(f"{self.told}.{name}", values, "it is a list", "write […]")
        return [self._read(f"{name}[{place}]", value, read, apart=apart) for place, value in enumerate(values)]

    def _read(self, name: str, value: Any, read: Read, *, apart: bool) -> Any:
        if known(value):
            return read_members(f"{self.told}.{name}", value, read)
        if apart:
            raise InvalidSpec(f"{self.told}.{name}", value, "it is not known yet", "write it out")
        return value

    def close(self) -> None:
        """Refuse what is left: nothing is lost silently."""
        for name, value in self._left.items():
            if value is not None:
                way_out = DEAD.get(name) or nearest(name, self._known)
                raise InvalidSpec(f"{self.told}.{name}", value, "it is not understood here", way_out)


def read_members(told: str, value: Any, read: Read) -> Any:
    """What ``read`` makes of a structure, all of whose members it must take."""
    members = Members(told, value)
    try:
        made = read(members)
    except InvalidSpec as error:
        if error.field.startswith(told):
            raise
        raise InvalidSpec(f"{told}: {error.field}", error.value, error.rule, error.remedy) from error
    members.close()
    return made


def read_cluster(request: Mapping[str, Any]) -> EmrCluster:
    """The cluster of a RunJobFlow."""
    cluster: EmrCluster = read_members("RunJobFlow", request, _cluster)
    return cluster


def _cluster(cluster: Members) -> EmrCluster:
    if cluster.take("Steps"):
        raise InvalidSpec(
            f"{cluster.told}.Steps",
            "steps",
            "they are not part of a cluster here",
            "take them out, read each by Step.from_request, and make tasks of them, cluster.run(step), or hand them to "
            "EmrCreateClusterOperator(steps=…)",
        )
    cluster.take("VisibleToAllUsers")  # has no effect any more
    fields = {
        "name": cluster.need("Name"),
        "release_label": cluster.need("ReleaseLabel"),
        "applications": cluster.parts("Applications", lambda application: application.take("Name")),
        "configurations": cluster.parts("Configurations", _configuration),
        "bootstrap_actions": cluster.parts("BootstrapActions", _bootstrap_action),
        "log_uri": cluster.take("LogUri"),
        "log_encryption_kms_key_id": cluster.take("LogEncryptionKmsKeyId"),
        "monitoring": cluster.part("MonitoringConfiguration", _monitoring),
        "service_role": cluster.take("ServiceRole"),
        "job_flow_role": cluster.take("JobFlowRole"),
        "auto_scaling_role": cluster.take("AutoScalingRole"),
        "step_execution_role_arn": cluster.take("StepExecutionRoleArn"),
        "security_configuration": cluster.take("SecurityConfiguration"),
        "managed_scaling": cluster.part("ManagedScalingPolicy", _managed_scaling),
        "scale_down_behavior": cluster.take("ScaleDownBehavior"),
        "spread_primaries": _spread(cluster),
        "custom_ami_id": cluster.take("CustomAmiId"),
        "root_volume": _root_volume(cluster),
        "os_release_label": cluster.take("OSReleaseLabel"),
        "repo_upgrade_on_boot": cluster.take("RepoUpgradeOnBoot"),
        "session_enabled": cluster.take("SessionEnabled"),
        "extended_support": cluster.take("ExtendedSupport"),
        "step_concurrency": cluster.take("StepConcurrencyLevel"),
        "additional_info": cluster.take("AdditionalInfo"),
        "kerberos": cluster.part("KerberosAttributes", _kerberos),
        "tags": _tags(cluster),
        **cluster.needed("Instances", lambda instances: dict(_instances(instances))),
    }
    if isinstance(fields["instances"], InstanceGroups):
        fields = _in_one_place(fields)
    idle = cluster.part("AutoTerminationPolicy", lambda policy: policy.take("IdleTimeout", 3600))
    kept_alive, lacking = fields.pop("kept_alive", None), lacks_idle_policy(numbers_of(fields["release_label"]) or NEW)
    if idle is not None or kept_alive or lacking:
        return EmrCluster(**_some(**fields), idle_timeout=idle)
    return EmrCluster(**_some(**fields))


def _instances(instances: Members) -> Iterator[tuple[str, Any]]:
    yield "kept_alive", instances.take("KeepJobFlowAliveWhenNoSteps")
    for name, member in (
        ("termination_protected", "TerminationProtected"),
        ("unhealthy_node_replacement", "UnhealthyNodeReplacement"),
        ("ec2_subnet_id", "Ec2SubnetId"),
        ("ec2_subnet_ids", "Ec2SubnetIds"),
        ("ec2_key_name", "Ec2KeyName"),
        ("emr_managed_master_security_group", "EmrManagedMasterSecurityGroup"),
        ("emr_managed_slave_security_group", "EmrManagedSlaveSecurityGroup"),
        ("service_access_security_group", "ServiceAccessSecurityGroup"),
        ("additional_master_security_groups", "AdditionalMasterSecurityGroups"),
        ("additional_slave_security_groups", "AdditionalSlaveSecurityGroups"),
    ):
        yield name, instances.take(member)
    placement = instances.part(
        "Placement",
        lambda place: {
            "availability_zone": place.take("AvailabilityZone"),
            "availability_zones": place.take("AvailabilityZones"),
        },
        apart=True,
    )
    yield from (placement or {}).items()
    yield "instances", _groups_or_fleets(instances)


def _in_one_place(fields: dict[str, Any]) -> dict[str, Any]:
    """Groups are in one place, which a request may also say as a list of one."""
    for several in ("ec2_subnet_ids", "availability_zones"):
        places, one = fields.get(several), several.removesuffix("s")
        if isinstance(places, list) and len(places) == 1 and fields.get(one) is None:
            fields = {**fields, several: None, one: places[0]}
    return fields


def _groups_or_fleets(instances: Members) -> Any:
    groups = instances.parts("InstanceGroups", _group, apart=True)
    fleets = instances.parts("InstanceFleets", _fleet, apart=True)
    simple = [instances.take(name) for name in ("MasterInstanceType", "SlaveInstanceType", "InstanceCount")]
    if sum(map(bool, (groups, fleets, any(simple)))) != 1:
        raise InvalidSpec(
            instances.told,
            "instances",
            "a cluster has InstanceGroups, InstanceFleets or MasterInstanceType and InstanceCount",
            "give one of the three",
        )
    if any(simple):
        primary, core, asked = simple
        count = whole(f"{instances.told}.InstanceCount", asked, least=1)
        if not isinstance(count, int):
            raise InvalidSpec(f"{instances.told}.InstanceCount", asked, "it is not known yet", "write InstanceGroups")
        return InstanceGroups(primary, Group(core or primary, count - 1) if count > 1 else None)
    if groups:
        by_role = _by_role(instances.told, groups, most={"MASTER": 1, "CORE": 1})
        return InstanceGroups(by_role["MASTER"][0], *by_role["CORE"][:1], **_some(tasks=by_role["TASK"]))
    by_role = _by_role(instances.told, fleets, most={"MASTER": 1, "CORE": 1, "TASK": 1})
    return InstanceFleets(
        by_role["MASTER"][0], **_some(core=next(iter(by_role["CORE"]), None), task=next(iter(by_role["TASK"]), None))
    )


def _by_role(told: str, read: Sequence[tuple[Any, Any]], *, most: Mapping[str, int]) -> dict[str, list[Any]]:
    by_role: dict[str, list[Any]] = {"MASTER": [], "CORE": [], "TASK": []}
    for role, made in read:
        if not (is_text(role) and role in by_role):
            raise InvalidSpec(f"{told}.InstanceRole", role, "it is no role", nearest(role, [*by_role]))
        by_role[role].append(made)
    for role, number in most.items():
        if len(by_role[role]) > number or (role == "MASTER" and not by_role[role]):
            raise InvalidSpec(told, f"{len(by_role[role])} × {role}", f"there is one {role}", "give one")
    return by_role


def _group(group: Members) -> tuple[Any, Group]:
    role = group.take("InstanceRole") or group.take("InstanceGroupType")  # the AWS CLI's word
    bid, market = group.take("BidPrice"), choice(f"{group.told}.Market", group.take("Market", ""), choices=MARKETS)
    spot = market == "SPOT" if market else (True if bid else None)
    ebs = _ebs(group)
    return role, Group(
        group.take("InstanceType"),
        group.take("InstanceCount", 1),
        **_some(
            spot=spot,
            bid_price=None if bid == AT_ON_DEMAND_PRICE else bid,
            name=group.take("Name"),
            configurations=group.parts("Configurations", _configuration),
            auto_scaling=group.part("AutoScalingPolicy", _auto_scaling),
            custom_ami_id=group.take("CustomAmiId"),
            **ebs,
        ),
    )


def _fleet(fleet: Members) -> tuple[Any, Fleet]:
    launch = fleet.part("LaunchSpecifications", _launch, apart=True) or {}
    resize = fleet.part("ResizeSpecifications", _resize, apart=True) or {}
    return fleet.take("InstanceFleetType"), Fleet(
        fleet.parts("InstanceTypeConfigs", _instance_type),
        **_some(
            on_demand=fleet.take("TargetOnDemandCapacity"),
            spot=fleet.take("TargetSpotCapacity"),
            name=fleet.take("Name"),
            context=fleet.take("Context"),
            **launch,
            **resize,
        ),
    )


def _instance_type(config: Members) -> InstanceTypeConfig:
    return InstanceTypeConfig(
        config.take("InstanceType"),
        **_some(
            weighted_capacity=config.take("WeightedCapacity"),
            bid_price=config.take("BidPrice"),
            bid_price_percentage=config.take("BidPriceAsPercentageOfOnDemandPrice"),
            priority=config.take("Priority"),
            configurations=config.parts("Configurations", _configuration),
            custom_ami_id=config.take("CustomAmiId"),
            **_ebs(config),
        ),
    )


def _launch(launch: Members) -> dict[str, Any]:
    return {
        "spot_provisioning": launch.part(
            "SpotSpecification",
            lambda spot: SpotProvisioning(
                spot.take("TimeoutDurationMinutes"),
                spot.take("TimeoutAction"),
                **_some(allocation_strategy=spot.take("AllocationStrategy")),
            ),
        ),
        "on_demand_provisioning": launch.part(
            "OnDemandSpecification",
            lambda on_demand: OnDemandProvisioning(
                on_demand.take("AllocationStrategy"),
                capacity_reservation=on_demand.part("CapacityReservationOptions", _reservation),
            ),
        ),
    }


def _resize(resize: Members) -> dict[str, Any]:
    return {
        "spot_resizing": resize.part(
            "SpotResizeSpecification",
            lambda spot: SpotResizing(
                spot.take("TimeoutDurationMinutes"), allocation_strategy=spot.take("AllocationStrategy")
            ),
        ),
        "on_demand_resizing": resize.part(
            "OnDemandResizeSpecification",
            lambda on_demand: OnDemandResizing(
                on_demand.take("TimeoutDurationMinutes"),
                allocation_strategy=on_demand.take("AllocationStrategy"),
                capacity_reservation=on_demand.part("CapacityReservationOptions", _reservation),
            ),
        ),
    }


def _reservation(reservation: Members) -> CapacityReservation:
    return CapacityReservation(
        reservation.take("CapacityReservationPreference"),
        reservation.take("CapacityReservationResourceGroupArn"),
        reservation.take("UsageStrategy"),
    )


def _ebs(owner: Members) -> dict[str, Any]:
    ebs = owner.part(
        "EbsConfiguration",
        lambda ebs: {
            "ebs": ebs.parts("EbsBlockDeviceConfigs", _volumes),
            "ebs_optimized": ebs.take("EbsOptimized"),
        },
        apart=True,
    )
    return ebs or {}


def _volumes(device: Members) -> EbsVolumes:
    per_instance = device.take("VolumesPerInstance", 1)
    volumes: EbsVolumes = device.needed(
        "VolumeSpecification",
        lambda volume: EbsVolumes(
            volume.take("SizeInGB"),
            volume.take("VolumeType"),
            iops=volume.take("Iops"),
            throughput=volume.take("Throughput"),
            per_instance=per_instance,
        ),
    )
    return volumes


def _managed_scaling(policy: Members) -> ManagedScaling:
    strategy, index = policy.take("ScalingStrategy"), policy.take("UtilizationPerformanceIndex")
    scaling: ManagedScaling = policy.needed(
        "ComputeLimits",
        lambda limits: ManagedScaling(
            limits.take("MinimumCapacityUnits"),
            limits.take("MaximumCapacityUnits"),
            unit_type=limits.take("UnitType"),
            maximum_on_demand=limits.take("MaximumOnDemandCapacityUnits"),
            maximum_core=limits.take("MaximumCoreCapacityUnits"),
            scaling_strategy=strategy,
            utilization_performance_index=index,
        ),
    )
    return scaling


def _auto_scaling(policy: Members) -> AutoScaling:
    least, most = policy.needed("Constraints", lambda limits: (limits.take("MinCapacity"), limits.take("MaxCapacity")))
    return AutoScaling(least, most, policy.parts("Rules", _scaling_rule))


def _scaling_rule(rule: Members) -> ScalingRule:
    action = rule.needed("Action", _scaling_action)
    trigger = rule.needed("Trigger", lambda trigger: trigger.needed("CloudWatchAlarmDefinition", _alarm))
    return ScalingRule(rule.take("Name"), **_some(description=rule.take("Description"), **action, **trigger))


def _scaling_action(action: Members) -> dict[str, Any]:
    if action.take("Market") is not None:
        raise InvalidSpec(f"{action.told}.Market", "given", "instance groups scale in their own market", "leave it out")
    fields: dict[str, Any] = action.needed(
        "SimpleScalingPolicyConfiguration",
        lambda policy: {
            "adjustment": policy.need("ScalingAdjustment"),
            "adjustment_type": policy.take("AdjustmentType"),
            "cool_down": policy.take("CoolDown", 0),
        },
    )
    return fields


def _alarm(alarm: Members) -> dict[str, Any]:
    dimensions = alarm.parts("Dimensions", _key_and_value, apart=True)
    return {
        "comparison_operator": alarm.need("ComparisonOperator"),
        "evaluation_periods": alarm.take("EvaluationPeriods"),
        "metric_name": alarm.need("MetricName"),
        "namespace": alarm.take("Namespace"),
        "period": alarm.take("Period"),
        "statistic": alarm.take("Statistic"),
        "threshold": alarm.need("Threshold"),
        "unit": alarm.take("Unit"),
        "dimensions": by_key(f"{alarm.told}.Dimensions", dimensions),
    }


def _monitoring(monitoring: Members) -> MonitoringConfiguration | None:
    logs = monitoring.part("CloudWatchLogConfiguration", _cloud_watch)
    policy = monitoring.part("S3LoggingConfiguration", lambda s3: s3.take("LogTypeUploadPolicy", {}))
    return MonitoringConfiguration(logs, policy or {}) if logs or policy else None


def _cloud_watch(logs: Members) -> CloudWatchLogs | None:
    enabled = logs.take("Enabled")
    made = CloudWatchLogs(
        logs.take("LogGroupName"),
        logs.take("LogStreamNamePrefix"),
        encryption_key_arn=logs.take("EncryptionKeyArn"),
        log_types=logs.take("LogTypes", {}),
    )
    return made if enabled else None


def _kerberos(attributes: Members) -> KerberosAttributes:
    return KerberosAttributes(
        attributes.take("Realm"),
        attributes.take("KdcAdminPassword"),
        cross_realm_trust_principal_password=attributes.take("CrossRealmTrustPrincipalPassword"),
        ad_domain_join_user=attributes.take("ADDomainJoinUser"),
        ad_domain_join_password=attributes.take("ADDomainJoinPassword"),
    )


def _spread(cluster: Members) -> bool | None:
    configs = cluster.parts(
        "PlacementGroupConfigs", lambda one: (one.take("InstanceRole"), one.take("PlacementStrategy")), apart=True
    )
    for role, strategy in configs:
        if (role, strategy or "SPREAD") != ("MASTER", "SPREAD"):
            raise InvalidSpec(
                f"{cluster.told}.PlacementGroupConfigs",
                f"{role} {strategy}",
                "EMR places only primary instances, and only by SPREAD",
                "leave it out",
            )
    return True if configs else None


def _root_volume(cluster: Members) -> RootVolume | None:
    size, iops = cluster.take("EbsRootVolumeSize"), cluster.take("EbsRootVolumeIops")
    throughput = cluster.take("EbsRootVolumeThroughput")
    return None if (size, iops, throughput) == (None,) * 3 else RootVolume(size, iops=iops, throughput=throughput)


def _tags(cluster: Members) -> Any:
    return by_key(f"{cluster.told}.Tags", cluster.parts("Tags", _key_and_value, apart=True))


def _key_and_value(pair: Members) -> tuple[Any, Any]:
    return pair.need("Key"), pair.take("Value", "")


def _configuration(configuration: Members) -> Configuration:
    return Configuration(
        configuration.take("Classification"),
        configuration.take("Properties", {}),
        configuration.parts("Configurations", _configuration),
    )


def _bootstrap_action(action: Members) -> BootstrapAction:
    if (path := action.take("Path")) is not None:  # as the AWS CLI has it
        return BootstrapAction(action.take("Name", "Bootstrap action"), path, action.take("Args", ()))
    name = action.take("Name")
    made: BootstrapAction = action.needed(
        "ScriptBootstrapAction", lambda script: BootstrapAction(name, script.take("Path"), script.take("Args", ()))
    )
    return made


def _some(**values: Any) -> dict[str, Any]:
    """What is given: the rest has its defaults."""
    return {name: value for name, value in values.items() if value is not None}
