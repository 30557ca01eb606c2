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

from local.settings import AWS, COMPONENTS, EMULATOR, MIGRATE, SCHEDULER, SETTINGS, airflow_environment
from local.settings import SECRETS as SECRETS_OF_AIRFLOW

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yaml"
ONCE = {"migrate", "pools", "seed"}  # they end, so there is no health to look at
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


def test_there_is_a_service_for_each_part_of_the_demo(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {*COMPONENTS, *ONCE, "emulator", "postgres"}


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
    shared = {name: value for name, value in environment.items() if name not in OF_CONTAINERS}
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


def test_the_seed_reaches_the_emulator_and_nothing_else(services: dict[str, dict[str, Any]]) -> None:
    assert services["seed"]["environment"] == {**AWS, **ENDPOINT}


def test_every_lasting_service_has_a_healthcheck(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == ONCE


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
