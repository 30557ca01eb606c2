"""OpenLineage: Spark is told which task has started it, and where its events go, as the Amazon provider does it.

Spark itself has to have OpenLineage's listener. The settings become arguments of the step, which EMR shows to whoever
may describe it, the key of the transport among them: keep that in the cluster's own settings where it must not be seen.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_emr_pipelines.specs.steps import CustomJarStep, Step
from airflow_emr_pipelines.specs.steps.custom_jar import SPARK_PROGRAMS
from airflow_emr_pipelines.versions import conf

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

PARENT, TRANSPORT = "spark.openlineage.parent", "spark.openlineage.transport"
HIDDEN_SETTINGS = ("auth.", "headers.")
"""What of a transport may be a secret."""

S = TypeVar("S", bound=Step)


@dataclass(frozen=True)
class Lineage:
    """What of OpenLineage is given to Spark; None leaves it to Airflow's ``[openlineage]`` configuration.

    :param parent_job_info: which task has started it; ``spark_inject_parent_job_info``
    :param transport_info: where its events go; ``spark_inject_transport_info``
    """

    parent_job_info: bool | None = None
    transport_info: bool | None = None

    def given_to(self, step: S, context: Context) -> S:
        """The step with these settings, if it is one of Spark's; what it says of OpenLineage itself is let be."""
        if not is_spark_step(step):
            return step
        try:
            settings = {
                name: str(value) for name, value in self._settings(step, context).items() if not _says(step, name)
            }
            if not settings:
                return step
            with_lineage: S = _with(step, settings)
        except Exception as error:  # a job is worth more than the tale of it; the error itself may tell a secret
            log.warning("OpenLineage's settings are not given to step %s: %s", step.name, type(error).__name__)
            return step
        log.info("OpenLineage's settings are given to step %s: %s", step.name, ", ".join(settings))
        return with_lineage

    @property
    def adds(self) -> bool:
        """Whether a Spark step is given anything."""
        return self._wants("parent_job_info", "spark_inject_parent_job_info") or self._wants(
            "transport_info", "spark_inject_transport_info"
        )

    def hide(self) -> None:
        """Let Airflow's logs show no secret of the transport: a step's own log tells the command that ran."""
        if self._wants("transport_info", "spark_inject_transport_info"):
            try:
                _hide(_transport())
            except Exception as error:
                log.warning("OpenLineage's transport cannot be read: %s", type(error).__name__)

    def _settings(self, step: Step, context: Context) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if self._wants("parent_job_info", "spark_inject_parent_job_info") and not _says(step, PARENT):
            settings.update(_parent(context))
        if self._wants("transport_info", "spark_inject_transport_info") and not _says(step, TRANSPORT):
            settings.update(_hide(_transport()))
        return settings

    def _wants(self, field: str, option: str) -> bool:
        said: bool | None = getattr(self, field)
        if not (conf.getboolean("openlineage", option, fallback=False) if said is None else said):
            return False
        if find_spec("airflow.providers.openlineage") is not None:
            return True
        if said:
            log.warning(
                "openlineage_inject_%s is set, and apache-airflow-providers-openlineage is not installed: nothing is "
                "given to Spark",
                field,
            )
        return False


def _parent(context: Context) -> dict[str, Any]:
    from airflow.providers.common.compat.openlineage.utils.spark import (
        inject_parent_job_information_into_spark_properties,
    )

    return dict(inject_parent_job_information_into_spark_properties({}, context))


def _transport() -> dict[str, Any]:
    from airflow.providers.common.compat.openlineage.utils.spark import (
        inject_transport_information_into_spark_properties,
    )

    # The context is not asked for anything: where events go is the same for all tasks.
    return dict(inject_transport_information_into_spark_properties({}, {}))


def _hide(settings: dict[str, Any]) -> dict[str, Any]:
    from airflow.sdk.log import mask_secret

    for name, value in settings.items():
        if any(part in name for part in HIDDEN_SETTINGS):
            mask_secret(str(value))
    return settings


def is_spark_step(step: Step) -> bool:
    """Whether a step is a Spark application."""
    return step.runs_on_spark or (isinstance(step, CustomJarStep) and step.program in SPARK_PROGRAMS)


def _says(step: Any, name: str) -> bool:
    """Whether a step has a setting whose name begins so."""
    said = [str(word).removeprefix("--conf=") for word in step.args] if isinstance(step, CustomJarStep) else step.conf
    return any(setting.startswith(name) for setting in said)


def _with(step: Any, settings: Mapping[str, str]) -> Any:
    if isinstance(step, CustomJarStep):
        words = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
        return replace(step, args=[step.args[0], *words, *step.args[1:]])
    return replace(step, conf={**step.conf, **settings})
