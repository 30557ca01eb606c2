"""What a task of a DAG says before it runs: its fields, the cluster it is about, and the operations it may call."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.specs.serialization import KINDS, to_dict
from airflow_emr_pipelines.specs.values.templates import is_rendered


class DagTask:
    """A task that uses one of our operators or sensors, mapped or not."""

    def __init__(self, task: Any) -> None:
        self.id = str(task.task_id)
        self._task = task
        self.operator = versions.operator_of(task)
        self.calls: Calls = getattr(self.operator, "calls", {})

    def values(self, path: str) -> Iterator[Any]:
        """All values that the path leads to; of what is known only when the task runs, what stands for it."""
        name, *rest = path.split(".")
        found = [self._field(name)]
        for part in rest:
            found = [inner for value in found for inner in _inside(value, part)]
        yield from found

    def operations(self) -> set[str]:
        """The operations that it may call, as its class declares them."""
        return {name for when, names in self.calls.items() if self._holds(when) for name in names}

    def _field(self, name: str) -> Any:
        if name == "cluster" and not self._has("cluster"):
            maker = self.maker()
            return None if not self._has("cluster_id") else UNKNOWN if maker is None else maker._field("cluster")
        return to_dict(self._own(name))

    def maker(self) -> DagTask | None:
        """The task of the DAG that creates the cluster of this one, if one does."""
        source = self._own("cluster_id") if self._has("cluster_id") else None
        operator = getattr(source, "operator", None) or getattr(self._task, "maker", None)
        found = None if operator is None else DagTask(operator)
        return found if found is not None and "RunJobFlow" in found.calls.get(ALWAYS, ()) else None

    def _has(self, name: str) -> bool:
        return name in self.operator.template_fields

    def _own(self, name: str) -> Any:
        if not versions.is_mapped(self._task):
            return getattr(self._task, name, None)
        fixed = versions.fixed_arguments(self._task)
        if name in fixed:
            return fixed[name]
        mapped = versions.expanded_arguments(self._task)
        may_be_mapped = name in mapped if isinstance(mapped, Mapping) else self._has(name)
        return UNKNOWN if may_be_mapped else None

    def _holds(self, when: str) -> bool:
        return all(self._is(term) for term in when.split(" and ")) if when else True

    def _is(self, term: str) -> bool:
        negated, path = term.startswith("not "), term.removeprefix("not ").partition("=")[0]
        word = term.partition("=")[2]
        for value in self.values(path):
            if not is_rendered(value):
                return True
            if (value is False) if negated else word in (value, str(value)) if word else bool(value):
                return True
        return False


class _Unknown:
    """Stands for what only the run knows, as an output of another task does."""

    def resolve(self) -> None: ...


UNKNOWN = _Unknown()


def _inside(value: Any, name: str) -> Iterator[Any]:
    if not is_rendered(value):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _inside(part, name)
    elif isinstance(value, Mapping):
        yield value[name] if name in value else _default(value.get("kind"), name)


def _default(kind: Any, name: str) -> Any:
    """What a field of a spec is that is not given: plain dictionaries leave that out."""
    fields = dataclasses.fields(KINDS[kind]) if kind in KINDS else ()  # type: ignore[arg-type]
    found = next((field.default for field in fields if field.name == name), None)
    return None if found is dataclasses.MISSING else found
