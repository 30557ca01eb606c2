"""Templates of a document from S3: the run's dates and what the DAG hands over, and nothing else.

Whoever may write the document is not trusted with what Airflow's own templates reach: connections, variables, secrets,
other tasks' results, Python. So the values are plain ones, and of Jinja only what reads them is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.late import is_template


def ds_add(ds: str, days: int) -> str:
    """The date that many days later, or earlier."""
    return str(date.fromisoformat(ds) + timedelta(days=days))


def ds_format(ds: str, given: str, wanted: str) -> str:
    """The date in another form, as strptime and strftime write them."""
    return datetime.strptime(ds, given).replace(tzinfo=timezone.utc).strftime(wanted)


FUNCTIONS = {"ds_add": ds_add, "ds_format": ds_format}
FILTERS = ("default", "lower", "upper")
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
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    environment.globals.clear()
    environment.globals.update(FUNCTIONS)
    return environment


def render(field: str, text: str, values: Mapping[str, Any]) -> str:
    """A text with its templates filled in.

    :param values: plain ones by name: texts, numbers, and mappings and lists of them
    :raises InvalidSpec: it asks for another value, does more than read, or leaves a template behind
    """
    if not (is_template(text) or "{#" in text):
        return text
    try:
        parsed = _environment().parse(text)
        if refused := next(filter(None, (_refused(node, values) for node in parsed.find_all(nodes.Node))), None):
            raise TemplateError(refused)
        rendered = _environment().from_string(text).render(values)
    except (TemplateError, TypeError, ValueError, OverflowError) as error:
        raise InvalidSpec(field, text, f"a document's template reads values only: {error}", _known(values)) from None
    if is_template(rendered):
        raise InvalidSpec(field, text, "what a template gives is no template", "give the value without braces")
    return rendered


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
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        return f"there is no {node.attr}"
    return None if isinstance(node, READING) else f"{type(node).__name__} is more than reading"


def _known(values: Mapping[str, Any]) -> str:
    return f"they know {', '.join([*values, *FUNCTIONS])} and the filters {', '.join(FILTERS)}"
