"""What Airflow's versions keep in different places, where no test of what uses it shows the whole."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines.versions import show_beside


@pytest.mark.parametrize(
    ("map_index", "named", "shown"),
    [(-1, None, ""), (None, None, ""), (0, None, "ti.map_index"), (1, None, "ti.map_index"), (0, "{{ day }}", "day")],
)
def test_words_stand_behind_what_tells_a_mapped_task(map_index: int | None, named: str | None, shown: str) -> None:
    context: Any = {"ti": SimpleNamespace(map_index=map_index), **({"map_index_template": named} if named else {})}
    show_beside(context, "tolerated")
    before, _, words = context["map_index_template"].rpartition("tolerated")
    assert (shown in before, bool(before)) == (True, bool(shown))
    assert words == ""
