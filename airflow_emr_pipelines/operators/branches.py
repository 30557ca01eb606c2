"""What has become of branches that were let run to their ends, however each ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_emr_pipelines.errors import BranchesMissing, InvalidSpec
from airflow_emr_pipelines.operators.task_run import states_of_tasks
from airflow_emr_pipelines.versions import AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context

Place = tuple[str, int]
"""A task and its map index; -1 where it has none."""


class BranchesEndedOperator(BaseOperator):
    """Tell which branches made it, once all have ended.

    A branch has made it when each of its steps has completed. One with a failure that was tolerated has not: the data
    that the step makes are not there. Within a mapped group it tells of the branches of its own map index.

    :param branches: of static branches the ids of their tasks, by name
    :param mapped: of branches that are known at run time mappings with their ``name``, in the order in which they were
        mapped
    :param task_ids: the ids of the tasks of each mapped branch
    :returns: ``made``, a list of names; ``missing``, why not, by name; ``skipped``, names of branches not taken
    :raises BranchesMissing: none of those that ran has made it: there is nothing to merge
    :raises InvalidSpec: two mapped branches have the same name
    """

    template_fields: Sequence[str] = ("mapped",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"mapped": "json"}

    def __init__(
        self,
        *,
        branches: Mapping[str, Sequence[str]] | None = None,
        mapped: Sequence[Mapping[str, Any]] | Any = (),
        task_ids: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.branches = {name: list(task_ids) for name, task_ids in (branches or {}).items()}
        self.mapped = mapped
        self.task_ids = list(task_ids)

    def execute(self, context: Context) -> dict[str, Any]:
        own: int | None = context["ti"].map_index
        places = self.places(-1 if own is None else own)
        states = states_of_tasks(context["ti"], {task_id for tasks in places.values() for task_id, _ in tasks})
        made: list[str] = []
        skipped: list[str] = []
        missing: dict[str, str] = {}
        for name, tasks in places.items():
            of_branch = [(place, _state_at(place, states)) for place in tasks]
            if all(state == "skipped" for _, state in of_branch):
                skipped.append(name)
            elif why := self._lack(context, of_branch):
                missing[name] = why
                self.log.error("Branch %s is missing: %s", name, why)
            else:
                made.append(name)
        self.log.info("Of %d branches %d made it: %s", len(places), len(made), ", ".join(made) or "none")
        if not made and missing:
            raise BranchesMissing(missing)
        if not made:
            raise AirflowSkipException("No branch was taken")
        return {"made": made, "missing": missing, "skipped": skipped}

    def places(self, own: int = -1) -> dict[str, list[Place]]:
        """The tasks of each branch; static ones are beside this task, at its own map index."""
        static = {name: [(task_id, own) for task_id in tasks] for name, tasks in self.branches.items()}
        mapped: dict[str, list[Place]] = {}
        for index, branch in enumerate(self.mapped):
            name = str(branch["name"])
            if name in mapped:  # one would stand for the other, whatever has become of that
                rule, way_out = "two branches have this name", "name each branch once in the list"
                raise InvalidSpec("BranchesEndedOperator.mapped", name, rule, way_out)
            mapped[name] = [(task_id, index) for task_id in self.task_ids]
        return {**static, **mapped}

    def _lack(self, context: Context, of_branch: Sequence[tuple[Place, str]]) -> str | None:
        """Why a branch has not made it; None where it has."""
        ti: Any = context["ti"]
        for (task_id, index), state in of_branch:
            if state != "success":
                return f"{task_id} ended {state}"
            result = ti.xcom_pull(task_ids=task_id, map_indexes=index)
            if isinstance(result, Mapping) and result.get("tolerated"):
                return f"{task_id} failed, which was tolerated: {result.get('cause')}"
        return None


class NoBranchMissingOperator(BaseOperator):
    """Fail when a branch is missing, so that a run that went on without it does not look as if all were well.

    :param ended: what ``BranchesEndedOperator`` told
    :raises BranchesMissing: some are
    """

    template_fields: Sequence[str] = ("ended",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"ended": "json"}

    def __init__(self, *, ended: Mapping[str, Any] | Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ended = ended

    def execute(self, context: Context) -> None:
        if self.ended["missing"]:
            raise BranchesMissing(self.ended["missing"])


def _state_at(place: Place, states: Mapping[str, str]) -> str:
    """The state of a task; one that was never mapped has ended as a whole."""
    task_id, index = place
    return states.get(f"{task_id}_{index}" if index >= 0 else task_id) or states.get(task_id) or "without a state"
