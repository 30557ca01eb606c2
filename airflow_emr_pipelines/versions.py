"""What differs between the versions of Airflow that we run on, and what of Airflow is its own affair: known here alone.

So a change of Airflow's is one edit of ours. Nothing that a task does not need is loaded before it is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import inspect
from collections.abc import Collection, Coroutine, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import airflow
from airflow.triggers.base import BaseTrigger
from packaging.version import Version

try:  # where Airflow has them from 3.2 on
    from airflow.sdk.configuration import conf
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowNotFoundException,
        AirflowRescheduleException,
        AirflowSensorTimeout,
        AirflowSkipException,
        TaskDeferred,
    )
except ImportError:
    from airflow.configuration import conf  # type: ignore[assignment, unused-ignore]
    from airflow.exceptions import (  # type: ignore[attr-defined, assignment, no-redef, unused-ignore]
        AirflowException,
        AirflowFailException,
        AirflowNotFoundException,
        AirflowRescheduleException,
        AirflowSensorTimeout,
        AirflowSkipException,
        TaskDeferred,
    )

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import TaskInstanceKey

__all__ = [  # of what is handed on
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowRescheduleException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "TaskDeferred",
    "conf",
]

TRIGGERS_ARE_TOLD_OF_KILLS = hasattr(BaseTrigger, "on_kill")
"""From 3.3 the triggerer calls ``on_kill`` when a user ends a deferred task; before, it only cancels the coroutine."""

CLICKS_CARRY_THE_LOGIN = Version(airflow.__version__) >= Version("3.1")
"""From 3.1 the browser keeps Airflow's login in a cookie; before, a click on a page of ours would come from nobody."""

LONGEST_NAME = 200
"""Of a mapped task, that words may stand behind: Airflow's database has room for 250 characters."""

TRIGGER_FAILED = "__fail__"
"""What Airflow resumes a task with when its trigger failed or its deferral timed out."""


def is_of_an_earlier_try(woke: Mapping[str, Any], context: Context) -> bool:
    """Whether what a task is resumed with was meant for an earlier try of it: the retry has to start anew.

    Airflow 3.0 resumes a retry with what the failed try was resumed with, instead of executing it.
    """
    return woke.get("try_number") not in (None, context["ti"].try_number)


def show_beside(context: Context, words: str) -> None:
    """Put words beside the running task in Airflow's lists of tasks: there, and nowhere else, a task may say of itself
    what its state does not. Of a mapped task its name, or else its index, is kept before them.
    """
    own, index = context.get("map_index_template"), context["ti"].map_index
    if own is None and index is not None and index >= 0:
        own = "{{ ti.map_index }}"
    kept = f"{{% filter truncate({LONGEST_NAME}, True) %}}{own}{{% endfilter %}}: " if own is not None else ""
    context["map_index_template"] = f"{kept}{words}"


def is_in_dag_test() -> bool:
    """Whether this task is run by ``dag.test()``, in one process with all that Airflow is to it.

    It watches its triggers itself, while a triggerer that is there as well starts them too, and then loses them.
    """
    from airflow.sdk.execution_time import task_runner

    comms = getattr(task_runner, "SUPERVISOR_COMMS", None)
    return type(comms).__name__ == "InProcessSupervisorComms"


class RenderedOrTold:
    """Put before an operator's base: it is told when its fields cannot be rendered, which also happens on its return.

    A mapped task is rendered by Airflow's own method alone, so that the public one is no place for it.
    """

    def not_rendered(self, context: Context, error: Exception) -> None:
        """Do what has to be done before the task fails for it."""
        raise NotImplementedError

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], context: Context, jinja_env: Any, seen_oids: set[int]
    ) -> None:
        base: Any = super()
        try:
            base._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
        except Exception as error:
            self.not_rendered(context, error)
            raise


def is_native(env: Any) -> bool:
    """Whether templates of an environment give what they are, and not a text (``render_template_as_native_obj``)."""
    from jinja2.nativetypes import NativeEnvironment

    return isinstance(env, NativeEnvironment)


def rendered_nodes(template: Any, context: Any) -> list[Any]:
    """What the parts of a template give, before they become one: as Airflow asks for it, which spares the context."""
    env, own = template.environment, copy.copy(context)
    own.update({name: value for name, value in template.globals.items() if name not in own})
    try:
        return list(template.root_render_func(env.context_class(env, own, template.name, template.blocks)))
    except Exception:
        env.handle_exception()
        raise


