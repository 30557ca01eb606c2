"""How `make docs` builds the pages; the reference comes from the docstrings."""

from __future__ import annotations

from inspect import getdoc, isclass
from typing import Any

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
autodoc_typehints = "none"  # a signature shows the defaults, the text says what a value is
autodoc_preserve_defaults = True


def inherited_parameters(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Put the parameters that our base classes describe below the class's own."""
    if not isclass(thing) or issubclass(thing, BaseException):
        return
    for base in thing.__mro__[1:]:
        if base.__module__.startswith(airflow_emr_pipelines.__name__):
            lines += [line for line in (getdoc(base) or "").splitlines() if line.startswith((":param", "    "))]


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", inherited_parameters)
