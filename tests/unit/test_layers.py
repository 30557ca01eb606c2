"""Imports point one way, and what a DAG imports is light."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

NAME = "airflow_emr_pipelines"
ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / NAME

WORDS = {"errors", "specs"}
BASE = WORDS | {"aws_errors", "links", "settings", "versions"}
READERS = {"run_report", "documents", "logs"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": {"specs"},  # what hides secrets in their texts
    "aws_errors": set(),
    "specs": {"errors"},
    "links": WORDS | {"logs", "versions"},
    "settings": WORDS | {"versions"},
    "versions": set(),
    "provider_info": set(),
    "run_report": WORDS,
    "documents": WORDS,
    "logs": WORDS | {"aws_errors"},
    "hooks": BASE | READERS,
    "triggers": BASE | {"hooks"},
    "operators": BASE | READERS | {"hooks", "triggers"},
    "sensors": BASE | {"hooks", "triggers", "operators"},
    "task_groups": BASE | {"run_report", "hooks", "triggers", "operators", "sensors"},
    "ui": BASE | {"hooks"},
    "__init__": BASE | {"run_report", "operators", "sensors", "task_groups"},
    "emulator": {"specs"},
    "iam_policy": BASE | {"operators"},
    "plan": BASE | {"run_report", "operators", "iam_policy"},
    "testing": {"plan"},
    "cli": BASE | {"hooks", "emulator", "iam_policy", "plan"},
}

WINGS = {"ec2", "serverless", "eks"}
"""Folders of what is one kind of compute's alone, in every layer."""
SPEAK_FOR_ALL = {
    *("__init__.py", "specs/serialization.py", "logs/layouts.py"),
    *("run_report", "task_groups", "plan", "iam_policy", "ui", "cli"),
    "emulator",  # a program of its own, whose server has all services
}
"""Rooms in which the kinds of compute are named, in one table each: a fourth would be one line there."""
NAMES_A_WING = {
    "specs/steps/base.py",  # the public Step.from_request, which reads what EMR on EC2 is sent today
}
"""What else imports a wing from outside, and should not; this only ever gets shorter."""

# Each DAG file is parsed again and again: half a second of boto3 would be paid every time.
IMPORTED_BY_DAGS = ("__init__", "operators", "sensors", "task_groups")
HEAVY = ("boto3", "botocore", "airflow.providers.amazon", "pyspark", "pandas", "moto")


@dataclass(frozen=True)
class Import:
    """One imported name: where it stands, whether importing that file loads it, and whether it is for types alone."""

    file: Path
    line: int
    module: str
    at_load: bool
    for_types: bool = False

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"

    def is_of(self, *modules: str) -> bool:
        return any(self.module == module or self.module.startswith(f"{module}.") for module in modules)


def files_of(layer: str) -> list[Path]:
    """The files of a layer, which is a folder or a single module."""
    folder = PACKAGE / layer
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{layer}.py"]


def imports_of(file: Path) -> Iterator[Import]:
    """Every import of a file, at any depth."""
    yield from imports_in(ast.parse(file.read_text()), file, at_load=True)


def imports_in(node: ast.AST, file: Path, *, at_load: bool, for_types: bool = False) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file, child.lineno, alias.name, at_load, for_types)
        elif isinstance(child, ast.ImportFrom):
            for alias in child.names:
                # `from package import name` may import a module or a name: both are the same layer.
                yield Import(file, child.lineno, f"{child.module}.{alias.name}", at_load, for_types)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for statement in child.body:
                yield from imports_in(ast.Module([statement], []), file, at_load=False, for_types=True)
            yield from imports_in(ast.Module(child.orelse, []), file, at_load=at_load, for_types=for_types)
        else:
            is_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from imports_in(child, file, at_load=at_load and not is_function, for_types=for_types)


def loaded_by(files: list[Path]) -> Iterator[Import]:
    """Every import that runs when these files are imported, through all of our modules that they load."""
    waiting, seen = list(files), set(files)
    while waiting:
        for found in imports_of(waiting.pop()):
            if found.at_load:
                yield found
                new = set(own_files(found.module)) - seen
                waiting += new
                seen |= new


