"""What Airflow's native rendering makes of the fields of our operators: texts stay the texts that they are.

With ``render_template_as_native_obj=True`` Airflow reads every text as Python, those without a template among them: the
argument 1.10 became 1.1, a quoted date lost its quotes, and JSON became a mapping.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.specs.serialization import holds_structure

if TYPE_CHECKING:
    from airflow.sdk import Context


def rendered_text(text: str, env: Any, context: Any, *, structure: bool) -> Any:
    """What a text becomes in an environment of Jinja's that is native.

    One that is an expression, and no more, becomes what that gives, be it a number or a list. Any other stays a text:
    without a template as it is, and with one as Jinja otherwise renders it: one that gives nothing is empty.

    :param structure: where it stands a list, a mapping or a spec is wanted: a text that is written like one becomes it
    """
    if not any(mark in text for mark in (env.variable_start_string, env.block_start_string, env.comment_start_string)):
        return text
    nodes = versions.rendered_nodes(env.from_string(text), context)
    if not nodes:
        return None if structure else ""
    if len(nodes) == 1 and not isinstance(nodes[0], str):
        return nodes[0]
    rendered = "".join(map(str, nodes))
    return structure_in(rendered) if structure else rendered


def structure_in(text: str) -> Any:
    """The list or mapping that a text is written like, or else the text."""
    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return found if isinstance(found, (list, tuple, dict)) else text


class KeepsTexts:
    """Put before an operator's base: its templated fields keep their texts also where Airflow renders natively."""

    template_ext: Sequence[str]

    def render_template(
        self, content: Any, context: Context, jinja_env: Any = None, seen_oids: set[int] | None = None
    ) -> Any:
        """Render a field; called by Airflow, which calls it again for each part of a list or a mapping."""
        base: Any = super()
        env = jinja_env or base.get_template_env()
        if not versions.is_native(env):
            return base.render_template(content, context, env, seen_oids)
        return self._kept(content, context, env, seen_oids or set(), structure=True)

    def _kept(self, value: Any, context: Context, env: Any, seen_oids: set[int], *, structure: bool) -> Any:
        if id(value) in seen_oids:  # what another task gave
            return value
        if isinstance(value, str) and not value.endswith(tuple(self.template_ext)):
            return rendered_text(value, env, context, structure=structure)
        if type(value) is dict:
            return {
                name: self._kept(part, context, env, seen_oids, structure=holds_structure(value, name))
                for name, part in value.items()
            }
        if type(value) in (list, tuple):
            return type(value)(self._kept(part, context, env, seen_oids, structure=structure) for part in value)
        base: Any = super()
        return base.render_template(value, context, env, seen_oids)
