"""Amazon EMR on EC2 as a kind of compute: a job is a step of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_emr_pipelines.specs.backend import NO_OPTIONS
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.compatibility import check_application
from airflow_emr_pipelines.specs.ec2.fit import warn_of_misfits
from airflow_emr_pipelines.specs.ec2.render.step import check, render_step
from airflow_emr_pipelines.specs.steps import Step
from airflow_emr_pipelines.specs.values.keys import NAME_LIMIT


class Ec2Backend:
    """Clusters, which run every kind of step that their applications have a program for."""

    name_limit = NAME_LIMIT

    def render(self, step: Step, options: Mapping[str, Any] = NO_OPTIONS, name: str | None = None) -> dict[str, Any]:
        """The StepConfig of a step."""
        return render_step(step, name=name, region=options.get("region"))

    def check(self, step: Any, target: Any = None, options: Mapping[str, Any] = NO_OPTIONS) -> None:
        """Refuse what EMR would refuse, or what fails on a cluster that is known; warn of what it has no room for."""
        if target is None:
            check(step, region=options.get("region"))
        elif isinstance(step, Step) and isinstance(target, EmrCluster):
            check_application(step, target)
            warn_of_misfits(target, step)


EC2 = Ec2Backend()
