"""Templates that will not render, found where a DAG is written: broken ones, and dates that the DAG's runs lack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, UndefinedError, nodes

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.half_templates import DATES, half_open
from airflow_emr_pipelines.specs.values.rules import warn_where_written
from airflow_emr_pipelines.versions import has_dates

WITHOUT_A_DATE = "write {{ dag_run.run_after | ds }} or a parameter"
OPENINGS = ("{{", "{%", "{#", "}}")
PLAIN = Environment()
"""Reads texts, and renders none."""


class _Read(NamedTuple):
    """What a template's text shows: what Jinja says of it if it is broken, and the dates that it cannot do without."""

    broken: str | None
    dates: frozenset[str] = frozenset()


def template_faults(field: str, value: Any, dag: Any) -> Iterator[InvalidSpec]:
    """Each broken template within a value, as plain data."""
    if not getattr(dag, "jinja_environment_kwargs", None):  # which may change what opens a template
        for text in _texts(value):
            if said := _read(text).broken:
                rule = f"it is a broken template, of which Jinja says: {said}"
                yield InvalidSpec(
                    field, text, rule, "close what is opened, as in {{ ds }}; what is none stands in {% raw %}"
                )
            elif half := half_open(text):
                rule = f"{{ {half} }}}} is likely a broken template: it opens with one brace, so nothing is rendered"
                yield InvalidSpec(field, text, rule, f"write {{{{ {half} }}}}")


def dates_without_schedule(value: Any, dag: Any) -> list[str]:
    """The dates that templates within a value need, where runs of the DAG have none unless they are given one."""
    if dag is None or has_dates(dag) or getattr(dag, "jinja_environment_kwargs", None):
        return []
    if not issubclass(dag.template_undefined, StrictUndefined):  # they render to nothing then
        return []
    own = dag.user_defined_macros or {}
    return sorted({name for text in _texts(value) for name in _read(text).dates if name not in own})


def no_date(field: str, names: list[str]) -> str:
    """What is wrong with dates in a DAG without a schedule."""
    words = ", ".join(f"{{{{ {name} }}}}" for name in names)
    return (
        f"{field} needs {words}, and the DAG has no schedule: a run that is triggered without a logical date has none, "
        f"and fails; give the DAG a schedule, or {WITHOUT_A_DATE}"
    )


def date_that_is_not(error: Exception) -> str | None:
    """What is said of an error that comes of a run without a logical date."""
    found = re.match(r"'(\w+)' is undefined", str(error)) if isinstance(error, UndefinedError) else None
    if found is None or found[1] not in DATES:
        return None
    return f"This run was started without a logical date, and so has no {{{{ {found[1]} }}}}: {WITHOUT_A_DATE}"


def warn_of_templates(operator: Any, *names: str) -> None:
    """Warn of what an operator's fields have of such templates."""
    dag = operator.dag if operator.has_dag() else None
    for name in names:
        field, value = f"{operator.task_id}.{name}", getattr(operator, name)
        said = [str(fault) for fault in template_faults(field, value, dag)]
        dates = dates_without_schedule(value, dag)
        for text in (*said, *([no_date(field, dates)] if dates else [])):
            warn_where_written(text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if any(opening in value for opening in OPENINGS):
            yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _texts(part)


@lru_cache(maxsize=4096)
def _read(text: str) -> _Read:
    try:
        tree = PLAIN.parse(text)
    except TemplateSyntaxError as error:
        # A tag of an extension, or a test or filter of the user's, is no fault of the text.
        return _Read(None if "unknown tag" in str(error.message) else error.message)
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    return _Read(None, DATES.intersection(name for node in tree.body for name in _of_statement(node)) - own)


def _of_statement(node: nodes.Node) -> Iterator[str]:
    """The names that a statement fails without, wherever a run goes."""
    if isinstance(node, nodes.Output):
        for part in node.nodes:
            yield from _needed(part)
    elif isinstance(node, nodes.If):
        yield from _needed(node.test)
    elif isinstance(node, nodes.For):
        yield from _needed(node.iter)
    elif isinstance(node, nodes.Assign) and not isinstance(node.node, nodes.Name):
        yield from _needed(node.node)


def _needed(node: nodes.Node) -> Iterator[str]:
    """The names that an expression is of no use without."""
    if isinstance(node, nodes.Name):
        yield node.name
    elif isinstance(node, nodes.Filter):
        if node.name not in ("default", "d") and node.node is not None:
            yield from _needed(node.node)
    elif isinstance(node, nodes.Call):
        yield from _needed(node.node)
        if _root(node.node) == "macros":  # others may do without, as params.get("day", ds)
            for argument in (*node.args, *(each.value for each in node.kwargs)):
                yield from _needed(argument)
    else:
        for part in _evaluated(node):
            yield from _needed(part)


def _evaluated(node: nodes.Node) -> Iterable[nodes.Node]:
    """The parts of an expression whose values it always uses."""
    match node:
        case nodes.Getattr() | nodes.Getitem() | nodes.UnaryExpr():
            return (node.node,)
        case nodes.And() | nodes.Or():
            return (node.left,)
        case nodes.BinExpr():
            return (node.left, node.right)
        case nodes.Concat():
            return node.nodes
        case nodes.CondExpr():
            return (node.test,)
        case nodes.Compare():
            return (node.expr, *(operand.expr for operand in node.ops[:1]))
    return ()


def _root(node: nodes.Node) -> str | None:
    """The name that a chain of attributes begins with."""
    while isinstance(node, nodes.Getattr):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else None
