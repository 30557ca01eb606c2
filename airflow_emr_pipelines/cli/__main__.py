"""``python -m airflow_emr_pipelines.cli COMMAND …``: what ``airflow emr`` has, which Airflow 3.0 does not know."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from airflow_emr_pipelines.cli import get_commands

if TYPE_CHECKING:
    from airflow.cli.cli_config import GroupCommand


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments and carry the command out."""
    parser = argparse.ArgumentParser(prog="python -m airflow_emr_pipelines.cli")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    (group,) = get_commands()
    for command in cast("GroupCommand", group).subcommands:
        added = commands.add_parser(command.name, help=command.help, description=command.help)
        for argument in command.args:
            argument.add_to_parser(added)
        added.set_defaults(func=command.func)
    options = parser.parse_args(argv)
    options.func(options)


if __name__ == "__main__":
    main()
