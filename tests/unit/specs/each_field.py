"""Every field of every kind of spec, with a spec that has all but this field."""

from __future__ import annotations

import dataclasses
from typing import Any

from airflow_emr_pipelines.specs.ec2.cluster import InstanceFleets, InstanceGroups
from airflow_emr_pipelines.specs.ec2.fleets import Fleet
from airflow_emr_pipelines.specs.ec2.kerberos import Secret
from airflow_emr_pipelines.specs.ec2.scaling import ScalingRule
from airflow_emr_pipelines.specs.serialization import KINDS

RULE = ScalingRule("out", "YARNMemoryAvailablePercentage", "LESS_THAN", 15, 1)
FLEETS = {"instances": InstanceFleets("m5.xlarge")}
SECURITY = {"security_configuration": "strict"}

REQUIRED: dict[str, dict[str, Any]] = {
    "spark": {"name": "a", "application": "s3://apps/a.jar"},
    "spark_sql": {"name": "a", "script": "s3://apps/a.sql"},
    "hive": {"name": "a", "script": "s3://apps/a.hql"},
    "pig": {"name": "a", "script": "s3://apps/a.pig"},
    "trino": {"name": "a", "execute": "SELECT 1"},
    "presto": {"name": "a", "execute": "SELECT 1"},
    "flink": {"name": "a", "jar": "s3://apps/a.jar"},
    "hadoop_streaming": {
        "name": "a",
        "mapper": "cat",
        "reducer": "aggregate",
        "inputs": ["s3://from/x/"],
        "output": "s3://target/y/",
    },
    "dist_cp": {"name": "a", "src": "s3://from/x/", "dest": "/to"},
    "script_runner": {"name": "a", "script": "s3://apps/a.sh", "region": "eu-central-1"},
    "s3_dist_cp": {"name": "a", "src": "s3://from/x/", "dest": "/to"},
    "custom_jar": {"name": "a", "jar": "s3://apps/a.jar"},
    "shell": {"name": "a", "command": "true"},
    "cluster": {"name": "a", "release_label": "emr-7.10.0", "instances": InstanceGroups("m5.xlarge")},
    "instance_groups": {"primary": "m5.xlarge"},
    "group": {"instance_type": "m5.xlarge", "spot": True},
    "ebs": {"size_gb": 10},
    "instance_fleets": {"primary": "m5.xlarge"},
    "fleet": {"instance_types": ["m5.xlarge"], "on_demand": 1},
    "instance_type_config": {"instance_type": "m5.xlarge"},
    "spot_provisioning": {"timeout_minutes": 30},
    "on_demand_provisioning": {},
    "spot_resizing": {},
    "on_demand_resizing": {},
    "capacity_reservation": {},
    "managed_scaling": {"minimum": 1, "maximum": 10},
    "auto_scaling": {"minimum": 1, "maximum": 10, "rules": [RULE]},
    "scaling_rule": {
        "name": "out",
        "metric_name": "YARNMemoryAvailablePercentage",
        "comparison_operator": "LESS_THAN",
        "threshold": 15,
        "adjustment": 1,
    },
    "kerberos_attributes": {"realm": "EC2.INTERNAL", "kdc_admin_password": Secret("kdc")},
    "secret": {"conn_id": "kdc"},
    "monitoring_configuration": {},
    "cloud_watch_logs": {},
    "root_volume": {},
    "cluster_change": {"keep_alive": True},
    "group_change": {"group": "CORE", "count": 2},
    "fleet_change": {"fleet": "CORE", "on_demand": 1},
    "bootstrap_action": {"name": "a", "script": "s3://apps/a.sh"},
    "configuration": {"classification": "core-site"},
}
COMPANIONS: dict[str, dict[str, Any]] = {
    "principal": {"keytab": "/etc/krb5.keytab"},
    "keytab": {"principal": "me"},
    "target_size": {"group_by": "(a)"},
    "starting_index": {"number_files": True},
    "copy_from_manifest": {"previous_manifest": "s3://from/m.gz"},
    "require_previous_manifest": {"previous_manifest": "s3://from/m.gz"},
    "file": {"execute": None},
    "delete": {"update": True},
    "tasks": {"core": "m5.xlarge"},
    "task": {"core": Fleet(["m5.xlarge"], on_demand=1)},
    "variable": {"conn_id": None},
    "scaling_strategy": {"utilization_performance_index": 50},
    "utilization_performance_index": {"scaling_strategy": "ADVANCED"},
    "ad_domain_join_user": {"ad_domain_join_password": Secret("ad")},
    "ad_domain_join_password": {"ad_domain_join_user": "admin"},
    "ec2_subnet_ids": FLEETS,
    "availability_zones": FLEETS,
    "log_encryption_kms_key_id": {"log_uri": "s3://logs/"},
    "kerberos": SECURITY,
    "step_execution_role_arn": SECURITY,
    "repo_upgrade_on_boot": {"custom_ami_id": "ami-01234567"},
    "emr_managed_master_security_group": {"emr_managed_slave_security_group": "sg-01234567"},
    "emr_managed_slave_security_group": {"emr_managed_master_security_group": "sg-01234567"},
}
"""What a field needs beside it."""

PASSWORDS = [
    ("kerberos_attributes", "kdc_admin_password"),
    ("kerberos_attributes", "cross_realm_trust_principal_password"),
    ("kerberos_attributes", "ad_domain_join_password"),
]
"""Fields that take no text at all, not even a template, which would be rendered for all to read."""

FIELDS = [(kind, field.name) for kind, spec in KINDS.items() for field in dataclasses.fields(spec)]  # type: ignore[arg-type]


def with_field(kind: str, field: str, value: object) -> Any:
    """A spec with this value in this field."""
    return KINDS[kind](**{**REQUIRED[kind], **COMPANIONS.get(field, {}), field: value})


class Output:
    """What stands for another task's output, as Airflow's templating takes it."""

    def resolve(self, context: object) -> object:
        raise NotImplementedError
