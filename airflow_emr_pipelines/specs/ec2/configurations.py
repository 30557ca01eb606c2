"""Configuration classifications: settings of the applications on a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import spark_conf
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.templates import all_rendered, is_rendered, is_text

GLUE_CLIENT_FACTORY = "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"
ACCOUNT = re.compile(r"[0-9]{12}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ENVIRONMENT_SETTING = re.compile(r"[A-Z0-9_]+_(?:HEAPSIZE|OPTS)|.*heap[._-]?size.*", re.IGNORECASE)
HADOOP_SITES = ("core-site", "hdfs-site", "yarn-site", "mapred-site")
METASTORE_DATABASE = "javax.jdo.option.ConnectionURL"
StateBackend = Literal["hashmap", "rocksdb"]
SqlEngine = Literal["trino", "presto", "prestosql"]
QUEUE = re.compile(r"[A-Za-z0-9_-]+")
CONNECTOR = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Configuration(Spec):
    """One classification, such as ``spark-defaults``, with its properties.

    ``hadoop-env`` and the like hold environment variables in a nested classification ``export``.

    :param classification: the file or part of an application, as EMR names it: spark-defaults, core-site, hive-site …
    :param properties: its settings, one entry each
    :param configurations: nested classifications, such as ``export`` in hadoop-env
    """

    kind = "configuration"

    classification: str
    properties: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    configurations: Sequence[Configuration] = ()

    def __post_init__(self) -> None:
        self.check(rules.text, "classification")
        self.check(rules.settings, "properties")
        self.check(rules.words, "configurations", each=configuration)
        if self.classification == "spark-defaults":
            self.check(spark_conf.checked, "properties")
        if is_rendered(self.properties) and is_text(self.classification):
            self._check_place(self.classification, self.properties)

    def _check_place(self, classification: str, properties: Mapping[str, Any]) -> None:
        """Refuse settings that would be written where nobody reads them
        (https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-configure-apps.html)."""
        if classification.endswith("-env") and properties:
            self.refuse(
                "properties",
                f"{classification} takes variables only from a classification export in it",
                f'write environment("{classification}", {{…}})',
                value=list(properties),
            )
        misplaced = [name for name in properties if ENVIRONMENT_SETTING.fullmatch(name)]
        if classification in HADOOP_SITES and misplaced:
            self.refuse(
                "properties",
                "the size of a daemon's heap is a variable of its environment, not a property",
                'write environment("hadoop-env", {"HADOOP_NAMENODE_HEAPSIZE": 4096})',
                value=misplaced,
            )
        database = properties.get(METASTORE_DATABASE)
        if is_text(database) and not database.startswith("jdbc:"):
            raise InvalidSpec(
                f"{self.told('properties')}[{METASTORE_DATABASE!r}]",
                database,
                "it is the JDBC address of Hive's own metastore, which would not start",
                "write jdbc:…, or for the Glue Data Catalog *glue_catalog()",
            )

    def told(self, name: str) -> str:
        return f"Configuration({self.classification!r}).{name}"


def configuration(field: str, value: Any) -> Any:
    """An element of a list of configurations."""
    if isinstance(value, Configuration) or not is_rendered(value):
        return value
    several = isinstance(value, (list, tuple))
    remedy = "write a * in front of what gives several, as in *glue_catalog()" if several else "write Configuration(…)"
    raise InvalidSpec(field, value, "it is no Configuration", remedy)


def spark_defaults(
    conf: Mapping[str, Any] | None = None,
    *,
    min_executors: int | str | None = None,
    max_executors: int | str | None = None,
) -> Configuration:
    """Settings for all Spark applications of a cluster (spark-defaults).

    :param conf: settings of Spark, one entry each
    :param min_executors: the least executors that dynamic allocation keeps
    :param max_executors: the most that it asks for
    """
    bounds: dict[str, Any] = {}
    for name, value, least in (("min", min_executors, 0), ("max", max_executors, 1)):
        if value is not None:
            number = rules.whole(f"spark_defaults.{name}_executors", value, least=least)
            bounds[f"spark.dynamicAllocation.{name}Executors"] = number
    numbers = list(bounds.values())
    if all(isinstance(number, int) for number in numbers) and numbers != sorted(numbers):
        raise InvalidSpec(
            "spark_defaults.min_executors", min_executors, f"it is more than the most, {max_executors}", "swap the two"
        )
    settings = spark_conf.conf("spark_defaults.conf", conf or {})
    return Configuration("spark-defaults", _both("spark_defaults.conf", settings, bounds))


def environment(classification: str, variables: Mapping[str, str | int | float]) -> Configuration:
    """Environment variables of an application's daemons and tools: heap sizes, options of the JVM, JAVA_HOME.

    :param classification: such as hadoop-env, yarn-env, hive-env or spark-env
    :param variables: the variables by name
    """
    field = "environment.classification"
    if rules.text(field, classification) and is_rendered(classification) and not classification.endswith("-env"):
        raise InvalidSpec(
            field, classification, "it is no classification of an environment", "write it like hadoop-env"
        )
    exported = rules.settings("environment.variables", variables, name=_variable)
    return Configuration(classification, configurations=[Configuration("export", exported)])


def yarn_site(
    properties: Mapping[str, Any] | None = None, *, application_masters_on_core: bool = False
) -> Configuration:
    """Settings of YARN (yarn-site).

    :param properties: settings of YARN, one entry each
    :param application_masters_on_core: keep them off task instances, which the spot market may take away and the whole
        application with them: since emr-6.0.0 YARN runs them anywhere
    """
    labels = {"yarn.node-labels.enabled": True, "yarn.node-labels.am.default-node-label-expression": "CORE"}
    settings = rules.settings("yarn_site.properties", properties or {})
    return Configuration(
        "yarn-site", _both("yarn_site.properties", settings, labels if application_masters_on_core else {})
    )


def yarn_queues(shares: Mapping[str, int | float], *, most: int | float = 100) -> Configuration:
    """Queues of YARN that share the cluster (capacity-scheduler). A Spark step goes to one by ``queue=``.

    What names no queue goes to the one that is called default, and is refused where there is none.

    :param shares: per cent that each queue is sure to get; together they are 100
    :param most: per cent that a queue may grow to while the others leave room
    """
    field = "yarn_queues.shares"
    if not all_rendered(shares) or not is_rendered(most):
        raise InvalidSpec(field, shares, "shares are known when the DAG is written", "write numbers")
    checked = rules.settings(field, shares, name=_queue, each=_share)
    limit = rules.number("yarn_queues.most", most, least=max(checked.values(), default=0))
    if limit > 100:
        raise InvalidSpec("yarn_queues.most", most, "a queue grows to 100 per cent at the most", "lower it")
    if abs(sum(checked.values()) - 100) > 0.01:
        told = f"they are {sum(checked.values()):g} together"
        raise InvalidSpec(field, dict(checked), told, "make them 100, with a queue default for what names none")
    root = "yarn.scheduler.capacity.root"
    properties = {f"{root}.queues": ",".join(checked)}
    for name, share in checked.items():
        properties[f"{root}.{name}.capacity"] = f"{share:g}"
        properties[f"{root}.{name}.maximum-capacity"] = f"{limit:g}"
    return Configuration("capacity-scheduler", properties)


def _queue(field: str, name: Any) -> Any:
    if not QUEUE.fullmatch(str(name)):
        raise InvalidSpec(field, name, "it is no name of a queue", "write it of letters, digits, - and _")
    return name


def _share(field: str, value: Any) -> Any:
    return rules.number(field, value, least=0)


def sql_connector(
    name: str, properties: Mapping[str, Any] | None = None, *, engine: SqlEngine | str = "trino"
) -> Configuration:
    """A catalog of Trino or Presto. The Glue Data Catalog is ``sql_connector("hive", {"hive.metastore": "glue"})``.

    :param name: the connector, such as hive, iceberg or postgresql
    :param properties: the connector's settings
    :param engine: trino (from emr-6.4.0), prestosql (before), or presto
    """
    rules.choice("sql_connector.engine", engine, choices=get_args(SqlEngine))
    rules.text("sql_connector.name", name)
    if is_rendered(name) and not CONNECTOR.fullmatch(name):
        raise InvalidSpec(
            "sql_connector.name", name, "it is no name of a connector", "write it like hive or postgresql"
        )
    return Configuration(f"{engine}-connector-{name}", {} if properties is None else properties)


def flink_conf(
    conf: Mapping[str, Any] | None = None,
    *,
    checkpoints: str | None = None,
    checkpoint_seconds: int | str | None = None,
    state_backend: StateBackend | str | None = None,
    task_slots: int | str | None = None,
) -> Configuration:
    """Settings for all Flink jobs of a cluster (flink-conf).

    :param conf: further settings of Flink, one entry each
    :param checkpoints: the folder of checkpoints, in S3 or HDFS
    :param checkpoint_seconds: how often there is one
    :param state_backend: hashmap (memory) or rocksdb (disk, and checkpoints of what has changed only)
    :param task_slots: slots of each task manager
    """
    ours: dict[str, Any] = {}
    if checkpoints is not None:
        ours["state.checkpoints.dir"] = addresses.folder("flink_conf.checkpoints", checkpoints)
    if checkpoint_seconds is not None:
        seconds = rules.whole("flink_conf.checkpoint_seconds", checkpoint_seconds, least=1)
        ours["execution.checkpointing.interval"] = f"{seconds} s"
    if state_backend is not None:
        ours["state.backend"] = rules.choice("flink_conf.state_backend", state_backend, choices=get_args(StateBackend))
        ours["state.backend.incremental"] = state_backend == "rocksdb"
    if task_slots is not None:
        ours["taskmanager.numberOfTaskSlots"] = rules.whole("flink_conf.task_slots", task_slots, least=1)
    return Configuration("flink-conf", _both("flink_conf.conf", rules.settings("flink_conf.conf", conf or {}), ours))


def jupyter_s3(bucket: str) -> Configuration:
    """JupyterHub's notebooks are kept in a bucket, under jupyter/, and not lost with the cluster (jupyter-s3-conf).

    :param bucket: the bucket's name alone, without s3:// or a folder
    """
    rules.text("jupyter_s3.bucket", bucket)
    if is_rendered(bucket) and not addresses.BUCKET.fullmatch(bucket):
        raise InvalidSpec(
            "jupyter_s3.bucket", bucket, "it is no bucket name", "write the bucket alone, without s3:// or a folder"
        )
    return Configuration("jupyter-s3-conf", {"s3.persistence.enabled": True, "s3.persistence.bucket": bucket})


def _both(field: str, settings: Any, ours: Mapping[str, Any]) -> Any:
    """The user's settings, and those that arguments stand for."""
    if ours and (not isinstance(settings, Mapping) or ours.keys() & settings.keys()):
        function, _, name = field.partition(".")
        raise InvalidSpec(
            field, settings, f"it may say otherwise than the arguments of {function}", f"say it in {name} only"
        )
    return {**ours, **settings} if ours else settings


def _variable(field: str, name: Any) -> Any:
    rules.setting_name(field, name)
    if not VARIABLE.fullmatch(name):
        raise InvalidSpec(field, name, "it is no name of a variable", "write it like HADOOP_NAMENODE_HEAPSIZE")
    return name


def glue_catalog(catalog_id: str | None = None) -> tuple[Configuration, Configuration]:
    """The Glue Data Catalog as the metastore of Hive *and* of Spark, which has a setting of its own.

    :param catalog_id: the AWS account of the catalog, when it is another one's
    """
    properties = {"hive.metastore.client.factory.class": GLUE_CLIENT_FACTORY}
    if catalog_id is not None:
        if is_rendered(catalog_id) and not ACCOUNT.fullmatch(str(catalog_id)):
            raise InvalidSpec(
                "glue_catalog.catalog_id",
                catalog_id,
                "it is no AWS account id, which has 12 digits",
                "write it as a text",
            )
        properties["hive.metastore.glue.catalogid"] = catalog_id
    return Configuration("hive-site", properties), Configuration("spark-hive-site", properties)
