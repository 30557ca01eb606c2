"""The trigger that watches other instances of its own mapped task, between which Airflow draws no edges."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.triggers.base import PatientTrigger

WELL = "success"
GONE_WRONG = ("failed", "upstream_failed", "skipped", "removed")


class InstancesTrigger(PatientTrigger):
    """Wait until instances of a mapped task have ended well, or one of them has not. The event is empty.

    :param of: dag_id, run_id and task_id of the task
    :param map_indexes: of those that are waited for
    :param deferral: what PatientTrigger is told
    """

    def __init__(
        self, *, of: Mapping[str, Any], map_indexes: Collection[int], poll_seconds: float, **deferral: Any
    ) -> None:
        super().__init__(**deferral)
        self.of = dict(of)
        self.map_indexes = list(map_indexes)
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        fields = {"of": self.of, "map_indexes": self.map_indexes, "poll_seconds": self.poll_seconds}
        return f"{__name__}.{type(self).__name__}", {**fields, **self.deferral()}

    async def wait(self) -> dict[str, Any]:
        names = [f"{self.of['task_id']}_{index}" for index in self.map_indexes]
        while True:
            try:
                of_all = await versions.states_of_task(**self.of)
            except Exception as error:  # Airflow's database is away for a moment
                self.log.warning("How the others stand is not known (%s): asking again", error)
            else:
                states = {of_all.get(name) for name in names}
                if states <= {WELL} or states & set(GONE_WRONG):
                    return {}
            await asyncio.sleep(self.poll_seconds)
