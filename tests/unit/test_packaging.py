"""What the distribution promises to pip and to Airflow."""

from __future__ import annotations

import ast
import json
import re
import sys
from importlib import import_module, metadata
from pathlib import Path

import airflow
import jsonschema
import pytest
from airflow.sdk import BaseOperator, BaseSensorOperator
from packaging.requirements import Requirement
from packaging.version import Version

import airflow_emr_pipelines
from airflow_emr_pipelines import settings
from airflow_emr_pipelines.provider_info import CONFIG_OPTIONS, get_provider_info
from tests.airflow_of import AIRFLOW
from tests.public_names import PUBLIC

ROOT = Path(__file__).parents[2]
DISTRIBUTION = "airflow-emr-pipelines"
PIN = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,._-]+\])?==[0-9][0-9a-z.]*( ; .+)?")
newer_than_3_0 = pytest.mark.skipif(
    Version("3.1") > AIRFLOW,
    reason="Airflow 3.0 does not ask providers for commands; python -m does the same there",
)
OTHER_AIRFLOWS = sorted(ROOT.glob("constraints-airflow-*.txt"))
CONSTRAINTS = sorted(ROOT.glob("constraints*.txt"))
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
PYTHONS_OF_OTHER_AIRFLOWS = PYTHONS[:3]
AIRFLOWS_OWN_PINS = {
    "apache-airflow": "3.0.6",
    "apache-airflow-providers-amazon": "9.12.0",
    "apache-airflow-providers-common-compat": "1.7.3",
    "apache-airflow-providers-standard": "1.6.0",
    "boto3": "1.39.11",
    "pendulum": "3.1.0",
    "asgiref": "3.9.1",
    "jinja2": "3.1.6",
    "packaging": "25.0",
    "pyyaml": "6.0.2",
}
"""What the constraints that Airflow publishes for its oldest release of ours say of all that we need."""


def airflows_schema() -> dict[str, object]:
    found: dict[str, object] = json.loads((Path(airflow.__path__[0]) / "provider_info.schema.json").read_text())
    return found


def test_airflow_finds_the_provider_by_its_entry_point() -> None:
    (entry,) = (
        found
        for found in metadata.entry_points(group="apache_airflow_provider")
        if found.dist is not None and found.dist.name == DISTRIBUTION
    )
    assert entry.load() is get_provider_info


def test_airflow_finds_the_plugin_whose_pages_are_there_where_a_click_carries_the_login() -> None:
    (entry,) = (
        found
        for found in metadata.entry_points(group="airflow.plugins")
        if found.dist is not None and found.dist.name == DISTRIBUTION
    )
    plugin = entry.load()
    assert bool(plugin.fastapi_apps) == (Version("3.1") <= AIRFLOW)


def test_the_provider_info_is_what_airflow_asks_for() -> None:
    """A wrong value breaks every airflow command, whatever it is about."""
    schema = airflows_schema()
    wrong = jsonschema.validators.validator_for(schema)(schema).iter_errors(get_provider_info())
    assert [error.message for error in wrong] == []


@newer_than_3_0
def test_the_provider_info_uses_only_words_that_airflow_knows() -> None:
    """Unknown keys are accepted silently, and do nothing."""
    known = airflows_schema()["properties"]
    assert isinstance(known, dict)
    assert set(get_provider_info()) - set(known) == {"versions"}


def test_the_provider_names_itself_as_the_distribution_does() -> None:
    info = get_provider_info()
    assert (info["package-name"], info["versions"]) == (DISTRIBUTION, [metadata.version(DISTRIBUTION)])


@pytest.mark.parametrize("key", ["extra-links", "cli"])
def test_what_the_provider_info_points_at_is_there(key: str) -> None:
    for path in get_provider_info()[key]:
        module, _, name = path.rpartition(".")
        assert hasattr(import_module(module), name), path


@pytest.mark.parametrize("key", ["operators", "sensors", "hooks", "triggers"])
def test_the_modules_that_the_provider_info_lists_are_there(key: str) -> None:
    listed = [module for entry in get_provider_info()[key] for module in entry["python-modules"]]
    assert listed
    assert [import_module(name).__name__ for name in listed] == listed


@pytest.mark.parametrize(("layer", "base"), [("operators", BaseOperator), ("sensors", BaseSensorOperator)])
def test_the_provider_info_lists_the_module_of_each_public_operator_and_sensor(layer: str, base: type) -> None:
    public = (getattr(airflow_emr_pipelines, name) for name in PUBLIC)
    homes = {value.__module__ for value in public if isinstance(value, type) and issubclass(value, base)}
    (listed,) = get_provider_info()[layer]
    assert {home for home in homes if f".{layer}." in home} <= set(listed["python-modules"])


def test_an_option_that_nobody_set_has_the_value_that_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    for option, described in CONFIG_OPTIONS.items():
        monkeypatch.delenv(f"AIRFLOW__EMR_PIPELINES__{option.upper()}", raising=False)
        read = getattr(settings, option)()
        assert type(read)(described["default"]) == read


