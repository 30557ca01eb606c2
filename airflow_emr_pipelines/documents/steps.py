"""The steps that a document describes, checked as a whole before any of them starts.

A document is a list of steps, or ``{"steps": […]}``. A step is one of ours, with its ``kind``, or one as EMR's API and
the AWS CLI write it; either may have ``depends_on``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from airflow_emr_pipelines.documents.lines import Document, Path, named
from airflow_emr_pipelines.documents.templates import render
from airflow_emr_pipelines.errors import InvalidDocument, InvalidSpec
from airflow_emr_pipelines.specs.backend import Backend
from airflow_emr_pipelines.specs.serialization import from_dict, to_dict
from airflow_emr_pipelines.specs.steps import Step
from airflow_emr_pipelines.specs.values.rules import article, nearest
from airflow_emr_pipelines.specs.values.templates import rendering_is_over

DEPENDS_ON = "depends_on"
WORDS = re.compile(r"\['([^']+)'\]|\[(\d+)\]|(\w+)")


@dataclass(frozen=True)
class Planned:
    """A step of the document as a plain dictionary, and the numbers of those before it that have to end well first."""

    step: Mapping[str, Any]
    after: tuple[int, ...]


def planned(address: str, text: str, values: Mapping[str, Any], backend: Backend) -> list[Planned]:
    """The steps of a document in an order in which each comes after those that it depends on.

    :param values: what its templates may read
    :param backend: what is to run the steps, and says which it cannot
    :raises InvalidDocument: naming the fault of each step with its line
    """
    document = Document.read(address, text)
    root, entries = _entries(document)
    problems: list[str] = []
    steps: dict[int, Step] = {}
    for number, entry in enumerate(entries):
        path = (*root, number)
        try:
            steps[number] = _step(path, entry, values, backend)
        except _Fault as fault:
            problems += fault.told(document)
    names = {number: step.name for number, step in steps.items()}
    before: dict[int, list[int]] = {}
    for number, entry in enumerate(entries):
        try:
            before[number] = list(_before(root, number, entry, names, whole=not problems))
        except _Fault as fault:
            problems += fault.told(document)
    if problems:
        raise InvalidDocument(address, problems)
    order = _ordered(document, root, before, names)
    place = {number: index for index, number in enumerate(order)}
    return [Planned(to_dict(steps[n]), tuple(sorted(place[other] for other in before[n]))) for n in order]


class _Fault(Exception):
    """What is wrong at some place of the document."""

    def __init__(self, path: Path, error: InvalidSpec) -> None:
        super().__init__(path, error)
        self.path, self.error = path, error

    def told(self, document: Document) -> list[str]:
        return [f"{document.told(_deepest(document, self.path, self.error.field))}: {self.error}"]


def _deepest(document: Document, path: Path, field: str) -> Path:
    """The place that a field's name leads to, as far as the document has it: SparkStep.args[2] is a part of args."""
    for key, number, word in WORDS.findall(field):
        part: str | int = int(number) if number else key or word
        for found in ((*path, part), (*path, "HadoopJarStep", part)):
            if found in document.places:
                path = found
                break
    return path


def _entries(document: Document) -> tuple[Path, Sequence[Any]]:
    value: Any = document.value
    root: Path = ()
    if isinstance(value, Mapping):
        unknown = [key for key in value if key != "steps"]
        if unknown or "steps" not in value:
            path = (unknown[0],) if unknown else ()
            told = f"it has {named(unknown[0])}" if unknown else "it has no steps"
            raise InvalidDocument(
                document.address, [f"{document.told(path)}: {told}; a document is a list of steps, or {{steps: […]}}"]
            )
        value, root = value["steps"], ("steps",)
    if not isinstance(value, list) or not value:
        told = "it has no step" if isinstance(value, list) else f"it is {article(value)}"
        raise InvalidDocument(document.address, [f"{document.told(root)}: {told}; write a list of at least one step"])
    return root, value


def _step(path: Path, entry: Any, values: Mapping[str, Any], backend: Backend) -> Step:
    try:
        if not isinstance(entry, Mapping):
            raise InvalidSpec("step", entry, f"it is a mapping, not {article(entry)}", 'write {"kind": …, "name": …}')
        filled = _filled(path, {name: part for name, part in entry.items() if name != DEPENDS_ON}, values)
        if "kind" in filled and "HadoopJarStep" in filled:
            raise InvalidSpec("kind", filled["kind"], "a step is in one form, ours or EMR's", "leave one of them out")
        with rendering_is_over():
            step = from_dict(filled, Step) if "kind" in filled else Step.from_request(filled)
            backend.check(step)
        return step
    except InvalidSpec as error:
        raise _Fault(path, error) from None


def _filled(path: Path, value: Any, values: Mapping[str, Any]) -> Any:
    """A part of a step with its templates rendered, text by text, so that none can change the document's shape."""
    if isinstance(value, str):
        try:
            return render(str(path[-1]), value, values)
        except InvalidSpec as error:
            raise _Fault(path, error) from None
    if isinstance(value, list):
        return [_filled((*path, number), part, values) for number, part in enumerate(value)]
    if isinstance(value, Mapping):
        return {name: _filled((*path, name), part, values) for name, part in value.items()}
    return value


def _before(root: Path, number: int, entry: Any, names: Mapping[int, str], *, whole: bool) -> Iterator[int]:
    """The numbers of the steps that this one depends on: those it names, and else the one before it."""
    path = (*root, number)
    same = [other for other, name in names.items() if name == names.get(number)]
    if len(same) > 1 and same[0] != number:
        raise _Fault(path, InvalidSpec("name", names[number], "another step has it", "give each step its own name"))
    if not isinstance(entry, Mapping) or DEPENDS_ON not in entry:
        yield from range(max(0, number - 1), number)
        return
    wanted, by_name = entry[DEPENDS_ON], {name: other for other, name in reversed(list(names.items()))}
    if not isinstance(wanted, list):
        rule = f"it is a list of steps' names, not {article(wanted)}"
        raise _Fault(path, InvalidSpec(DEPENDS_ON, wanted, rule, 'write ["name"], or [] to start at once'))
    for place, name in enumerate(wanted):
        if isinstance(name, str) and name in by_name:
            yield by_name[name]
        elif whole or not isinstance(name, str):
            error = InvalidSpec(DEPENDS_ON, name, "no step has that name", nearest(name, list(by_name)))
            raise _Fault((*path, DEPENDS_ON, place), error)


def _ordered(
    document: Document, root: Path, before: Mapping[int, Sequence[int]], names: Mapping[int, str]
) -> list[int]:
    """The steps' numbers, each after those it depends on, and else as they stand in the document."""
    sorter = TopologicalSorter(before)
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = error.args[1][::-1]
        told = " → ".join(names[number] for number in cycle)
        place = document.told((*root, cycle[0], DEPENDS_ON))
        problem = f"{place}: {told}: they wait for each other; take one of the names out of {DEPENDS_ON}"
        raise InvalidDocument(document.address, [problem]) from None
    order: list[int] = []
    ready: list[int] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        first = ready.pop(0)
        order.append(first)
        sorter.done(first)
    return order
