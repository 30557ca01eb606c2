"""Of the clusters that several tasks make in the place of one, all use the oldest, and the others go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
from airflow_emr_pipelines.hooks.ec2.successors import Successors
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport
from airflow_emr_pipelines.specs.values.keys import name_with_key, successor_key
from tests.unit.hooks.ec2.told_emr import NOON, ToldEmr, cluster, key, minutes

ENDED = cluster("j-1", "TERMINATED")
KEY = successor_key(deployment="ours", cluster_id="j-1")
OLDER = cluster("j-2", of=KEY, created=NOON + minutes(1))
YOUNGER = cluster("j-3", of=KEY, created=NOON + minutes(2))


def successors_in(emr: ToldEmr) -> Successors:
    return Successors(EmrClusters(None, "us-east-1", None, emr), "ours")


def render(*, key: str, reveal: Any) -> dict[str, Any]:
    return {"Name": name_with_key("daily", key)}


@pytest.mark.parametrize("listed", [(OLDER, YOUNGER), (YOUNGER, OLDER)])
def test_the_oldest_with_the_key_has_taken_the_place(listed: tuple[ClusterReport, ...]) -> None:
    stranger = cluster("j-0", of=key("s"))
    assert successors_in(ToldEmr(ENDED, stranger, *listed)).of(ENDED) == OLDER


def test_a_cluster_whose_place_nobody_took_has_no_successor() -> None:
    assert successors_in(ToldEmr(ENDED, cluster("j-0", of=key("s")))).of(ENDED) is None


def test_nothing_is_looked_for_of_a_cluster_whose_creation_is_not_told() -> None:
    assert successors_in(ToldEmr(ENDED, OLDER)).of(replace(ENDED, created=None)) is None


def test_whoever_makes_the_first_keeps_it() -> None:
    emr = ToldEmr(ENDED)
    made = successors_in(emr).make(ENDED, render)
    assert made.name == name_with_key("daily", KEY)
    assert [what for what in emr.done if "describe" not in what] == ["create"]


def test_whoever_made_a_younger_one_ends_it_and_uses_the_oldest() -> None:
    emr = ToldEmr(ENDED, cluster("j-2", of=KEY, created=NOON - minutes(1)))
    used = successors_in(emr).make(ENDED, render)
    assert used.id == "j-2"
    assert [what for what in emr.done if "describe" not in what] == ["create", "terminate j-made-2"]


def test_one_that_is_not_listed_yet_is_used_as_it_was_made() -> None:
    emr = ToldEmr(ENDED)
    emr.unlisted.add("j-made-1")
    assert successors_in(emr).make(ENDED, render).id == "j-made-1"
    assert "terminate j-made-1" not in emr.done


def test_all_that_took_the_place_and_live_are_known_to_who_ends_them() -> None:
    gone = cluster("j-4", "TERMINATING", of=KEY)
    emr = ToldEmr(ENDED, OLDER, YOUNGER, gone, cluster("j-0", of=key("s")))
    assert successors_in(emr).alive(ENDED) == ["j-2", "j-3"]
