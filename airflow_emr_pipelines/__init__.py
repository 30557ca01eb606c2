"""Run Amazon EMR pipelines from Apache Airflow.

The public names are handed out when they are first asked for, so that importing the package costs nothing and a DAG
file loads only what it uses.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_emr_pipelines.operators.documents import EmrReadStepsOperator, EmrRunDocumentStepOperator
    from airflow_emr_pipelines.operators.ec2.cancel_steps import EmrCancelStepsOperator
    from airflow_emr_pipelines.operators.ec2.cluster import EmrCreateClusterOperator, EmrTerminateClusterOperator
    from airflow_emr_pipelines.operators.ec2.find_cluster import EmrFindClusterOperator
    from airflow_emr_pipelines.operators.ec2.modify_cluster import EmrModifyClusterOperator
    from airflow_emr_pipelines.operators.ec2.reap import EmrReapClustersOperator
    from airflow_emr_pipelines.operators.ec2.run_report import EmrRunReportOperator
    from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
    from airflow_emr_pipelines.operators.ec2.security_configurations import (
        EmrCreateSecurityConfigurationOperator,
        EmrDeleteSecurityConfigurationOperator,
    )
    from airflow_emr_pipelines.operators.ec2.size_executors import EmrSizeExecutorsOperator
    from airflow_emr_pipelines.run_report.prices import (
        Between,
        HourlyCost,
        InstancePrice,
        Prices,
        hourly_cost,
        instance_types_of,
    )
    from airflow_emr_pipelines.sensors.ec2.cluster import EmrClusterSensor
    from airflow_emr_pipelines.sensors.ec2.steps import EmrStepSensor
    from airflow_emr_pipelines.specs.ec2.changes import FleetChange, GroupChange
    from airflow_emr_pipelines.specs.ec2.cluster import (
        BootstrapAction,
        EbsVolumes,
        EmrCluster,
        Group,
        InstanceFleets,
        InstanceGroups,
        RootVolume,
    )
    from airflow_emr_pipelines.specs.ec2.configurations import (
        Configuration,
        environment,
        flink_conf,
        glue_catalog,
        jupyter_s3,
        spark_defaults,
        sql_connector,
        yarn_queues,
        yarn_site,
    )
    from airflow_emr_pipelines.specs.ec2.executors import Node, SparkResources, executors_for
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
    from airflow_emr_pipelines.specs.ec2.presets import (
        data_engineering_cluster,
        interactive_analytics_cluster,
        io_optimized_cluster,
        machine_learning_cluster,
        memory_optimized_cluster,
        multi_tenant_cluster,
        spark_analytics_cluster,
        streaming_cluster,
    )
    from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling, ScalingRule
    from airflow_emr_pipelines.specs.steps import (
        CustomJarStep,
        DistCpStep,
        FlinkStep,
        HadoopStreamingStep,
        HiveStep,
        OnFailure,
        PigStep,
        PrestoStep,
        S3DistCpStep,
        ScriptRunnerStep,
        ShellStep,
        SparkSqlStep,
        SparkStep,
        Step,
        TrinoStep,
    )
    from airflow_emr_pipelines.specs.tenants import Tenant, checked_tenants
    from airflow_emr_pipelines.task_groups.existing_cluster import existing_cluster
    from airflow_emr_pipelines.task_groups.shapes.branch_merge import Branch, branch_merge, mapped_branch_merge
    from airflow_emr_pipelines.task_groups.shapes.etl_chain import etl_chain
    from airflow_emr_pipelines.task_groups.shapes.ml_chain import ml_chain
    from airflow_emr_pipelines.task_groups.shapes.steps_from_document import steps_from_document
    from airflow_emr_pipelines.task_groups.shapes.stream_batch import stream_batch
    from airflow_emr_pipelines.task_groups.transient_cluster import transient_cluster

__version__ = "0.1.0"

__all__ = [
    "AutoScaling",
    "Between",
    "BootstrapAction",
    "Branch",
    "CapacityReservation",
    "CloudWatchLogs",
    "Configuration",
    "CustomJarStep",
    "DistCpStep",
    "EbsVolumes",
    "EmrCancelStepsOperator",
    "EmrCluster",
    "EmrClusterSensor",
    "EmrCreateClusterOperator",
    "EmrCreateSecurityConfigurationOperator",
    "EmrDeleteSecurityConfigurationOperator",
    "EmrFindClusterOperator",
    "EmrModifyClusterOperator",
    "EmrReadStepsOperator",
    "EmrReapClustersOperator",
    "EmrRunDocumentStepOperator",
    "EmrRunReportOperator",
    "EmrRunStepOperator",
    "EmrSizeExecutorsOperator",
    "EmrStepSensor",
    "EmrTerminateClusterOperator",
    "Fleet",
    "FleetChange",
    "FlinkStep",
    "Group",
    "GroupChange",
    "HadoopStreamingStep",
    "HiveStep",
    "HourlyCost",
    "InstanceFleets",
    "InstanceGroups",
    "InstancePrice",
    "InstanceTypeConfig",
    "KerberosAttributes",
    "ManagedScaling",
    "MonitoringConfiguration",
    "Node",
    "OnDemandProvisioning",
    "OnDemandResizing",
    "OnFailure",
    "PigStep",
    "PrestoStep",
    "Prices",
    "RootVolume",
    "S3DistCpStep",
    "ScalingRule",
    "ScriptRunnerStep",
    "Secret",
    "ShellStep",
    "SparkResources",
    "SparkSqlStep",
    "SparkStep",
    "SpotProvisioning",
    "SpotResizing",
    "Step",
    "Tenant",
    "TrinoStep",
    "branch_merge",
    "checked_tenants",
    "data_engineering_cluster",
    "environment",
    "etl_chain",
    "executors_for",
    "existing_cluster",
    "flink_conf",
    "glue_catalog",
    "hourly_cost",
    "instance_types_of",
    "interactive_analytics_cluster",
    "io_optimized_cluster",
    "jupyter_s3",
    "machine_learning_cluster",
    "mapped_branch_merge",
    "memory_optimized_cluster",
    "ml_chain",
    "multi_tenant_cluster",
    "spark_analytics_cluster",
    "spark_defaults",
    "sql_connector",
    "steps_from_document",
    "stream_batch",
    "streaming_cluster",
    "transient_cluster",
    "yarn_queues",
    "yarn_site",
]

_HOMES = {
    "operators.ec2.cancel_steps": ("EmrCancelStepsOperator",),
    "operators.ec2.cluster": ("EmrCreateClusterOperator", "EmrTerminateClusterOperator"),
    "operators.documents": (
        "EmrReadStepsOperator",
        "EmrRunDocumentStepOperator",
    ),
    "operators.ec2.find_cluster": ("EmrFindClusterOperator",),
    "operators.ec2.modify_cluster": ("EmrModifyClusterOperator",),
    "operators.ec2.reap": ("EmrReapClustersOperator",),
    "operators.ec2.run_report": ("EmrRunReportOperator",),
    "operators.ec2.security_configurations": (
        "EmrCreateSecurityConfigurationOperator",
        "EmrDeleteSecurityConfigurationOperator",
    ),
    "operators.ec2.size_executors": ("EmrSizeExecutorsOperator",),
    "operators.ec2.run_step": ("EmrRunStepOperator",),
    "sensors.ec2.cluster": ("EmrClusterSensor",),
    "sensors.ec2.steps": ("EmrStepSensor",),
    "specs.ec2.changes": ("FleetChange", "GroupChange"),
    "specs.ec2.cluster": (
        "BootstrapAction",
        "EbsVolumes",
        "EmrCluster",
        "Group",
        "InstanceFleets",
        "InstanceGroups",
        "RootVolume",
    ),
    "specs.ec2.configurations": (
        "Configuration",
        "environment",
        "flink_conf",
        "glue_catalog",
        "jupyter_s3",
        "spark_defaults",
        "sql_connector",
        "yarn_queues",
        "yarn_site",
    ),
    "specs.ec2.executors": (
        "Node",
        "SparkResources",
        "executors_for",
    ),
    "specs.ec2.fleets": (
        "CapacityReservation",
        "Fleet",
        "InstanceTypeConfig",
        "OnDemandProvisioning",
        "OnDemandResizing",
        "SpotProvisioning",
        "SpotResizing",
    ),
    "specs.ec2.kerberos": ("KerberosAttributes", "Secret"),
    "specs.ec2.monitoring": ("CloudWatchLogs", "MonitoringConfiguration"),
    "specs.ec2.presets": (
        "data_engineering_cluster",
        "interactive_analytics_cluster",
        "io_optimized_cluster",
        "machine_learning_cluster",
        "memory_optimized_cluster",
        "multi_tenant_cluster",
        "spark_analytics_cluster",
        "streaming_cluster",
    ),
    "run_report.prices": ("Between", "HourlyCost", "InstancePrice", "Prices", "hourly_cost", "instance_types_of"),
    "specs.ec2.scaling": ("AutoScaling", "ManagedScaling", "ScalingRule"),
    "specs.steps": (
        "CustomJarStep",
        "DistCpStep",
        "FlinkStep",
        "HadoopStreamingStep",
        "HiveStep",
        "OnFailure",
        "PigStep",
        "PrestoStep",
        "S3DistCpStep",
        "ScriptRunnerStep",
        "ShellStep",
        "SparkSqlStep",
        "SparkStep",
        "Step",
        "TrinoStep",
    ),
    "specs.tenants": ("Tenant", "checked_tenants"),
    "task_groups.shapes.branch_merge": ("Branch", "branch_merge", "mapped_branch_merge"),
    "task_groups.shapes.etl_chain": ("etl_chain",),
    "task_groups.existing_cluster": ("existing_cluster",),
    "task_groups.shapes.ml_chain": ("ml_chain",),
    "task_groups.shapes.steps_from_document": ("steps_from_document",),
    "task_groups.shapes.stream_batch": ("stream_batch",),
    "task_groups.transient_cluster": ("transient_cluster",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
