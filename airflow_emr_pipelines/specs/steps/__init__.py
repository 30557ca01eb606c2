"""Steps: what to run, as frozen values that check themselves. How each looks to a service is a function elsewhere."""

from __future__ import annotations

from airflow_emr_pipelines.specs.steps.base import OnFailure as OnFailure
from airflow_emr_pipelines.specs.steps.base import Step as Step
from airflow_emr_pipelines.specs.steps.custom_jar import CustomJarStep as CustomJarStep
from airflow_emr_pipelines.specs.steps.dist_cp import DistCpStep as DistCpStep
from airflow_emr_pipelines.specs.steps.flink import FlinkStep as FlinkStep
from airflow_emr_pipelines.specs.steps.hadoop_streaming import HadoopStreamingStep as HadoopStreamingStep
from airflow_emr_pipelines.specs.steps.hive import HiveStep as HiveStep
from airflow_emr_pipelines.specs.steps.pig import PigStep as PigStep
from airflow_emr_pipelines.specs.steps.s3_dist_cp import S3DistCpStep as S3DistCpStep
from airflow_emr_pipelines.specs.steps.script_runner import ScriptRunnerStep as ScriptRunnerStep
from airflow_emr_pipelines.specs.steps.shell import ShellStep as ShellStep
from airflow_emr_pipelines.specs.steps.spark import SparkStep as SparkStep
from airflow_emr_pipelines.specs.steps.spark_sql import SparkSqlStep as SparkSqlStep
from airflow_emr_pipelines.specs.steps.sql_client import PrestoStep as PrestoStep
from airflow_emr_pipelines.specs.steps.sql_client import TrinoStep as TrinoStep
