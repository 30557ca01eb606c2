"""The table of what the emulator uses of moto's inside: what is missing is named, and nothing is forgotten in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from moto.s3.models import FakeKey, S3Backend
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from airflow_emr_pipelines.emulator import moto_internals
from airflow_emr_pipelines.emulator.moto_internals import STACKS, TESTED, USED, missing, refusal

EMULATOR = Path(moto_internals.__file__).parent
MODELS = "moto.s3.models"
KINDS = ("FakeBucket", "FakeKey", "FakeMultipart", "S3Backend")
NOT_MOTOS = {"status", "tags"}
"""Attributes of ours that bear the name of one that moto's objects have, too."""
WHERE_MOTO_HAS_THEM = {"checksum_parts", "checksum_type"}
"""Read with a default, since older releases keep no such thing."""


@pytest.mark.parametrize(
    ("module", "entry", "named"),
    [
        ("moto.s3.gone", "Anything", "the module moto.s3.gone"),
        (MODELS, "FakeVault", "moto.s3.models.FakeVault"),
        (MODELS, "FakeKey.gone", "moto.s3.models.FakeKey.gone"),
        (MODELS, "FakeKey(name, gone)", "the parameter gone of moto.s3.models.FakeKey"),
        (MODELS, "S3Backend.list_objects(bucket, gone)", "the parameter gone of moto.s3.models.S3Backend.list_objects"),
        (MODELS, "s3_backends.gone", "moto.s3.models.s3_backends.gone"),
        ("moto.core.config", "default_user_config.iam.gone", "moto.core.config.default_user_config.iam.gone"),
    ],
)
def test_what_moto_lacks_is_named(module: str, entry: str, named: str) -> None:
    assert list(missing({module: (entry,)})) == [named]


@pytest.mark.parametrize("entry", ["FakeKey._expiry", "FakeKey.etag", "FakeKey.dispose(garbage)", "FakeKey._status"])
def test_what_moto_has_is_found_be_it_on_instances_alone(entry: str) -> None:
    assert list(missing({MODELS: (entry,)})) == []


def test_a_package_that_is_not_installed_is_no_fault_of_motos(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_flask(name: str) -> None:
        raise ModuleNotFoundError("No module named 'flask'", name="flask")

    monkeypatch.setattr(moto_internals, "import_module", no_flask)
    with pytest.raises(ModuleNotFoundError, match="flask"):
        refusal()


def test_a_refusal_says_the_release_the_range_and_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal() is None
    monkeypatch.delattr(FakeKey, "dispose")
    monkeypatch.delattr(S3Backend, "_truncate_result")
    assert refusal() == (
        f"The emulator cannot run on moto {metadata.version('moto')}, which lacks moto.s3.models.FakeKey.dispose, "
        f"moto.s3.models.S3Backend._truncate_result. It is tested with moto {TESTED}. "
        f"Run: pip install 'moto[server]{TESTED}'"
    )


def test_pip_installs_the_releases_that_are_said_to_be_tested() -> None:
    (wanted,) = re.findall(r'"(moto\[server\].*)"', (EMULATOR.parents[1] / "pyproject.toml").read_text())
    assert Requirement(wanted).specifier == SpecifierSet(TESTED)


def nodes(folder: Path) -> Iterator[ast.AST]:
    for file in folder.rglob("*.py"):
        yield from ast.walk(ast.parse(file.read_text()))


def test_every_import_from_moto_is_in_the_table() -> None:
    imported = {
        f"{node.module}.{alias.name}"
        for node in nodes(EMULATOR)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("moto.")
        for alias in node.names
    }
    assert len(imported) > 10
    table = {**USED, **STACKS}
    assert imported - {f"{module}.{words(entry)[0]}" for module, entries in table.items() for entry in entries} == set()


def test_every_attribute_of_motos_objects_that_the_buckets_use_is_in_the_table() -> None:
    """Those that are read or set, those that are spelt in a string, and the methods that take the place of moto's."""
    spelt = set[str]()
    for node in nodes(EMULATOR / "s3"):
        if isinstance(node, ast.Attribute):
            spelt.add(node.attr)
        elif isinstance(node, ast.FunctionDef):
            spelt.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            spelt.add(node.value)
    own = NOT_MOTOS | WHERE_MOTO_HAS_THEM | {name for name in spelt if name.startswith("__") or not name.isidentifier()}
    of_moto = {name for name in spelt - own if any(map(is_known, (f"{kind}.{name}" for kind in KINDS)))}
    assert len(of_moto) > 40
    assert of_moto - {word for entries in USED.values() for entry in entries for word in words(entry)} == set()


def is_known(entry: str) -> bool:
    return not list(missing({MODELS: (entry,)}))


def words(entry: str) -> list[str]:
    """The names that an entry is made of, but for parameters."""
    return entry.partition("(")[0].split(".")
