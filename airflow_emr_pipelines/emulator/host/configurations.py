"""A cluster's Configurations: what of them can hold on one machine, and what has to be left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.emulator.host.catalog import choice
from airflow_emr_pipelines.emulator.host.catalog.choice import Choice

_USED = {"spark-defaults", "hive-site", "spark-hive-site", "core-site", "mapred-site", "spark-env"}
_WAREHOUSE = "user/hive/warehouse"
# Variables that name places of a real node.
_PLACES = ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "JAVA_HOME", "SPARK_", "HADOOP_", "HIVE_", "PATH", "HOME", "LD_")


@dataclass(frozen=True)
class ClusterConfiguration:
    """The properties of each classification that steps follow, and words on what they do not."""

    spark_defaults: Mapping[str, str] = field(default_factory=dict)
    hive_site: Mapping[str, str] = field(default_factory=dict)
    metastore_of_hive: Mapping[str, str] = field(default_factory=dict)
    metastore_of_spark: Mapping[str, str] = field(default_factory=dict)
    core_site: Mapping[str, str] = field(default_factory=dict)
    mapred_site: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def warehouse(self, hdfs: Path) -> str:
        """Where tables lie whose database names no place: a folder of the cluster's HDFS, unless another is named.

        It has a name as a file: what Hive does with tables at hdfs:// it does to Hadoop's own class alone.
        """
        return self.hive_site.get("hive.metastore.warehouse.dir", f"file:{hdfs / _WAREHOUSE}")

    def catalog_of_hive(self) -> Choice:
        """The catalog of Hive's own programs."""
        return choice.choose(self.metastore_of_hive, self.metastore_of_hive, "hive-site")

    def catalog_of_spark(self, settings: Mapping[str, str]) -> Choice:
        """The catalog of a Spark program: hive-site holds for the metastore behind it, and not for itself."""
        site = {**self.metastore_of_spark, **choice.of_spark(settings)}
        return choice.choose(site, self.metastore_of_hive, "spark-hive-site")


def read(configurations: Sequence[Mapping[str, Any]]) -> ClusterConfiguration:
    """Configurations as they stand in the request; a later property outranks an earlier one."""
    found: dict[str, dict[str, str]] = {}
    for classification, properties in _walk(configurations):
        found.setdefault(classification, {}).update(properties)
    for_hive, for_spark = found.get("hive-site", {}), found.get("spark-hive-site", {})
    hive = {**for_hive, **for_spark}
    core, exported = found.get("core-site", {}), found.get("spark-env/export", {})
    kept_hive = {key: value for key, value in hive.items() if _is_harmless_for_hive(key, value)}
    kept_core = {key: value for key, value in core.items() if not key.startswith(("fs.", "hadoop."))}
    kept_environment = {key: value for key, value in exported.items() if not key.startswith(_PLACES)}
    others = sorted(name for name in found if name.partition("/")[0] not in _USED)
    return ClusterConfiguration(
        spark_defaults=found.get("spark-defaults", {}),
        hive_site=kept_hive,
        metastore_of_hive={key: value for key, value in for_hive.items() if key in choice.FOLLOWED},
        metastore_of_spark={key: value for key, value in for_spark.items() if key in choice.FOLLOWED},
        core_site=kept_core,
        mapred_site=found.get("mapred-site", {}),
        environment=kept_environment,
        left_out=(
            *(f"classification {name}" for name in others),
            *(f"hive-site {key}" for key in sorted(hive.keys() - kept_hive.keys() - set(choice.FOLLOWED))),
            *(f"core-site {key}" for key in sorted(core.keys() - kept_core.keys())),
            *(f"spark-env export {key}" for key in sorted(exported.keys() - kept_environment.keys())),
        ),
    )


def _walk(configurations: Sequence[Mapping[str, Any]], above: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    for configuration in configurations:
        name = f"{above}{configuration.get('Classification', '')}"
        yield name, configuration.get("Properties") or {}
        yield from _walk(configuration.get("Configurations") or (), f"{name}/")


def _is_harmless_for_hive(key: str, value: str) -> bool:
    if "com.amazonaws." in value or "com.amazon." in value:
        return False  # classes of AWS's own distribution, such as the client of the Glue catalog
    if key == "hive.metastore.warehouse.dir":
        return True
    return not key.startswith(
        ("hive.metastore.", "javax.jdo.", "hive.server2.", "hive.security.", "hive.execution.engine")
    )
