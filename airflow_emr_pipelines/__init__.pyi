"""The public names and where each is at home, said once: for type checkers, and for the package to load them by."""

from airflow_emr_pipelines.operators.ec2.cancel_steps import EmrCancelStepsOperator as EmrCancelStepsOperator
from airflow_emr_pipelines.operators.ec2.cluster import EmrCreateClusterOperator as EmrCreateClusterOperator
from airflow_emr_pipelines.operators.ec2.cluster import EmrTerminateClusterOperator as EmrTerminateClusterOperator
from airflow_emr_pipelines.operators.ec2.documents import EmrReadStepsOperator as EmrReadStepsOperator
from airflow_emr_pipelines.operators.ec2.documents import EmrRunDocumentStepOperator as EmrRunDocumentStepOperator
from airflow_emr_pipelines.operators.ec2.find_cluster import EmrFindClusterOperator as EmrFindClusterOperator
from airflow_emr_pipelines.operators.ec2.modify_cluster import EmrModifyClusterOperator as EmrModifyClusterOperator
from airflow_emr_pipelines.operators.ec2.reap import EmrReapClustersOperator as EmrReapClustersOperator
from airflow_emr_pipelines.operators.ec2.run_report import EmrRunReportOperator as EmrRunReportOperator
from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator as EmrRunStepOperator
from airflow_emr_pipelines.operators.ec2.security_configurations import (
    EmrCreateSecurityConfigurationOperator as EmrCreateSecurityConfigurationOperator,
)
from airflow_emr_pipelines.operators.ec2.security_configurations import (
    EmrDeleteSecurityConfigurationOperator as EmrDeleteSecurityConfigurationOperator,
)
from airflow_emr_pipelines.operators.ec2.size_executors import EmrSizeExecutorsOperator as EmrSizeExecutorsOperator
from airflow_emr_pipelines.run_report.prices import Between as Between
from airflow_emr_pipelines.run_report.prices import HourlyCost as HourlyCost
from airflow_emr_pipelines.run_report.prices import InstancePrice as InstancePrice
from airflow_emr_pipelines.run_report.prices import Prices as Prices
from airflow_emr_pipelines.run_report.prices import hourly_cost as hourly_cost
from airflow_emr_pipelines.run_report.prices import instance_types_of as instance_types_of
from airflow_emr_pipelines.sensors.ec2.cluster import EmrClusterSensor as EmrClusterSensor
from airflow_emr_pipelines.sensors.ec2.steps import EmrStepSensor as EmrStepSensor
from airflow_emr_pipelines.specs.ec2.changes import FleetChange as FleetChange
from airflow_emr_pipelines.specs.ec2.changes import GroupChange as GroupChange
from airflow_emr_pipelines.specs.ec2.cluster import BootstrapAction as BootstrapAction
from airflow_emr_pipelines.specs.ec2.cluster import EbsVolumes as EbsVolumes
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster as EmrCluster
from airflow_emr_pipelines.specs.ec2.cluster import Group as Group
from airflow_emr_pipelines.specs.ec2.cluster import InstanceFleets as InstanceFleets
from airflow_emr_pipelines.specs.ec2.cluster import InstanceGroups as InstanceGroups
from airflow_emr_pipelines.specs.ec2.cluster import RootVolume as RootVolume
from airflow_emr_pipelines.specs.ec2.configurations import Configuration as Configuration
from airflow_emr_pipelines.specs.ec2.configurations import environment as environment
from airflow_emr_pipelines.specs.ec2.configurations import flink_conf as flink_conf
from airflow_emr_pipelines.specs.ec2.configurations import glue_catalog as glue_catalog
from airflow_emr_pipelines.specs.ec2.configurations import jupyter_s3 as jupyter_s3
from airflow_emr_pipelines.specs.ec2.configurations import spark_defaults as spark_defaults
from airflow_emr_pipelines.specs.ec2.configurations import sql_connector as sql_connector
from airflow_emr_pipelines.specs.ec2.configurations import yarn_queues as yarn_queues
from airflow_emr_pipelines.specs.ec2.configurations import yarn_site as yarn_site
from airflow_emr_pipelines.specs.ec2.executors import Node as Node
from airflow_emr_pipelines.specs.ec2.executors import SparkResources as SparkResources
from airflow_emr_pipelines.specs.ec2.executors import executors_for as executors_for
from airflow_emr_pipelines.specs.ec2.fleets import CapacityReservation as CapacityReservation
from airflow_emr_pipelines.specs.ec2.fleets import Fleet as Fleet
from airflow_emr_pipelines.specs.ec2.fleets import InstanceTypeConfig as InstanceTypeConfig
from airflow_emr_pipelines.specs.ec2.fleets import OnDemandProvisioning as OnDemandProvisioning
from airflow_emr_pipelines.specs.ec2.fleets import OnDemandResizing as OnDemandResizing
from airflow_emr_pipelines.specs.ec2.fleets import SpotProvisioning as SpotProvisioning
from airflow_emr_pipelines.specs.ec2.fleets import SpotResizing as SpotResizing
from airflow_emr_pipelines.specs.ec2.kerberos import KerberosAttributes as KerberosAttributes
from airflow_emr_pipelines.specs.ec2.kerberos import Secret as Secret
from airflow_emr_pipelines.specs.ec2.monitoring import CloudWatchLogs as CloudWatchLogs
from airflow_emr_pipelines.specs.ec2.monitoring import MonitoringConfiguration as MonitoringConfiguration
from airflow_emr_pipelines.specs.ec2.presets import data_engineering_cluster as data_engineering_cluster
from airflow_emr_pipelines.specs.ec2.presets import interactive_analytics_cluster as interactive_analytics_cluster
from airflow_emr_pipelines.specs.ec2.presets import io_optimized_cluster as io_optimized_cluster
from airflow_emr_pipelines.specs.ec2.presets import machine_learning_cluster as machine_learning_cluster
from airflow_emr_pipelines.specs.ec2.presets import memory_optimized_cluster as memory_optimized_cluster
from airflow_emr_pipelines.specs.ec2.presets import multi_tenant_cluster as multi_tenant_cluster
from airflow_emr_pipelines.specs.ec2.presets import spark_analytics_cluster as spark_analytics_cluster
from airflow_emr_pipelines.specs.ec2.presets import streaming_cluster as streaming_cluster
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling as AutoScaling
from airflow_emr_pipelines.specs.ec2.scaling import ManagedScaling as ManagedScaling
from airflow_emr_pipelines.specs.ec2.scaling import ScalingRule as ScalingRule
from airflow_emr_pipelines.specs.steps import CustomJarStep as CustomJarStep
from airflow_emr_pipelines.specs.steps import DistCpStep as DistCpStep
from airflow_emr_pipelines.specs.steps import FlinkStep as FlinkStep
from airflow_emr_pipelines.specs.steps import HadoopStreamingStep as HadoopStreamingStep
from airflow_emr_pipelines.specs.steps import HiveStep as HiveStep
from airflow_emr_pipelines.specs.steps import OnFailure as OnFailure
from airflow_emr_pipelines.specs.steps import PigStep as PigStep
from airflow_emr_pipelines.specs.steps import PrestoStep as PrestoStep
from airflow_emr_pipelines.specs.steps import S3DistCpStep as S3DistCpStep
from airflow_emr_pipelines.specs.steps import ScriptRunnerStep as ScriptRunnerStep
from airflow_emr_pipelines.specs.steps import ShellStep as ShellStep
from airflow_emr_pipelines.specs.steps import SparkSqlStep as SparkSqlStep
from airflow_emr_pipelines.specs.steps import SparkStep as SparkStep
from airflow_emr_pipelines.specs.steps import Step as Step
from airflow_emr_pipelines.specs.steps import TrinoStep as TrinoStep
from airflow_emr_pipelines.specs.tenants import Tenant as Tenant
from airflow_emr_pipelines.specs.tenants import checked_tenants as checked_tenants
from airflow_emr_pipelines.task_groups.existing_cluster import existing_cluster as existing_cluster
from airflow_emr_pipelines.task_groups.shapes.branch_merge import Branch as Branch
from airflow_emr_pipelines.task_groups.shapes.branch_merge import branch_merge as branch_merge
from airflow_emr_pipelines.task_groups.shapes.branch_merge import mapped_branch_merge as mapped_branch_merge
from airflow_emr_pipelines.task_groups.shapes.etl_chain import etl_chain as etl_chain
from airflow_emr_pipelines.task_groups.shapes.ml_chain import ml_chain as ml_chain
from airflow_emr_pipelines.task_groups.shapes.steps_from_document import steps_from_document as steps_from_document
from airflow_emr_pipelines.task_groups.shapes.stream_batch import stream_batch as stream_batch
from airflow_emr_pipelines.task_groups.transient_cluster import transient_cluster as transient_cluster

__version__: str
