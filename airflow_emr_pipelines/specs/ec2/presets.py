"""Clusters for kinds of work, to start from: ``dataclasses.replace`` adjusts what is not a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import EbsVolumes, EmrCluster, Group, InstanceGroups
from airflow_emr_pipelines.specs.ec2.configurations import (
    Configuration,
    flink_conf,
    glue_catalog,
    spark_defaults,
    yarn_queues,
    yarn_site,
)
from airflow_emr_pipelines.specs.ec2.instances import MOST_INSTANCES
from airflow_emr_pipelines.specs.ec2.releases import known_on
from airflow_emr_pipelines.specs.ec2.scaling import ManagedScaling
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.templates import is_rendered

RELEASE = "emr-7.10.0"
GROWTH = 4
"""How many times its workers a cluster that scales grows to."""
MOST_WORKERS = MOST_INSTANCES // GROWTH
SQL_ENGINES = ("Trino", "PrestoSQL", "Presto")
"""One of these is on a cluster, by the release."""
FOR_WHAT_NAMES_NO_QUEUE = 10
"""Per cent of a cluster of several tenants."""

ADAPTIVE = {
    "spark.sql.adaptive.enabled": True,
    "spark.sql.adaptive.coalescePartitions.enabled": True,
    "spark.sql.adaptive.skewJoin.enabled": True,
}


def spark_analytics_cluster(
    name: str, *, log_uri: str | None = None, release_label: str = RELEASE, workers: int = 4
) -> EmrCluster:
    """For Spark over large tables: adaptive queries, the Glue catalog, and up to four times the workers under load.

    :param name: what EMR's console shows
    :param log_uri: s3:// folder of the logs; without one the cluster has none, ever
    :param release_label: such as emr-7.10.0
    :param workers: core instances, ``r5.2xlarge``
    """
    return EmrCluster(
        name,
        release_label,
        InstanceGroups("m5.xlarge", _core("r5.2xlarge", workers, gib=200)),
        applications=known_on(release_label, ("Hadoop", "Spark", "Hive")),
        configurations=(
            spark_defaults(ADAPTIVE, min_executors=workers, max_executors=2 * GROWTH * workers),
            *_glue(release_label),
        ),
        managed_scaling=ManagedScaling(workers, GROWTH * workers),
        step_concurrency=5,
        log_uri=log_uri,
    )


def data_engineering_cluster(
    name: str, *, log_uri: str | None = None, release_label: str = RELEASE, workers: int = 4
) -> EmrCluster:
    """For daily Spark and Hive steps: what it grows by is on the spot market, and runs no application master.

    :param name: what EMR's console shows
    :param log_uri: s3:// folder of the logs; without one the cluster has none, ever
    :param release_label: such as emr-7.10.0
    :param workers: core instances, ``m5.2xlarge``, on demand
    """
    core = _core("m5.2xlarge", workers, gib=200)
    tasks = Group("m5.2xlarge", workers, spot=True, ebs=[EbsVolumes(100)])
    return EmrCluster(
        name,
        release_label,
        InstanceGroups("m5.xlarge", core, [tasks]),
        applications=known_on(release_label, ("Hadoop", "Spark", "Hive", "Tez")),
        configurations=(
            spark_defaults({**ADAPTIVE, "spark.speculation": True}),
            yarn_site(application_masters_on_core=True),
            *_glue(release_label),
        ),
        managed_scaling=ManagedScaling(workers, GROWTH * workers, maximum_on_demand=workers, maximum_core=workers),
        step_concurrency=10,
        log_uri=log_uri,
    )


def machine_learning_cluster(
    name: str, *, log_uri: str | None = None, release_label: str = RELEASE, workers: int = 4
) -> EmrCluster:
    """For training with Spark ML and notebooks: large instances, Arrow and room for Kryo, no change of size in a fit.

    :param name: what EMR's console shows
    :param log_uri: s3:// folder of the logs; without one the cluster has none, ever
    :param release_label: such as emr-7.10.0
    :param workers: core instances, ``r5.4xlarge``
    """
    return EmrCluster(
        name,
        release_label,
        InstanceGroups("r5.2xlarge", _core("r5.4xlarge", workers, gib=500)),
        applications=known_on(release_label, ("Hadoop", "Spark", "Livy", "JupyterHub", "MXNet")),
        configurations=(
            spark_defaults(
                {
                    **ADAPTIVE,
                    "spark.sql.execution.arrow.pyspark.enabled": True,
                    "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
                    "spark.kryoserializer.buffer.max": "512m",
                }
            ),
        ),
        step_concurrency=3,
        log_uri=log_uri,
    )


def interactive_analytics_cluster(
    name: str, *, log_uri: str | None = None, release_label: str = RELEASE, workers: int = 4
) -> EmrCluster:
    """For people who ask questions: a SQL engine (Trino, or what the release has of it), Spark, notebooks.

    EMR does not see the engine's load: the cluster keeps its size, and its idle timeout is a working day.

    :param name: what EMR's console shows
    :param log_uri: s3:// folder of the logs; without one the cluster has none, ever
    :param release_label: such as emr-7.10.0
    :param workers: core instances, ``r5.2xlarge``
    """
    engines = known_on(release_label, SQL_ENGINES)
    if not engines:
        rule, remedy = f"it has none of {', '.join(SQL_ENGINES)}", f"choose a release such as {RELEASE}"
        raise InvalidSpec("interactive_analytics_cluster.release_label", release_label, rule, remedy)
    engine = engines[0]
    connector = Configuration(f"{engine.lower()}-connector-hive", {"hive.metastore": "glue"})
    return EmrCluster(
        name,
        release_label,
        InstanceGroups("m5.2xlarge", _core("r5.2xlarge", workers, gib=200)),
        applications=known_on(release_label, ("Hadoop", "Spark", "Hive", engine, "Livy", "JupyterHub", "Zeppelin")),
        configurations=(spark_defaults(ADAPTIVE), *_glue(release_label), connector),
        step_concurrency=5,
        idle_timeout=8 * 3600,
        log_uri=log_uri,
    )


def streaming_cluster(
    name: str, *, checkpoints: str, log_uri: str | None = None, release_label: str = RELEASE, workers: int = 4
) -> EmrCluster:
    """For streams by Spark and Flink: executors that stay, backpressure, and Flink's state in RocksDB.

    A streaming job is never idle: end the cluster by its teardown. Releases emr-spark-8.x have no Flink.

    :param name: what EMR's console shows
    :param checkpoints: the folder of Flink's checkpoints; in S3, since HDFS goes with the cluster
    :param log_uri: s3:// folder of the logs; without one the cluster has none, ever
    :param release_label: such as emr-7.10.0
    :param workers: core instances, ``m5.2xlarge``
    """
    flink = flink_conf(checkpoints=checkpoints, checkpoint_seconds=60, state_backend="rocksdb")
    return EmrCluster(
        name,
        release_label,
        InstanceGroups("m5.xlarge", _core("m5.2xlarge", workers, gib=100)),
        applications=known_on(release_label, ("Hadoop", "Spark", "Flink", "Zeppelin")),
        configurations=(
            # Spark refuses the streaming kind of dynamic allocation beside the other one: executors that stay do.
            spark_defaults(
                {
                    "spark.dynamicAllocation.enabled": False,
                    "spark.streaming.backpressure.enabled": True,
                    "spark.streaming.receiver.writeAheadLog.enable": True,
                }
            ),
            *([flink] if known_on(release_label, ["Flink"]) else []),
        ),
        step_concurrency=8,
        idle_timeout=2 * 3600,
        log_uri=log_uri,
    )


def multi_tenant_cluster(
    name: str,
    tenants: Sequence[str],
    *,
    log_uri: str | None = None,
    release_label: str = RELEASE,
    workers: int = 4,
) -> EmrCluster:
    """For several tenants: a YARN queue for each, alike in size, which may grow while the others leave room.

    Metrics and scaling are of the whole cluster, so tenants share what it grows by.

    :param name: what EMR's console shows
    :param tenants: the names of the queues; a tenth of the cluster is for what names none
    :param log_uri: s3:// folder of the logs; without one the cluster has none, ever
    :param release_label: such as emr-7.10.0
    :param workers: core instances, ``r5.xlarge``
    """
    return EmrCluster(
        name,
        release_label,
        InstanceGroups("r5.2xlarge", _core("r5.xlarge", workers, gib=200)),
        applications=known_on(release_label, ("Hadoop", "Spark", "Hive")),
        configurations=(
            yarn_queues(_shares(tenants)),
            spark_defaults(ADAPTIVE, min_executors=1, max_executors=2 * GROWTH * workers),
            *_glue(release_label),
        ),
        managed_scaling=ManagedScaling(workers, GROWTH * workers),
        step_concurrency=10,
        log_uri=log_uri,
    )


def memory_optimized_cluster(
    name: str, *, log_uri: str | None = None, release_label: str = RELEASE, workers: int = 6
) -> EmrCluster:
    """For joins and caches that want memory: executors of 24 GiB, and partitions of 256 MiB.

    :param name: what EMR's console shows
    :param log_uri: s3:// folder of the logs; without one the cluster has none, ever
    :param release_label: such as emr-7.10.0
    :param workers: core instances, ``r5.8xlarge``
    """
    return EmrCluster(
        name,
        release_label,
        InstanceGroups("r5.2xlarge", _core("r5.8xlarge", workers, gib=500)),
        applications=known_on(release_label, ("Hadoop", "Spark")),
        configurations=(
            spark_defaults(
                {
                    **ADAPTIVE,
                    "spark.executor.memory": "24g",
                    "spark.executor.cores": 4,
                    "spark.sql.files.maxPartitionBytes": "256m",
                    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "256m",
                }
            ),
        ),
        log_uri=log_uri,
    )


def io_optimized_cluster(
    name: str, *, log_uri: str | None = None, release_label: str = RELEASE, workers: int = 8
) -> EmrCluster:
    """For work that lives in HDFS: instances with disks of their own, and many threads to move blocks.

    :param name: what EMR's console shows
    :param log_uri: s3:// folder of the logs; without one the cluster has none, ever
    :param release_label: such as emr-7.10.0
    :param workers: core instances, ``i3.2xlarge``
    """
    return EmrCluster(
        name,
        release_label,
        InstanceGroups("m5.xlarge", _core("i3.2xlarge", workers)),
        applications=known_on(release_label, ("Hadoop", "Spark", "Hive")),
        configurations=(
            spark_defaults(ADAPTIVE),
            Configuration("core-site", {"io.file.buffer.size": 131_072}),
            Configuration("hdfs-site", {"dfs.datanode.max.transfer.threads": 16_384, "dfs.datanode.handler.count": 64}),
        ),
        log_uri=log_uri,
    )


def _glue(release_label: str) -> Sequence[Configuration]:
    """The Glue catalog, for Spark alone on a release without Hive."""
    of_hive, of_spark = glue_catalog()
    return (of_hive, of_spark) if known_on(release_label, ["Hive"]) else (of_spark,)


def _core(instance_type: str, workers: Any, *, gib: int | None = None) -> Group:
    """The core group; ``gib`` of EBS for each instance, or none where it has disks of its own."""
    if isinstance(workers, bool) or not isinstance(workers, int):
        rule = "it is a number: a preset reckons with it when the DAG is written"
        raise InvalidSpec("workers", workers, rule, "write a number, or replace the cluster's instances")
    rules.whole("workers", workers, least=1, most=MOST_WORKERS)
    return Group(instance_type, workers, ebs=[EbsVolumes(gib)] if gib else [])


def _shares(tenants: Any) -> Mapping[str, float]:
    field = "multi_tenant_cluster.tenants"
    names = rules.words(field, tenants, each=rules.text)
    if not is_rendered(names) or not names:
        raise InvalidSpec(field, names, "a queue is made for each when the DAG is written", 'write ["one", "other"]')
    if len({*names, "default"}) <= len(names):
        raise InvalidSpec(field, names, "each is a queue beside the one that is called default", "name each once")
    share = (100 - FOR_WHAT_NAMES_NO_QUEUE) * 100 // len(names) / 100
    return {"default": round(100 - share * len(names), 2), **dict.fromkeys(names, share)}