def own_files(module: str) -> Iterator[Path]:
    """The files of ours that importing a module, or a name from one, loads."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1 if parts[0] == NAME else 0):
        path = ROOT.joinpath(*parts[:end])
        yield from (file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file())


def own_layer(module: str) -> str | None:
    """The layer that a module of ours belongs to; None for what is not ours, and for the package as such."""
    root, _, rest = module.partition(".")
    return rest.partition(".")[0] if root == NAME and rest else None


def test_every_module_belongs_to_a_layer() -> None:
    found = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert found <= set(MAY_IMPORT)


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_only_layers_below_it(layer: str) -> None:
    allowed = MAY_IMPORT[layer] | {layer}
    wrong = [
        str(found)
        for file in files_of(layer)
        for found in imports_of(file)
        if (other := own_layer(found.module)) is not None and other not in allowed
    ]
    assert wrong == []


def circles_in(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of names each of which leads to all others of its group."""
    reached = {name: reached_from(name, arrows) for name in arrows}
    groups = {frozenset(other for other in reached[name] if name in reached[other]) for name in arrows}
    return sorted(sorted(group) for group in groups if group)


def reached_from(name: str, arrows: dict[str, set[str]]) -> set[str]:
    waiting, seen = [name], set[str]()
    while waiting:
        new = arrows[waiting.pop()] - seen
        waiting += new
        seen |= new
    return seen


def test_no_circle_of_imports_escapes() -> None:
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set(), "f": {"f"}}
    assert circles_in(arrows) == [["a", "b", "c"], ["f"]]


def test_no_files_import_each_other() -> None:
    """Nor by an import within a function: files that hang together like that can only be read as one."""
    arrows = {str(file.relative_to(ROOT)): set(files_named_by(file)) for file in PACKAGE.rglob("*.py")}
    assert sum(map(len, arrows.values())) > len(arrows)
    assert circles_in(arrows) == []


def files_named_by(file: Path) -> Iterator[str]:
    """The files of ours that a file imports, but for types: of a module not the packages that it is in."""
    for found in imports_of(file):
        if not found.for_types:
            yield from (str(other.relative_to(ROOT)) for other in [*own_files(found.module)][-1:])


def is_in_a_wing(file: Path) -> bool:
    return not WINGS.isdisjoint(file.relative_to(PACKAGE).parts[:-1])


def speaks_for_all(file: Path) -> bool:
    place = file.relative_to(PACKAGE)
    return place.parts[0] in SPEAK_FOR_ALL or place.as_posix() in SPEAK_FOR_ALL | NAMES_A_WING


def test_what_is_one_computes_alone_is_imported_by_its_wings_and_by_rooms_that_speak_for_all() -> None:
    """So that a further compute is added, and nothing copied or changed; imports for types count as well."""
    neutral = [file for file in PACKAGE.rglob("*.py") if not is_in_a_wing(file) and not speaks_for_all(file)]
    wrong = [
        str(found) for file in neutral for found in imports_of(file) if any(map(is_in_a_wing, own_files(found.module)))
    ]
    assert wrong == []


def test_a_wing_knows_no_other() -> None:
    wrong = [
        str(found)
        for file in PACKAGE.rglob("*.py")
        for wing in WINGS.intersection(file.relative_to(PACKAGE).parts[:-1])
        for found in imports_of(file)
        if own_layer(found.module) and (WINGS - {wing}).intersection(found.module.split("."))
    ]
    assert wrong == []


def test_what_may_name_a_wing_does_so() -> None:
    """An exception that is not needed any more is struck off."""
    for name in NAMES_A_WING:
        assert any(is_in_a_wing(file) for found in imports_of(PACKAGE / name) for file in own_files(found.module))


@pytest.mark.parametrize("layer", IMPORTED_BY_DAGS)
def test_what_a_dag_imports_loads_nothing_heavy(layer: str) -> None:
    assert [str(found) for found in loaded_by(files_of(layer)) if found.is_of(*HEAVY)] == []


@pytest.mark.parametrize("layer", ["errors", "specs", "provider_info"])
def test_values_need_nothing_but_python(layer: str) -> None:
    at_home = sys.stdlib_module_names | {NAME}
    foreign = [str(i) for f in files_of(layer) for i in imports_of(f) if i.module.partition(".")[0] not in at_home]
    assert foreign == []


def test_the_emulator_is_a_program_of_its_own() -> None:
    """It parses requests as EMR would; with our specs it would mirror their faults instead of catching them."""
    words = f"{NAME}.specs.ec2.states"
    wrong = [
        str(found)
        for file in files_of("emulator")
        for found in imports_of(file)
        if found.is_of("airflow") or (own_layer(found.module) == "specs" and not found.is_of(words))
    ]
    assert wrong == []


def test_every_airflow_command_starts_without_our_weight() -> None:
    """The modules behind ``airflow emr`` are imported whenever anybody runs ``airflow``."""
    assert [str(found) for found in loaded_by(files_of("cli")) if found.is_of(*HEAVY, "airflow", "uvicorn")] == []


