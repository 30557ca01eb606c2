"""Clusters that have, all together, every member that a RunJobFlow may have."""

from __future__ import annotations

from typing import Any

from airflow_emr_pipelines.specs.ec2.cluster import (
    BootstrapAction,
    EbsVolumes,
    EmrCluster,
    Group,
    InstanceFleets,
    InstanceGroups,
    RootVolume,
)
from airflow_emr_pipelines.specs.ec2.configurations import Configuration
from airflow_emr_pipelines.specs.ec2.fleets import (
    CapacityReservation,
    Fleet,
    InstanceTypeConfig,
    OnDemandProvisioning,
    OnDemandResizing,
    SpotProvisioning,
    SpotResizing,
)
from airflow_emr_pipelines.specs.ec2.kerberos import KerberosAttributes, Secret
from airflow_emr_pipelines.specs.ec2.monitoring import CloudWatchLogs, MonitoringConfiguration
from airflow_emr_pipelines.specs.ec2.render.step import render_step
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling, ScalingRule
from airflow_emr_pipelines.specs.steps import SparkStep

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
RULE = ScalingRule("out", "ContainerPendingRatio", "GREATER_THAN", 1, 2, unit="COUNT", description="more")
MACHINE: dict[str, Any] = {
    "ebs": [EbsVolumes(100, iops=4000, throughput=250)],
    "ebs_optimized": True,
    "configurations": [Configuration("a", configurations=[Configuration("b", {"c": "d"})])],
    "custom_ami_id": "ami-01234567",
}
COMMON: dict[str, Any] = {
    "configurations": [Configuration("core-site", {"a": "b"})],
    "bootstrap_actions": [BootstrapAction("a", "s3://apps/a.sh", ["b"])],
    "applications": ["Spark", "AmazonCloudWatchAgent"],
    "log_uri": "s3://logs/",
    "log_encryption_kms_key_id": "1234abcd-12ab-34cd-56ef-1234567890ab",
    "monitoring": MonitoringConfiguration(
        CloudWatchLogs("group", "prefix", encryption_key_arn=KEY, log_types={"STEP_LOGS": ["STDOUT"]}),
        {"system-logs": "emr-managed"},
    ),
    "security_configuration": "strict",
    "kerberos": KerberosAttributes(
        "EC2.INTERNAL",
        Secret("kdc"),
        cross_realm_trust_principal_password=Secret("trust"),
        ad_domain_join_user="join",
        ad_domain_join_password=Secret("ad"),
    ),
    "scale_down_behavior": "TERMINATE_AT_TASK_COMPLETION",
    "custom_ami_id": "ami-01234567",
    "repo_upgrade_on_boot": "SECURITY",
    "root_volume": RootVolume(50, iops=3000, throughput=125),
    "os_release_label": "2023.6",
    "unhealthy_node_replacement": True,
    "session_enabled": True,
    "extended_support": False,
    "additional_info": "{}",
    "ec2_key_name": "key",
    "emr_managed_master_security_group": "sg-01234567",
    "emr_managed_slave_security_group": "sg-01234568",
    "service_access_security_group": "sg-01234569",
    "additional_master_security_groups": ["sg-0123456a"],
    "additional_slave_security_groups": ["sg-0123456b"],
    "tags": {"team": "data"},
    "managed_policies": True,
}
IN_GROUPS = EmrCluster(
    "groups",
    "emr-7.12.0",
    InstanceGroups(Group("m5.xlarge", 3), Group("m5.xlarge", spot=True, bid_price="0.1", **MACHINE)),
    **COMMON,
    spread_primaries=True,
    ec2_subnet_id="subnet-01234567",
    managed_scaling=ManagedScaling(
        1, 9, maximum_on_demand=2, maximum_core=3, scaling_strategy="ADVANCED", utilization_performance_index=75
    ),
)
BY_RULES = EmrCluster(
    "rules",
    "emr-7.12.0",
    InstanceGroups("m5.xlarge", Group("m5.xlarge", auto_scaling=AutoScaling(1, 9, [RULE]))),
    auto_scaling_role="Scaling",
    availability_zone="us-east-1a",
)
RESERVED = CapacityReservation("open", "arn:aws:resource-groups:eu-central-1:111122223333:group/a")
IN_FLEETS = EmrCluster(
    "fleets",
    "emr-7.12.0",
    InstanceFleets(
        "m5.xlarge",
        Fleet(
            [
                InstanceTypeConfig("m5.xlarge", 2, bid_price="0.1", priority=0, **MACHINE),
                InstanceTypeConfig("r5.xlarge", 4, bid_price_percentage=80.5),
            ],
            on_demand=4,
            spot=8,
            spot_provisioning=SpotProvisioning(30, allocation_strategy="price-capacity-optimized"),
            on_demand_provisioning=OnDemandProvisioning("prioritized", capacity_reservation=RESERVED),
            spot_resizing=SpotResizing(30, allocation_strategy="diversified"),
            on_demand_resizing=OnDemandResizing(60, allocation_strategy="lowest-price", capacity_reservation=RESERVED),
            context="context",
        ),
        Fleet(["c5.xlarge"], spot=1),
    ),
    ec2_subnet_ids=["subnet-01234567", "subnet-76543210"],
)
IN_ZONES = EmrCluster("zones", "emr-7.12.0", InstanceFleets("m5.xlarge"), availability_zones=["us-east-1a"])
WITH_ROLE = EmrCluster(
    "role",
    "emr-7.12.0",
    InstanceGroups("m5.xlarge"),
    security_configuration="roles",
    step_execution_role_arn="arn:aws:iam::111122223333:role/job",
)
STEP = render_step(SparkStep("a", "s3://apps/a.py"))

EACH = (IN_GROUPS, BY_RULES, IN_FLEETS, IN_ZONES, WITH_ROLE)
