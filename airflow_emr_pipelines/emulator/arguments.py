"""The emulator's arguments, apart from the program: ``airflow emr emulator`` has the same, and must not load it."""

from __future__ import annotations

import argparse
from pathlib import Path

HOST = "127.0.0.1"
PORT = 5555


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the program can be told."""
    parser.add_argument("--host", default=HOST, help=f"address to listen on, {HOST} by default")
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"port to listen on, {PORT} by default; 0 takes a free one"
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="where buckets and clusters are kept")
    parser.add_argument(
        "--start-delay", type=float, default=1.0, metavar="S", help="seconds that a cluster is STARTING"
    )
    parser.add_argument(
        "--bootstrap-delay", type=float, default=1.0, metavar="S", help="seconds of BOOTSTRAPPING, at least"
    )
    parser.add_argument(
        "--terminate-delay", type=float, default=1.0, metavar="S", help="seconds that it is TERMINATING"
    )
    parser.add_argument(
        "--resize-delay",
        type=float,
        default=1.0,
        metavar="S",
        help="seconds that a group or fleet takes to change its size or its configurations",
    )
    parser.add_argument(
        "--spot-capacity",
        type=int,
        metavar="N",
        help="spot instances that can be had at once, without limit by default",
    )
    parser.add_argument(
        "--timeout-minute",
        type=float,
        default=60.0,
        metavar="S",
        help="seconds that a minute of a fleet's provisioning timeouts takes, 60 by default",
    )
    parser.add_argument("--memory", type=int, metavar="MIB", help="memory for the steps that run at once")
    parser.add_argument(
        "--no-rate-limits",
        dest="rate_limits",
        action="store_false",
        help="serve EMR however often it is called, instead of at AWS's rates per region and operation",
    )