def test_the_type_marker_is_part_of_the_package() -> None:
    assert (ROOT / "airflow_emr_pipelines" / "py.typed").is_file()


def test_what_dags_and_triggers_import_is_asked_for() -> None:
    """Not left to what others happen to bring: Airflow 3.0 does not ask for PyYAML."""
    asked = {canonical(requirement) for requirement in declared()}
    own_extra, of_airflows_server = ("emulator",), {"fastapi", "sqlalchemy"}
    package = ROOT / "airflow_emr_pipelines"
    files = [file for file in package.rglob("*.py") if file.relative_to(package).parts[0] not in own_extra]
    roots = {module for file in files for module in imported_by(file)}
    others = roots - sys.stdlib_module_names - {"airflow", "airflow_emr_pipelines"} - of_airflows_server
    by_module = metadata.packages_distributions()
    names = {name.lower().replace("_", "-") for module in others for name in by_module.get(module, [module])}
    assert names - {"botocore"} <= asked  # which boto3 is a part of
    assert {"pyyaml", "jinja2"} <= names


@pytest.mark.parametrize("file", CONSTRAINTS, ids=lambda path: path.stem)
def test_constraints_are_pins_and_nothing_else(file: Path) -> None:
    """No address, no folder, no local version: they must mean the same everywhere."""
    assert [line for line in file.read_text().splitlines() if PIN.fullmatch(line) is None] == []


def test_the_constraints_that_airflow_publishes_for_its_oldest_release_let_us_in() -> None:
    """Managed Airflow installs by them, and by nothing else."""
    required = [requirement for requirement in declared() if requirement.marker is None]
    assert {canonical(requirement) for requirement in required} == set(AIRFLOWS_OWN_PINS)
    assert [one for one in required if not one.specifier.contains(AIRFLOWS_OWN_PINS[canonical(one)])] == []


@pytest.mark.parametrize("python", PYTHONS)
def test_constraints_pin_each_requirement_once_for_each_python(python: str) -> None:
    pinned = pins(ROOT / "constraints.txt", python)
    for required in asked_for(python):
        assert required.specifier.contains(pinned[canonical(required)], prereleases=True), required


def test_it_installs_on_each_python_that_airflow_does() -> None:
    """Whatever a Spark runs on."""
    airflows, ours = (
        set(re.findall(r"^Programming Language :: Python :: (3\.\d+)$", "\n".join(told), re.MULTILINE))
        for name in ("apache-airflow-core", DISTRIBUTION)
        if (told := metadata.metadata(name).get_all("Classifier"))
    )
    assert airflows - ours <= {"3.9"}
    assert ours == set(PYTHONS)
    assert metadata.metadata(DISTRIBUTION)["Requires-Python"] == ">=3.10"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_emulator_comes_with_the_spark_that_its_python_runs(python: str) -> None:
    (spark,) = (one for one in asked_for(python) if one.name == "pyspark")
    assert spark.specifier.contains("3.5.9" if Version(python) < Version("3.14") else "4.0.2")


@pytest.mark.parametrize("python", PYTHONS_OF_OTHER_AIRFLOWS)
@pytest.mark.parametrize("file", OTHER_AIRFLOWS, ids=lambda path: path.stem)
def test_the_constraints_of_another_airflow_pin_it_and_all_that_we_ask_for_beside_it(file: Path, python: str) -> None:
    pinned = pins(file, python)
    assert file.stem == f"constraints-airflow-{pinned['apache-airflow']}"
    for required in map(Requirement, metadata.requires(DISTRIBUTION) or []):
        if required.marker is None:
            assert required.specifier.contains(pinned[canonical(required)]), required


def declared() -> list[Requirement]:
    """What the distribution needs without any extra, as the file that it is built from says."""
    block = re.search(r"^dependencies = \[$(.*?)^\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None
    return [Requirement(text) for text in re.findall(r'"(.+)"', block[1])]


def asked_for(python: str) -> list[Requirement]:
    """What the distribution needs with all its extras on a Python."""
    extras = ["", *(metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or [])]
    required = map(Requirement, metadata.requires(DISTRIBUTION) or [])
    return [
        one
        for one in required
        if one.marker is None
        or any(one.marker.evaluate({"python_version": python, "extra": extra}) for extra in extras)
    ]


def imported_by(file: Path) -> set[str]:
    """The outermost names of the modules that a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {module.partition(".")[0] for module in modules}


def pins(file: Path, python: str) -> dict[str, str]:
    """The version of each distribution that a file pins for a Python; each is pinned once."""
    environment = {"python_version": python, "python_full_version": f"{python}.5", "extra": ""}
    found: dict[str, str] = {}
    for pin in map(Requirement, file.read_text().splitlines()):
        if pin.marker is None or pin.marker.evaluate(environment):
            assert canonical(pin) not in found, pin
            (specifier,) = pin.specifier
            found[canonical(pin)] = specifier.version
    return found


def canonical(requirement: Requirement) -> str:
    return requirement.name.lower().replace("_", "-")
