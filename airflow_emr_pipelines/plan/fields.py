"""The fields of a task as a run would have them: rendered, mapped out, and in words where only the run knows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2.exceptions import TemplateSyntaxError, UndefinedError

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.rendering import KeepsTexts, rendered_text, structure_in
from airflow_emr_pipelines.plan.sample import SampleRun, output_of
from airflow_emr_pipelines.plan.unknown import Later, NotKnown, with_placeholders
from airflow_emr_pipelines.specs.serialization import holds_structure, to_dict
from airflow_emr_pipelines.specs.values.templates import is_output


@dataclass(frozen=True)
class Fields:
    """A task, or one of those that it is mapped to, with its fields by name.

    :param label: the task's id, with the map index where it is known
    """

    label: str
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def text(self, name: str) -> str | None:
        """A field that is a text which is known."""
        value = self.values.get(name)
        return value if isinstance(value, str) and not isinstance(value, NotKnown) else None


def fields_of(task: Any, names: tuple[str, ...], run: SampleRun) -> Iterator[Fields]:
    """The task's fields of these names; one each for what a task is mapped to that its file lists.

    :raises UndefinedError: a template uses a name that no run has
    """
    for label, given in unmapped(task, names):
        yield Fields(label, {name: render(to_dict(given[name]), task, run) for name in names})


def unmapped(task: Any, names: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A task's fields of these names as they are written, with its label; once each for what it is mapped to."""
    if not versions.is_mapped(task):
        yield task.task_id, {name: getattr(task, name, None) for name in names}
        return
    expanded, arguments = versions.expanded_arguments(task), versions.fixed_arguments(task)
    fixed = {name: arguments.get(name) for name in names}
    free = [name for name in names if name not in arguments]
    for place, given in enumerate(_each(expanded, free)):
        yield (f"{task.task_id}[{place}]" if _is_listed(expanded) else task.task_id), {**fixed, **given}


def _each(expanded: Any, free: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The arguments of each task that is mapped: once, with words for them, where another task gives them."""
    if isinstance(expanded, Mapping):
        names = list(expanded)
        for values in itertools.product(*(_elements(expanded[name]) for name in names)):
            yield dict(zip(names, values, strict=True))
    elif isinstance(expanded, (list, tuple)):
        yield from (given if isinstance(given, Mapping) else _each_of(given, free) for given in expanded)
    else:
        yield _each_of(expanded, free)


def _elements(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [list(item) for item in value.items()]
    return list(value) if isinstance(value, (list, tuple)) else [NotKnown(f"<one of the {placeholder_of(value)}>")]


def _is_listed(expanded: Any) -> bool:
    parts = expanded.values() if isinstance(expanded, Mapping) else expanded
    if not isinstance(expanded, (Mapping, list, tuple)):
        return False
    return not any(is_output(part) for part in parts)


def _each_of(source: Any, names: Iterable[str]) -> dict[str, NotKnown]:
    """Arguments of which another task gives even the names: each may be among them."""
    return {name: NotKnown(f"<{name} of one of the {placeholder_of(source)}>") for name in names}


def render(value: Any, task: Any, run: SampleRun, *, structure: bool = True) -> Any:
    """A value as the run would have it, with words for what is not known.

    :param structure: a list, a mapping or a spec is wanted where it stands
    :raises UndefinedError: a template uses a name that no run has
    :raises InvalidSpec: a template is broken
    """
    if isinstance(value, NotKnown):
        return value
    if is_output(value):
        return NotKnown(f"<{placeholder_of(value)}>")
    if isinstance(value, str):
        return _rendered(value, task, run, structure=structure)
    if isinstance(value, Mapping):
        return {key: render(part, task, run, structure=holds_structure(value, key)) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [render(part, task, run, structure=structure) for part in value]
    return value


def _rendered(text: str, task: Any, run: SampleRun, *, structure: bool) -> Any:
    env = run.env_of(task)
    keeps_texts = versions.is_native(env) and issubclass(versions.operator_of(task), KeepsTexts)
    try:
        if keeps_texts:
            rendered = rendered_text(text, env, run.context(task), structure=False)
        else:
            rendered = env.from_string(text).render(run.context(task))
    except UndefinedError:
        raise
    except TemplateSyntaxError as error:
        said = f"it is a broken template, of which Jinja says: {error.message}"
        raise InvalidSpec("template", text, said, "close what is opened, as in {{ ds }}") from error
    except Exception:  # a function of the user's, which could do nothing with what is not known
        return NotKnown(f"<{text}>")
    if isinstance(rendered, Later):
        rendered = str(rendered)
    if not isinstance(rendered, str):
        return rendered
    told = with_placeholders(rendered)
    return structure_in(told) if keeps_texts and structure and not isinstance(told, NotKnown) else told


def placeholder_of(output: Any) -> str:
    """What another task gives, in words."""
    if not is_output(output):
        return str(output)
    operator, key = getattr(output, "operator", None), getattr(output, "key", None)
    if operator is not None:
        return output_of(operator.task_id, str(key))
    mapped_over = versions.mapped_over(output)
    if mapped_over is not None:
        return f"{mapped_over} that the group is mapped over"
    references = getattr(output, "iter_references", list)
    return "what is made of the " + ", ".join(output_of(task.task_id, name) for task, name in references())
