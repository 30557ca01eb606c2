from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import ShellStep


def test_a_command_may_have_lines() -> None:
    assert ShellStep("a", "set -e\n\techo {{ ds }}\n").command == "set -e\n\techo {{ ds }}\n"


@pytest.mark.parametrize("command", ["", " \n", ["echo", "a"], None, "echo \x1b[31m"])
def test_a_command_is_one_text(command: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"ShellStep\.command"):
        ShellStep("a", command)