def test_names_that_airflow_has_moved_come_from_one_module() -> None:
    """Nor from common.compat, whose younger names the constraints of Airflow 3.0 and 3.1 do not have."""
    moved = (
        "airflow.configuration",
        "airflow.sdk.configuration",
        "airflow.sdk.exceptions",
        "airflow.providers.common.compat.sdk",
    )
    wrong = [str(i) for f in PACKAGE.rglob("*.py") if f.stem != "versions" for i in imports_of(f) if i.is_of(*moved)]
    assert wrong == []


PROMISED_BY_AIRFLOW = (
    "airflow.providers",
    "airflow.triggers.base",
    "airflow.cli.cli_config",
    "airflow.plugins_manager.AirflowPlugin",
    "airflow.sdk.log.mask_secret",
)
"""What Airflow keeps for those who build on it, besides the names of ``airflow.sdk`` itself."""
OWN_AFFAIRS_OF_AIRFLOW = {"partial_kwargs", "expand_input", "operator_class", "task_dict", "_is_sensor"}
"""Fields of its objects that it promises to nobody."""


def is_promised(found: Import) -> bool:
    of_sdk = found.module.startswith("airflow.sdk.") and found.module.count(".") == 2
    return found.for_types or of_sdk or found.is_of(*PROMISED_BY_AIRFLOW)


def reaches_inside(file: Path) -> Iterator[str]:
    """Where a file uses a field of Airflow's own, or calls an underscore method of a base, which is Airflow's."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Attribute):
            of_base = ast.unparse(node.value) == "super()" and re.match("_[a-z]", node.attr)
            used = node.attr if of_base or node.attr in OWN_AFFAIRS_OF_AIRFLOW else None
        else:
            used = node.value if isinstance(node, ast.Constant) and node.value in OWN_AFFAIRS_OF_AIRFLOW else None
        if used is not None:
            yield f"{file.relative_to(ROOT)} uses {used!r}"


def test_what_airflow_promises_nobody_is_touched_in_one_module() -> None:
    """So that a change of Airflow's is one edit; the emulator is a program of its own and knows no Airflow."""
    files = [file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).parts[0] != "emulator"]
    assert [*reaches_inside(PACKAGE / "versions.py")] != []
    others = [file for file in files if file != PACKAGE / "versions.py"]
    assert [str(i) for f in others for i in imports_of(f) if i.is_of("airflow") and not is_promised(i)] == []
    assert [found for file in others for found in reaches_inside(file)] == []


def test_what_knows_the_versions_of_airflow_loads_no_database_and_no_web_server() -> None:
    """Every process of Airflow's imports it, by the plugin."""
    loaded = [*loaded_by([PACKAGE / "versions.py"])]
    heavy = ("sqlalchemy", "fastapi", "airflow.models", "airflow.api_fastapi", "airflow.sdk.execution_time", *HEAVY)
    assert [str(found) for found in loaded if found.is_of(*heavy)] == []


def test_an_example_uses_only_the_public_names() -> None:
    inside = [
        str(i) for f in ROOT.glob("dags/*.py") for i in imports_of(f) if i.module.count(".") > 1 and i.is_of(NAME)
    ]
    assert inside == []


def test_a_job_knows_neither_airflow_nor_us() -> None:
    """It runs on the cluster, which has neither."""
    assert [str(i) for f in ROOT.glob("dags/jobs/**/*.py") for i in imports_of(f) if i.is_of("airflow", NAME)] == []


def test_a_test_of_the_emulator_uses_its_front_door() -> None:
    files = ROOT.glob("tests/integration/emulator/**/*.py")
    assert [str(i) for f in files for i in imports_of(f) if i.is_of(f"{NAME}.emulator")] == []


def test_only_the_emulator_and_the_run_report_write_to_s3() -> None:
    """The report goes into the folder that it is given, and nowhere else."""
    writing = re.compile(
        r"\.(put|copy|delete|upload|create|complete)_(object|objects|file|fileobj|bucket|multipart\w*)\b"
    )
    writers = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if writing.search(path.read_text())}
    assert {path for path in writers if path.parts[0] != "emulator"} == {Path("operators/ec2/run_report.py")}


def test_the_package_does_not_need_what_lies_beside_it() -> None:
    """The wheel holds the package alone: not what starts emulators and Airflows on this machine, not the examples."""
    beside = ("local", "dags", "tests", "benchmarks")
    assert [str(i) for f in PACKAGE.rglob("*.py") for i in imports_of(f) if i.is_of(*beside)] == []


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    words = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [str(path) for path in PACKAGE.rglob("*.py") if words & set(path.stem.split("_"))] == []
