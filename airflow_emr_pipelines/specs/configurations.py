"""Configuration classifications: settings of the applications on a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import rules, spark_conf
from airflow_emr_pipelines.specs.late import known
from airflow_emr_pipelines.specs.spec import Spec

GLUE_CLIENT_FACTORY = "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"
ACCOUNT = re.compile(r"[0-9]{12}")
ENVIRONMENTS = ("hadoop-env", "hbase-env", "hive-env", "mapred-env", "spark-env", "yarn-env")
"""Classifications of shell scripts: EMR takes their variables from a nested classification ``export`` only."""


@dataclass(frozen=True)
class Configuration(Spec):
    """One classification, such as ``spark-defaults``, with its properties.

    ``hadoop-env`` and the like hold environment variables in a nested classification ``export``.
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
        if self.classification in ENVIRONMENTS and known(self.properties) and self.properties:
            self.refuse(
                "properties",
                f"{self.classification} takes variables only from a classification export in it",
                f'write Configuration("{self.classification}", configurations=[Configuration("export", {{…}})])',
                value=list(self.properties),
            )

    def told(self, name: str) -> str:
        return f"Configuration({self.classification!r}).{name}"


def configuration(field: str, value: Any) -> Any:
    """An element of a list of configurations."""
    if isinstance(value, Configuration) or not known(value):
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
    if bounds and (not isinstance(settings, Mapping) or bounds.keys() & settings.keys()):
        raise InvalidSpec(
            "spark_defaults.conf",
            conf,
            "it may say otherwise than min_executors and max_executors",
            "say it in conf only",
        )
    return Configuration("spark-defaults", {**bounds, **settings} if bounds else settings)


def glue_catalog(catalog_id: str | None = None) -> tuple[Configuration, Configuration]:
    """The Glue Data Catalog as the metastore of Hive *and* of Spark, which has a setting of its own.

    :param catalog_id: the AWS account of the catalog, when it is another one's
    """
    properties = {"hive.metastore.client.factory.class": GLUE_CLIENT_FACTORY}
    if catalog_id is not None:
        if known(catalog_id) and not ACCOUNT.fullmatch(str(catalog_id)):
            raise InvalidSpec(
                "glue_catalog.catalog_id",
                catalog_id,
                "it is no AWS account id, which has 12 digits",
                "write it as a text",
            )
        properties["hive.metastore.glue.catalogid"] = catalog_id
    return Configuration("hive-site", properties), Configuration("spark-hive-site", properties)
