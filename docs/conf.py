"""How `make docs` builds the pages; the reference comes from the docstrings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import getdoc, isclass, signature
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import airflow_emr_pipelines

project = "airflow-emr-pipelines"
author = "its developers"
release = airflow_emr_pipelines.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = f"airflow-emr-pipelines {release}"
html_copy_source = False
html_show_copyright = False

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # a signature shows the defaults; types stand beside the descriptions, as below
autodoc_preserve_defaults = True


ALIAS = re.compile(r"\b[A-Z]\w+\b")
"""What may be a name of ours for a type, in an annotation as it is written."""


def described(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Put the parameters that our base classes describe below the class's own, and say of each what type it has."""
    if isclass(thing) and issubclass(thing, BaseException):
        return
    if isclass(thing):
        for base in bases_of(thing)[1:]:
            lines += [line for line in (getdoc(base) or "").splitlines() if line.startswith((":param", "    "))]
    told = types_of(thing)
    for parameter in re.findall(r"^:param (\w+):", "\n".join(lines), re.MULTILINE):
        if parameter in told:
            lines.append(f":type {parameter}: {told[parameter]}")


def bases_of(thing: type) -> list[type]:
    """A class of ours and those of ours that it rests on."""
    return [base for base in thing.__mro__ if base.__module__.startswith(airflow_emr_pipelines.__name__)]


def types_of(thing: Any) -> dict[str, str]:
    """The types of parameters by name, as the source has them, with our names for words written out."""
    if not isclass(thing):
        return types_of_parameters(thing) if callable(thing) else {}
    told: dict[str, str] = {}
    for base in reversed(bases_of(thing)):
        told |= types_of_parameters(vars(base).get("__init__", lambda: None))
    return told


def types_of_parameters(function: Any) -> dict[str, str]:
    """The annotations of a function's parameters."""
    names = function.__globals__
    return {
        parameter.name: ALIAS.sub(lambda found: written_out(found[0], names), str(parameter.annotation))
        for parameter in signature(function).parameters.values()
        if parameter.annotation is not parameter.empty
    }


def written_out(word: str, names: Mapping[str, Any]) -> str:
    """What a name of ours for a union or for words stands for."""
    meant = names.get(word)
    if get_origin(meant) is Literal:
        return " | ".join(map(repr, get_args(meant)))
    return re.sub(r"\w+\.", "", str(meant)) if isinstance(meant, UnionType) else word


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", described)