def is_mapped(task: Any) -> bool:
    """Whether a task of a DAG file is one that ``partial`` and ``expand`` have made."""
    return hasattr(task, "partial_kwargs") and hasattr(task, "expand_input")


def operator_of(task: Any) -> type[Any]:
    """The class of a task's operator, also where it is mapped."""
    found: type[Any] = task.operator_class if is_mapped(task) else type(task)
    return found


def fixed_arguments(task: Any) -> Mapping[str, Any]:
    """What ``partial`` was given of a mapped task."""
    found: Mapping[str, Any] = task.partial_kwargs
    return found


def expanded_arguments(task: Any) -> Any:
    """What ``expand`` was given of a mapped task: fields by name, a list of such mappings, or another task's output."""
    return task.expand_input.value


def mapped_over(output: Any) -> str | None:
    """The argument that a task group is mapped over, if that is what its tasks are given."""
    return getattr(output, "_key", None)


def template_macros() -> Any:
    """What templates know as ``macros``."""
    from airflow.sdk.execution_time import macros

    return macros


def xcom_value(key: str, ti_key: TaskInstanceKey) -> Any:
    """An XCom of a task, as its links read it."""
    from airflow.sdk.execution_time.xcom import XCom

    return XCom.get_value(key=key, ti_key=ti_key)


def dag_bag(folder: str) -> Any:
    """All DAGs of a folder's files, or of one file, without Airflow's examples; what reads them has moved in 3.2."""
    if Version(airflow.__version__) >= Version("3.2"):
        from airflow.dag_processing.dagbag import DagBag
    else:
        from airflow.models.dagbag import DagBag  # type: ignore[attr-defined, no-redef, unused-ignore]
    no_examples = {"include_examples": False} if "include_examples" in inspect.signature(DagBag).parameters else {}
    reader: Any = DagBag
    return reader(folder, **no_examples)


def dag_folders() -> Iterator[Path]:
    """Where Airflow reads DAGs from: the folder of each of its bundles, made ready."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    for bundle in DagBundlesManager().get_all_dag_bundles():
        bundle.initialize()
        yield Path(bundle.path)


def run_is_over(dag_id: str, run_id: str) -> bool | None:
    """Whether a DAG run has ended, by Airflow's database; None for one that it does not know."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import State
    from sqlalchemy import select

    with create_session() as session:
        state = session.scalar(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
    return None if state is None else state in State.finished_dr_states


def web_dependencies() -> tuple[Any, Any]:
    """What a page of Airflow's web server may depend on, for FastAPI.

    The first gives a session of Airflow's database. The second refuses who may not read the task instances of the DAG
    that the address names as dag_id.
    """
    from typing import get_args

    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.common.db.common import SessionDep
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends

    _, session = get_args(SessionDep)
    return session, Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE))


def kept_xcom(session: Any, key: str, **task: Any) -> Any:
    """An XCom of a task instance as Airflow's database has it; None where there is none.

    :param session: of Airflow's database
    :param task: dag_id, run_id, task_id and map_index
    """
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    found = session.scalars(select(XComModel).filter_by(**task, key=key)).first()
    return XComModel.deserialize_value(found) if found is not None else None


def run_started(session: Any, dag_id: str, run_id: str) -> datetime:
    """When a DAG run has started, or was to start."""
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    run = session.scalars(select(DagRun).filter_by(dag_id=dag_id, run_id=run_id)).one()
    started: datetime = run.start_date or run.run_after
    return started


def has_dates(dag: Any) -> bool:
    """Whether a DAG's timetable gives its runs logical dates; one for assets alone, or for nothing, does not."""
    return type(dag.timetable).__name__ not in ("NullTimetable", "AssetTriggeredTimetable")


def data_interval(dag: Any, logical_date: datetime) -> tuple[datetime, datetime]:
    """The data interval of a run that somebody triggers with that logical date; from 3.2 a DAG says less by itself."""
    timetable = dag.timetable
    if Version(airflow.__version__) >= Version("3.2"):
        from airflow.serialization.encoders import coerce_to_core_timetable

        timetable = coerce_to_core_timetable(timetable)
    start, end = timetable.infer_manual_data_interval(run_after=logical_date)
    return start, end


