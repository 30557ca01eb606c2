"""Steps: what to run, as frozen values that check themselves. How each looks to a service is a function elsewhere."""

from __future__ import annotations

from airflow_emr_pipelines.specs.steps.base import OnFailure, Step
from airflow_emr_pipelines.specs.steps.custom_jar import CustomJarStep
from airflow_emr_pipelines.specs.steps.dist_cp import DistCpStep
from airflow_emr_pipelines.specs.steps.flink import FlinkStep
from airflow_emr_pipelines.specs.steps.hadoop_streaming import HadoopStreamingStep
from airflow_emr_pipelines.specs.steps.hive import HiveStep
from airflow_emr_pipelines.specs.steps.pig import PigStep
from airflow_emr_pipelines.specs.steps.s3_dist_cp import S3DistCpStep
from airflow_emr_pipelines.specs.steps.script_runner import ScriptRunnerStep
from airflow_emr_pipelines.specs.steps.shell import ShellStep
from airflow_emr_pipelines.specs.steps.spark import SparkStep
from airflow_emr_pipelines.specs.steps.spark_sql import SparkSqlStep
from airflow_emr_pipelines.specs.steps.sql_client import PrestoStep, TrinoStep

__all__ = [
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
]
