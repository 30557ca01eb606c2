"""The pages: they build, their code runs, and what they quote is what the programs say."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import airflow_emr_pipelines
from airflow_emr_pipelines.cli import get_commands
from airflow_emr_pipelines.provider_info import CONFIG_OPTIONS
from tests.integration.docs.pages import FENCE, PAGES, ROOT, blocks
from tests.public_names import PUBLIC

PACKAGE = ROOT / "airflow_emr_pipelines"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages, as they are built without a warning."""
    folder = tmp_path_factory.mktemp("pages")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "-q", "-b", "dirhtml", "docs", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert built.returncode == 0, built.stderr
    return folder


def fields_of(thing: Any) -> set[str]:
    """What is written when a public name is used: its own fields, and for an operator those of ours above it."""
    if dataclasses.is_dataclass(thing) and "operators" not in thing.__module__ and "sensors" not in thing.__module__:
        return {field.name for field in dataclasses.fields(thing) if field.init}
    makers = [vars(base)["__init__"] for base in thing.__mro__ if is_ours(base)] if inspect.isclass(thing) else [thing]
    named = (parameter for maker in makers for parameter in inspect.signature(maker).parameters)
    return {name for name in named if name not in ("self", "args", "kwargs")}


def is_ours(base: type) -> bool:
    return base.__module__.startswith("airflow_emr_pipelines.") and "__init__" in vars(base)


def test_every_field_of_every_public_name_is_described_in_the_reference_with_its_type(built: Path) -> None:
    reference = "".join(page.read_text() for page in sorted((built / "reference").rglob("index.html")))
    _, *parts = re.split(r'id="airflow_emr_pipelines\.(\w+)"', reference)
    described = {
        name: set(re.findall(r"<strong>(\w+)</strong> \(.+?\) – \S", text))
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }
    missing = {name: fields_of(getattr(airflow_emr_pipelines, name)) - described[name] for name in PUBLIC}
    assert {name: fields for name, fields in missing.items() if fields} == {}
    assert {"executor_memory", "on_failure"} <= described["SparkStep"]
    assert {"aws_conn_id", "step"} <= described["EmrRunStepOperator"]


def test_the_reference_has_every_public_name() -> None:
    pages = "\n".join(page.read_text() for page in PAGES if page.parent.name == "reference")
    told = set(re.findall(r"auto(?:class|function):: airflow_emr_pipelines\.(\w+)", pages))
    assert told == set(PUBLIC)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text()], ids=lambda page: page.stem
)
def test_the_python_of_a_page_runs(page: Path) -> None:
    names: dict[str, object] = {}
    shown = [block for block in blocks("python") if block.page == page]
    for block in shown:
        exec(compile(block.text, str(block), "exec"), names)
    assert set(names) > {"__builtins__"}, "what it shows defines or imports something"


def texts() -> str:
    """All texts in the package's sources, with … where a value is put in."""

    def text(node: ast.expr) -> str:
        if isinstance(node, ast.JoinedStr):
            return "".join(text(part) for part in node.values)
        return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else "…"

    return "\n".join(
        text(node)
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, (ast.JoinedStr, ast.Constant))
    )


def test_an_error_that_is_explained_is_one_that_is_raised() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    said = re.findall(r"^### `(.+)`$", page, re.MULTILINE)
    known = texts()
    assert len(said) > 10
    assert [heading for heading in said if not all(part.strip() in known for part in heading.split("…"))] == []


def test_a_command_that_a_page_names_is_there() -> None:
    text = "\n".join(page.read_text() for page in [*PAGES, CONTRIBUTING])
    code = "\n".join([*(found["text"] for found in FENCE.finditer(text)), *re.findall(r"`([^`\n]+)`", text)])
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = {command.name for group in get_commands() for command in getattr(group, "subcommands", ())}
    made = set(re.findall(r"(?:^|&& )make ([a-z0-9-]+)", code, re.MULTILINE))
    asked = set(re.findall(r"airflow emr ([a-z-]+)", code))
    modules = set(re.findall(r"python3? -m ((?:airflow_emr_pipelines|local)[\w.]*\w)", code))
    assert len(made) > 10
    assert len(asked) > 3
    assert made <= targets
    assert asked <= known
    assert [module for module in modules if find_spec(module) is None] == []


def test_every_option_is_told_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", (ROOT / "docs" / "install.md").read_text(), re.MULTILINE)
    defaults = {name: described["default"] or "empty" for name, described in CONFIG_OPTIONS.items()}
    assert dict(rows) == {name: default.removesuffix(".0") for name, default in defaults.items()}


def test_a_test_or_file_of_ours_that_a_page_names_is_there() -> None:
    file_of_ours = r"`((?:tests|local|airflow_emr_pipelines)/[\w/]+\.pyi?(?:::\w+)?)`"
    named = {name for page in [*PAGES, CONTRIBUTING] for name in re.findall(file_of_ours, page.read_text())}
    assert len(named) > 10
    missing = []
    for name in named:
        path, _, function = name.partition("::")
        file = ROOT / path
        if not file.is_file() or (function and f"def {function}(" not in file.read_text()):
            missing.append(name)
    assert missing == []


def test_the_policy_allows_every_call_that_is_made() -> None:
    """Calls through a client of boto3's, as they stand in the hooks."""
    source = "\n".join(file.read_text() for file in (PACKAGE / "hooks").rglob("*.py"))
    made = set(re.findall(r"\.?(?:conn|unrepeated)\.([a-z]+_[a-z_]+)\b", source)) - {"get_paginator", "get_waiter"}
    made |= set(re.findall(r'self\.conn\.get_paginator\("([a-z_]+)"', source)) - {"get_products"}  # of another service
    policy = (ROOT / "docs" / "connections-and-iam.md").read_text().lower()
    assert '"pricing:getproducts"' in policy
    assert len(made) > 20
    assert sorted(name for name in made if f'"elasticmapreduce:{name.replace("_", "")}"' not in policy) == []
