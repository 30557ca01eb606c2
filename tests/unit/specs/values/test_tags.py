from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.keys import KEY_TAG
from airflow_emr_pipelines.specs.values.tags import cluster_tags, legal_value
from tests.unit.specs.strategies import mappings, tag_keys, tag_texts


@given(mappings(tag_keys, tag_texts))
def test_legal_tags_are_kept_as_they_are(tags: dict[str, str]) -> None:
    assert cluster_tags("field", tags) == tags


def test_values_become_text() -> None:
    given_tags = {"Cost Center": 42, "for-use-with-amazon-emr-managed-policies": True, "empty": ""}
    assert cluster_tags("field", given_tags) == {
        "Cost Center": "42",
        "for-use-with-amazon-emr-managed-policies": "true",
        "empty": "",
    }


@pytest.mark.parametrize("key", ["", "x" * 129, "aws:x", "AWS:x", "a,b", "a#b", "a\nb", 5])
def test_a_key_has_rules(key: Any) -> None:
    with pytest.raises(InvalidSpec, match="a tag's key has 1 to 128"):
        cluster_tags("EmrCluster.tags", {key: "x"})


@pytest.mark.parametrize("value", ["x" * 257, "a,b", "a#b", "a\x00b", None])
def test_a_value_has_rules(value: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"EmrCluster\.tags\['a'\]"):
        cluster_tags("EmrCluster.tags", {"a": value})


def test_there_is_room_for_the_owners_tags() -> None:
    cluster_tags("field", {f"tag {number}": "" for number in range(45)})
    with pytest.raises(InvalidSpec, match="at most 45"):
        cluster_tags("field", {f"tag {number}": "" for number in range(46)})


def test_a_user_does_not_say_who_owns_the_cluster() -> None:
    with pytest.raises(InvalidSpec, match=r"EmrCluster\.tags = 'airflow-emr-pipelines:key': .* choose another key"):
        cluster_tags("EmrCluster.tags", {KEY_TAG: "x"})


@given(st.text())
def test_whatever_a_run_is_called_its_tag_is_legal(text: str) -> None:
    assert cluster_tags("field", {"run": legal_value(text)}) == {"run": legal_value(text)}


def test_legal_text_is_its_own_tag() -> None:
    run_id = "scheduled__2026-11-21T02:00:00+00:00"
    assert legal_value(run_id) == run_id
    assert legal_value("manual~1") == "manual_1"