def password_of(conn_id: str) -> str | None:
    """The password of a connection; what reads it has moved in 3.1."""
    try:
        from airflow.sdk import BaseHook
    except ImportError:
        from airflow.hooks.base import BaseHook  # type: ignore[attr-defined, assignment, no-redef, unused-ignore]
    password: str | None = BaseHook.get_connection(conn_id).password
    return password


NOT_KNOWN: Any = object()
"""Stands for a field of a task that Airflow cannot tell, or can no more."""


def fields_of_task(session: Any, names: Collection[str], **task: Any) -> dict[str, Any]:
    """Some text fields of a task instance: as its DAG gives them, or as it has rendered what only a run knows.

    Unlike an XCom neither can be set by who may not write DAGs. Airflow keeps what was rendered for the youngest runs
    only; ``NOT_KNOWN`` is what it has forgotten, and what the task has no such field of.

    :param session: of Airflow's database, which its web server has and a task has not
    :param task: dag_id, run_id, task_id and map_index
    """
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    instance = session.scalar(select(TaskInstance).filter_by(**task))
    version = instance.dag_version_id if instance is not None else None
    kept = session.scalar(select(SerializedDagModel).filter_by(dag_version_id=version)) if version else None
    defined = kept.dag.task_dict.get(task["task_id"]) if kept is not None else None
    rendered = session.scalar(select(RenderedTaskInstanceFields.rendered_fields).filter_by(**task)) or {}
    found = {name: _as_defined(defined, name, task["map_index"]) for name in names}
    return {name: rendered.get(name, NOT_KNOWN) if value is NOT_KNOWN else value for name, value in found.items()}


def _as_defined(task: Any, name: str, map_index: int) -> Any:
    """A text field of a task that was read from the database, where it is the same in every run."""
    if task is None or name not in task.template_fields:
        return NOT_KNOWN
    if task.is_mapped:
        expanded = task._get_specified_expand_input().value  # a mapping of fields, or what another task gives
        may_be_expanded = name in expanded if isinstance(expanded, Mapping) else True
        value = NOT_KNOWN if may_be_expanded else task.partial_kwargs.get(name, NOT_KNOWN)
    elif map_index >= 0:  # in a group that is mapped, whose arguments it may have
        value = NOT_KNOWN
    else:
        value = getattr(task, name, None)  # None is not kept
    is_said = value is None or (isinstance(value, str) and "{{" not in value and "{%" not in value)
    return value if is_said else NOT_KNOWN


def respects_reschedules(mapped: Any) -> Any:
    """The mapped task, whose instances are not queued again before they are due: before 3.2 only a sensor's are not."""
    if Version(airflow.__version__) < Version("3.2"):
        mapped._is_sensor = True
    return mapped


async def shielded(work: Coroutine[Any, Any, None]) -> None:
    """See work to its end, however often the caller is cancelled meanwhile; only the end of the loop stops it.

    Before 3.3 the triggerer cancels a trigger again each second, until the trigger is gone; from then on after half a
    minute.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def state_of_task(trigger: BaseTrigger) -> str | None:
    """The state of the task that waits for this trigger: ``deferred``, until a user ends, clears or deletes it.

    Before 3.3 this is the one way to tell a kill from a triggerer that shuts down. A run of which Airflow does not know
    was deleted: its tasks are ``removed``. None when Airflow does not say.
    """
    ti: Any = trigger.task_instance
    if ti is None:
        return None
    states = await states_of_task(ti.dag_id, ti.run_id, ti.task_id, map_index=ti.map_index)
    if not states:
        return "removed"
    return states.get(ti.task_id, states.get(f"{ti.task_id}_{ti.map_index}"))


async def states_of_task(dag_id: str, run_id: str, task_id: str, *, map_index: int | None = None) -> dict[str, str]:
    """The states of a task's instances by their names in Airflow: its id, or ``id_index`` where it is mapped."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from asgiref.sync import sync_to_async

    found: Any = await sync_to_async(RuntimeTaskInstance.get_task_states)(
        dag_id=dag_id, task_ids=[task_id], run_ids=[run_id], map_index=map_index
    )
    return {name: str(getattr(state, "value", state)) for name, state in found.get(run_id, {}).items()}
