"""Templates of a document from S3: the run's dates and what the DAG hands over, and nothing else.

Whoever may write the document is not trusted with what Airflow's own templates reach: connections, variables, secrets,
other tasks' results, Python. So the values are plain ones, and of Jinja only what reads them is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from functools import cache
from math import isfinite
from operator import index
from typing import Any

from jinja2 import StrictUndefined, TemplateError, Undefined, nodes
from jinja2.filters import do_default
from jinja2.sandbox import ImmutableSandboxedEnvironment

from airflow_emr_pipelines.errors import InvalidSpec, may_be_secret
from airflow_emr_pipelines.specs.values.rules import STRING_LIMIT, article
from airflow_emr_pipelines.specs.values.templates import is_template

LONGEST, LONGEST_FORM, DEEPEST, MOST_PARTS = 2 * STRING_LIMIT, 100, 50, 1_000
"""Characters of a template and of a date's form, and a template's parts in one another, and in all."""
FORM = re.compile(r"(?:[^%]|%[-_0^#]?[A-Za-z%])*", re.DOTALL)
"""A date's form without widths, which are the one thing in it that multiplies."""


def ds_add(ds: str, days: int) -> str:
    """The date that many days later, or earlier."""
    try:
        return str(date.fromisoformat(ds) + timedelta(days=index(days)))
    except (TypeError, ValueError, OverflowError):
        raise TemplateError(
            "ds_add wants a date, as ds is, and a whole number of days between the years 1 and 9999"
        ) from None


def ds_format(ds: Any, given: Any, wanted: Any) -> str:
    """The date in another form, as strptime and strftime write them."""
    for form in (ds, given, wanted):
        if not isinstance(form, str) or len(form) > LONGEST_FORM or not FORM.fullmatch(form):
            raise TemplateError(f"ds_format wants three texts of at most {LONGEST_FORM} characters, as %Y-%m-%d is")
    try:
        return datetime.strptime(ds, given).replace(tzinfo=timezone.utc).strftime(wanted)
    except (ValueError, OverflowError, LookupError, re.error):
        raise TemplateError("ds_format: the date has not the form that is given, or that is no form") from None


def plain(value: Any) -> Any:
    """A value that a text can be made of: anything else would show what the worker has inside.

    :raises TemplateError: it is none
    """
    if isinstance(value, Undefined):
        return value  # which refuses by itself to become a text, and tells its name
    if isinstance(value, float) and not isfinite(value):
        raise TemplateError(f"it gives {value}, which is no finite number")
    if isinstance(value, (str, int, float, date)):
        return value
    told = "None, which or can replace" if value is None else article(value)
    raise TemplateError(f"it gives {told}, and wants a text, a number, a date or a truth value")


FUNCTIONS = {"ds_add": ds_add, "ds_format": ds_format}
FILTERS = {
    "default": do_default,
    "lower": lambda value: str(plain(value)).lower(),
    "upper": lambda value: str(plain(value)).upper(),
}
READING = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Neg,
    nodes.Compare,
    nodes.Operand,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
"""What cannot call, loop or multiply: a template's text is about as long as what it says."""


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, finalize=plain)
    environment.globals.clear()
    environment.globals.update(FUNCTIONS)
    environment.filters.clear()
    environment.filters.update(FILTERS)
    return environment


def render(field: str, text: str, values: Mapping[str, Any]) -> str:
    """A text with its templates filled in.

    :param values: plain ones by name: texts, numbers, and mappings and lists of them
    :raises InvalidSpec: it asks for another value, does more than read, or leaves a template behind
    """
    if not (is_template(text) or "{#" in text):
        return text
    try:
        rendered = _rendered(text, values)
    except Exception as error:  # whatever a template makes Jinja, or Python's compiler, raise is the template's fault
        raise InvalidSpec(
            field, text, f"a document's template reads values only: {_why(error)}", _known(values)
        ) from None
    if is_template(rendered):
        raise InvalidSpec(field, text, "what a template gives is no template", "give the value without braces")
    return rendered


def _rendered(text: str, values: Mapping[str, Any]) -> str:
    if len(text) > LONGEST:
        raise TemplateError(f"it has more than {LONGEST:,} characters")
    parsed = _environment().parse(text)
    if refused := next(filter(None, (_refused(node, values) for node in _parts(parsed))), None):
        raise TemplateError(refused)
    said, length = [], 0
    for part in _environment().from_string(text).generate(values):
        said.append(part)
        length += len(part)
        if length > STRING_LIMIT:
            raise TemplateError(f"it gives more than {STRING_LIMIT:,} characters, which are the most that EMR takes")
    return "".join(said)


def _parts(parsed: nodes.Node) -> Iterator[nodes.Node]:
    """All parts of a template, which are few and not deep in one another: what follows recurses through them."""
    waiting, seen = [(parsed, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_PARTS:
            raise TemplateError(f"it has more than {MOST_PARTS:,} parts, or more than {DEEPEST} in one another")
        waiting += [(inner, depth + 1) for inner in node.iter_child_nodes()]
        if depth:
            yield node


def _why(error: Exception) -> str:
    """What was wrong, without what a value says, or where the worker keeps it."""
    if isinstance(error, RecursionError):
        return f"it has more than {DEEPEST} parts in one another"
    told = str(error.message) if isinstance(error, TemplateError) else ""
    shown = told and " at 0x" not in told and not may_be_secret("", told)
    return told if shown else f"it ends in {article(error)}"


def _refused(node: nodes.Node, values: Mapping[str, Any]) -> str | None:
    """Why a part of a template is not for documents."""
    if isinstance(node, nodes.Name):
        known = node.name in values or node.name in FUNCTIONS
        return None if known else f"there is no {node.name}"
    if isinstance(node, nodes.Call):
        known = isinstance(node.node, nodes.Name) and node.node.name in FUNCTIONS
        return None if known else "it calls something else"
    if isinstance(node, nodes.Filter):
        return None if node.name in FILTERS else f"there is no filter {node.name}"
    if isinstance(node, nodes.Const) and isinstance(node.value, float) and not isfinite(node.value):
        return "it has a number that is too large"
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        return f"there is no {node.attr}"
    return None if isinstance(node, READING) else f"{type(node).__name__} is more than reading"


def _known(values: Mapping[str, Any]) -> str:
    return f"they know {', '.join([*values, *FUNCTIONS])} and the filters {', '.join(FILTERS)}"
