"""Every field of every kind of spec, with a spec that has all but this field."""

from __future__ import annotations

import dataclasses
from typing import Any

from airflow_emr_pipelines.specs.cluster import InstanceGroups
from airflow_emr_pipelines.specs.plain import KINDS

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
    "emr_managed_master_security_group": {"emr_managed_slave_security_group": "sg-01234567"},
    "emr_managed_slave_security_group": {"emr_managed_master_security_group": "sg-01234567"},
}
"""What a field needs beside it."""

FIELDS = [(kind, field.name) for kind, spec in KINDS.items() for field in dataclasses.fields(spec)]  # type: ignore[arg-type]


def with_field(kind: str, field: str, value: object) -> Any:
    """A spec with this value in this field."""
    return KINDS[kind](**{**REQUIRED[kind], **COMPANIONS.get(field, {}), field: value})


class Output:
    """What stands for another task's output, as Airflow's templating takes it."""

    def resolve(self, context: object) -> object:
        raise NotImplementedError
