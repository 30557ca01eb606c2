"""The commands of the pages: shell, Airflow and the AWS CLI know them. Of make's, test_pages.py tells."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from airflow.cli.cli_parser import get_parser
from botocore import xform_name

from tests.integration.docs.pages import Block, blocks

SHELL = [*blocks("shell"), *blocks("bash")]
OF_THE_AWS_CLI = {"s3": {"cp", "mb", "rb", "ls", "sync"}, "emr": {"create-cluster", "create-default-roles"}}
"""Commands of the AWS CLI that are no operation of a service's model."""


def commands(program: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a program in blocks of shell, as words, with where each stands."""
    for block in SHELL:
        text = re.sub(r"<<'(\w+)'.*?^\1$", "", block.text.replace("\\\n", " "), flags=re.DOTALL | re.MULTILINE)
        text = re.sub(r'\bmake airflow ARGS="(.*)"', lambda found: f"airflow {found[1]}".replace('\\"', '"'), text)
        for found in re.finditer(rf"(?:^|&& |\$\(|-- ){program} ([^|>)\n]+)", text, re.MULTILINE):
            yield str(block), shlex.split(found[1].partition(" && ")[0])


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_a_block_of_shell_is_shell(block: Block) -> None:
    read = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, timeout=30)
    assert read.returncode == 0, read.stderr


def test_airflow_knows_every_command_of_its_own_with_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    parser, found = get_parser(), list(commands("airflow"))
    assert len(found) > 15
    for place, words in found:
        try:
            parser.parse_args(words)
        except SystemExit as end:
            pytest.fail(f"{place}: airflow {shlex.join(words)}: {end.code} {capsys.readouterr().err}")


def test_the_aws_cli_knows_every_command_of_its_own() -> None:
    session: Any = botocore.session.get_session()
    found = list(commands("aws"))
    assert len(found) > 10
    for place, (service, name, *_) in found:
        known = set(OF_THE_AWS_CLI.get(service, ()))
        if service != "s3":
            known |= {xform_name(operation, "-") for operation in session.get_service_model(service).operation_names}
        assert name in known, f"{place}: aws {service} {name}"
