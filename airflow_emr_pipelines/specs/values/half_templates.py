"""What an author meant as a template and Jinja leaves as it is: one that opens with one brace."""

from __future__ import annotations

import re

DATES = frozenset(
    {
        *("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz", "logical_date"),
        *("data_interval_start", "data_interval_end", "task_instance_key_str"),
    }
)
"""What templates of a run without a logical date do not have
(https://airflow.apache.org/docs/apache-airflow/stable/templates-ref.html)."""
KNOWN = rf"(?:{'|'.join(sorted(DATES))}|(?:params|ti|macros|var|dag_run|conn)\.[\w.]+)"
HALF_OPEN = re.compile(r"(?<![{$])\{ *(" + KNOWN + r") *\}\}")
"""What Airflow knows, in braces of which the first is one too few."""


def half_open(text: str) -> str | None:
    """What stands in half a template's braces; in JSON, code and the like braces are closed as often as opened."""
    if text.count("}") <= text.count("{") or "endraw" in text:
        return None
    found = HALF_OPEN.search(text)
    return found[1] if found else None
