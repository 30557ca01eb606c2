"""The containers run what the demo runs, set up in the same way."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from local.settings import (
    AWS,
    COMPONENTS,
    EMULATOR,
    LOCAL_SETTINGS,
    MIGRATE,
    SCHEDULER,
    SETTINGS,
    airflow_environment,
)
from local.settings import SECRETS as SECRETS_OF_AIRFLOW

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yaml"
DOCKERFILE = ROOT / "Dockerfile"
ONCE = {"migrate", "pools", "seed"}  # they end, so there is no health to look at
JOBS = "jobs"  # nobody asks it for anything
SECRETS = ("POSTGRES_PASSWORD", "AIRFLOW_FERNET_KEY", "AIRFLOW_SECRET_KEY", "AIRFLOW_JWT_SECRET")
ENDPOINT = {"AWS_ENDPOINT_URL": "http://emulator:5555"}

# What the containers need beside the demo's settings: another database, other addresses, secrets from outside.
OF_CONTAINERS = {
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__CORE__DAGS_FOLDER",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
    return found


def by_default(value: str) -> str:
    """A value of the file where nothing is set that it asks for."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def test_there_is_a_service_for_each_part_of_the_demo(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {*COMPONENTS, *ONCE, JOBS, "emulator", "postgres"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_runs_the_demos_command(services: dict[str, dict[str, Any]], component: str) -> None:
    assert services[component]["command"] == list(COMPONENTS[component])


def test_the_database_is_migrated_by_the_demos_command(services: dict[str, dict[str, Any]]) -> None:
    assert services["migrate"]["command"] == list(MIGRATE)


def test_the_emulator_runs_by_the_demos_command(services: dict[str, dict[str, Any]]) -> None:
    command = services["emulator"]["command"]
    assert command[: len(EMULATOR)] == list(EMULATOR)
    assert command[len(EMULATOR) :: 2] == ["--host", "--port", "--data-dir", "--allowed-host"]
    assert command[-1] == urlsplit(ENDPOINT["AWS_ENDPOINT_URL"]).hostname


@pytest.mark.filterwarnings("ignore")  # of Airflow's own, on commands that move to another program
def test_the_pools_of_the_examples_are_made_before_tasks_start(
    services: dict[str, dict[str, Any]], airflow_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.cli.cli_parser import get_parser
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    monkeypatch.chdir(ROOT)
    program, *words = services["pools"]["command"]
    assert program == "airflow"
    options = get_parser().parse_args(words)
    options.func(options)
    with create_session() as session:
        made = {pool.pool for pool in Pool.get_pools(session=session)}
    assert made >= set(json.loads((ROOT / "dags" / "pools.json").read_text()))
    assert services[SCHEDULER]["depends_on"]["pools"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("component", [*COMPONENTS, "migrate", "pools"])
def test_a_component_is_set_up_like_the_demos(services: dict[str, dict[str, Any]], component: str) -> None:
    environment = services[component]["environment"]
    shared = {name: by_default(value) for name, value in environment.items() if name not in OF_CONTAINERS}
    assert shared == {**SETTINGS, **AWS, **ENDPOINT}
    assert set(environment) >= OF_CONTAINERS


def test_what_the_containers_set_for_themselves_the_demo_sets_too() -> None:
    """All but the key for connections, which the demo's processes share in a file."""
    demo = airflow_environment(Path("/home"), Path("/dags"), 1, {})
    assert OF_CONTAINERS - {*demo, *SECRETS_OF_AIRFLOW} == {"AIRFLOW__CORE__FERNET_KEY"}


def test_tasks_are_started_only_when_the_api_server_takes_their_reports(services: dict[str, dict[str, Any]]) -> None:
    needs = services[SCHEDULER]["depends_on"]
    assert needs["api-server"] == {"condition": "service_healthy"}
    assert set(services["triggerer"]["depends_on"]) == set(needs) - {"api-server"}


@pytest.mark.parametrize("service", ["seed", JOBS])
def test_who_fills_the_buckets_reaches_the_emulator_and_nothing_else(
    services: dict[str, dict[str, Any]], service: str
) -> None:
    assert services[service]["environment"] == {**AWS, **ENDPOINT}


def test_the_users_own_dags_are_read_where_airflow_looks_and_their_jobs_are_uploaded(
    services: dict[str, dict[str, Any]],
) -> None:
    dags = services[SCHEDULER]["environment"]["AIRFLOW__CORE__DAGS_FOLDER"]
    mounted = {name: service.get("volumes", []) for name, service in services.items()}
    with_dags = {name for name in mounted if f"${{DAGS_FOLDER:-./dags}}:{dags}:ro" in mounted[name]}
    assert with_dags == {*COMPONENTS, JOBS}
    assert services[JOBS]["command"] == ["python", "-m", "local.jobs", "--dags-folder", dags]


def test_the_containers_are_as_quiet_as_the_demo() -> None:
    settings = re.search(r'echo "import (\S+)" > config/airflow_local_settings.py', DOCKERFILE.read_text())
    assert settings is not None
    assert settings[1] in LOCAL_SETTINGS


def test_no_service_may_take_all_the_memory(services: dict[str, dict[str, Any]]) -> None:
    limits = {name: by_default(service.get("mem_limit", "")) for name, service in services.items()}
    assert [name for name, limit in limits.items() if not re.fullmatch(r"\d+[mg]", limit)] == []


def test_base_images_are_of_one_version(services: dict[str, dict[str, Any]]) -> None:
    assert re.fullmatch(r"postgres:\d+\.\d+-alpine", services["postgres"]["image"])
    assert re.match(r"FROM python:3\.12\.\d+-slim-\w+$", DOCKERFILE.read_text().splitlines()[1])


def test_an_edit_of_the_package_installs_nothing_else_anew() -> None:
    """Docker goes on from the first line whose files have changed."""
    lines = DOCKERFILE.read_text().replace("\\\n", "").splitlines()
    installs = [number for number, line in enumerate(lines) if "pip install" in line]
    before, between = lines[: installs[0]], lines[installs[0] + 1 : installs[1]]
    assert [line for line in before if line.startswith("COPY")] == ["COPY pyproject.toml constraints.txt ./"]
    assert "COPY airflow_emr_pipelines airflow_emr_pipelines" in between
    assert "--no-deps" in lines[installs[1]]
    assert len(installs) == 2


def test_every_lasting_service_has_a_healthcheck(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == {*ONCE, JOBS}


def test_ports_are_on_loopback_only(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_no_secret_stands_in_the_file(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|CONN$", name) and name not in AWS:
                assert re.search(r"\$\{\w+:\?[^}]+\}", value), name


def test_make_env_draws_each_secret_that_is_asked_for(tmp_path: Path) -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", FILE.read_text()))
    shutil.copy(ROOT / "Makefile", tmp_path)
    subprocess.run(["make", "--silent", "env"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    drawn = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())
    assert set(drawn) == asked == set(SECRETS)
    assert len(set(drawn.values())) == len(SECRETS)
    assert all(re.fullmatch(r"[\w-]{43}=", value) for value in drawn.values())  # also the form of a Fernet key
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose (a package of Debian's)")
@pytest.mark.parametrize("given", [True, False], ids=["with secrets", "without secrets"])
def test_docker_compose_accepts_the_file_when_the_secrets_are_given(given: bool, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.write_text("".join(f"{name}=drawn\n" for name in SECRETS if given))
    done = subprocess.run(
        ["docker-compose", "--env-file", str(secrets), "--file", str(FILE), "config", "--quiet"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 0) is given, done.stderr
    assert given or "make env draws it" in done.stderr
