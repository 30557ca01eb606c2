"""What the emulator can be told: paces, and the delays that outrank them."""

from __future__ import annotations

import argparse
from dataclasses import asdict

import pytest

from airflow_emr_pipelines.emulator.arguments import DELAYS, PACES, add_arguments, delays_of
from airflow_emr_pipelines.emulator.ec2.lifecycle import Delays

POLL_SECONDS = 30
"""Between two looks of a waiter of botocore's for EMR."""


def delays(*arguments: str) -> dict[str, float]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return delays_of(parser.parse_args(arguments))


def test_without_any_the_delays_are_those_of_the_class() -> None:
    assert Delays(**delays()) == Delays()


@pytest.mark.parametrize("arguments", [["--start-delay=0", "--pace=aws"], ["--pace=aws", "--start-delay=0"]])
def test_a_single_delay_outranks_the_pace_wherever_it_stands(arguments: list[str]) -> None:
    assert delays(*arguments) == {**PACES["aws"], "start": 0}


def test_a_pace_has_every_delay() -> None:
    assert {frozenset(pace) for pace in PACES.values()} == {frozenset(DELAYS)}
    assert {*DELAYS, "minute"} == asdict(Delays()).keys()


def test_at_the_pace_of_aws_who_looks_every_half_minute_sees_each_state() -> None:
    assert min(delays("--pace=aws").values()) > POLL_SECONDS
