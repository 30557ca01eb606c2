"""Configuration classifications: settings of the applications on a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import rules

GLUE_CLIENT_FACTORY = "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"


@dataclass(frozen=True)
class Configuration:
    """One classification, such as ``spark-defaults``, with its properties.

    ``hadoop-env`` and the like hold environment variables in a nested classification ``export``.
    """

    classification: str
    properties: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    configurations: Sequence[Configuration] = ()

    kind = "configuration"

    def __post_init__(self) -> None:
        rules.text("Configuration.classification", self.classification)
        where = f"Configuration({self.classification!r})"
        object.__setattr__(self, "properties", rules.settings(f"{where}.properties", self.properties))
        object.__setattr__(self, "configurations", tuple(self.configurations))
        for nested in self.configurations:
            if not isinstance(nested, Configuration):
                raise InvalidSpec(f"{where}.configurations", nested, "it is no Configuration", "nest Configuration(…)")


def spark_defaults(
    conf: Mapping[str, Any] | None = None, *, min_executors: int | None = None, max_executors: int | None = None
) -> Configuration:
    """Settings for all Spark applications of a cluster (spark-defaults).

    :param min_executors: the least executors that dynamic allocation keeps
    :param max_executors: the most that it asks for
    """
    rules.whole("spark_defaults.min_executors", min_executors, 0)
    rules.whole("spark_defaults.max_executors", max_executors, 1)
    if min_executors is not None and max_executors is not None and min_executors > max_executors:
        raise InvalidSpec(
            "spark_defaults.min_executors",
            min_executors,
            f"it is more than max_executors, {max_executors}",
            "turn the two round",
        )
    bounds = {
        "spark.dynamicAllocation.minExecutors": min_executors,
        "spark.dynamicAllocation.maxExecutors": max_executors,
    }
    given = {name: value for name, value in bounds.items() if value is not None}
    return Configuration("spark-defaults", {**given, **(conf or {})})


def glue_catalog(catalog_id: str | None = None) -> tuple[Configuration, Configuration]:
    """The Glue Data Catalog as the metastore of Hive *and* of Spark, which has a setting of its own.

    :param catalog_id: the AWS account of the catalog, when it is another one's
    """
    properties = {"hive.metastore.client.factory.class": GLUE_CLIENT_FACTORY}
    if catalog_id is not None:
        if rules.known(catalog_id) and not (catalog_id.isdigit() and len(catalog_id) == 12):
            raise InvalidSpec("catalog_id", catalog_id, "it is an AWS account id of 12 digits", "write it as a text")
        properties["hive.metastore.glue.catalogid"] = catalog_id
    return Configuration("hive-site", properties), Configuration("spark-hive-site", dict(properties))
