"""``airflow emr …``. Every ``airflow`` command imports this, whatever it is about: it must cost next to nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from airflow_emr_pipelines.cli import iam_policy, plan, reap
from airflow_emr_pipelines.emulator import arguments as emulator

if TYPE_CHECKING:
    from airflow.cli.cli_config import Arg, CLICommand


class Declared:
    """All arguments of one of our programs, as it declares them itself; stands where Airflow expects one ``Arg``."""

    flags = ("--",)  # only sorted by

    def __init__(self, declare: Callable[[argparse.ArgumentParser], None]) -> None:
        self._declare = declare

    def add_to_parser(self, parser: argparse.ArgumentParser) -> None:
        """Called by Airflow with the parser of the command."""
        self._declare(parser)


def get_commands() -> list[CLICommand]:
    """Answer Airflow's question for commands, asked through provider_info."""
    from airflow.cli.cli_config import ActionCommand, GroupCommand

    return [
        GroupCommand(
            name="emr",
            help="Amazon EMR pipelines: what they may do, tidying up, and trying them on this machine",
            subcommands=(
                ActionCommand(
                    name="emulator",
                    help="Serve EMR, S3 and more on this machine, with real Spark",
                    func=serve,
                    args=(cast("Arg", Declared(emulator.add_arguments)),),
                ),
                ActionCommand(
                    name="iam-policy",
                    help="Print the smallest IAM policy that a DAG's calls need",
                    func=iam_policy.run,
                    args=(cast("Arg", Declared(iam_policy.add_arguments)),),
                ),
                ActionCommand(
                    name="plan",
                    help="Say what a DAG would send to EMR, without asking AWS anything",
                    func=plan.run,
                    args=(cast("Arg", Declared(plan.add_arguments)),),
                ),
                ActionCommand(
                    name="reap",
                    help="List, and end, clusters of ours that outlived their DAG run",
                    func=reap.run,
                    args=(cast("Arg", Declared(reap.add_arguments)),),
                ),
            ),
        )
    ]


def serve(options: argparse.Namespace) -> None:
    """Run the emulator until it is told to stop."""
    from airflow_emr_pipelines.emulator.__main__ import serve

    sys.exit(serve(options))
