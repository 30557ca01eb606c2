"""Pages of the tagging API, and which clusters are on them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from airflow_emr_pipelines.emulator.aws.errors import AwsError
from airflow_emr_pipelines.emulator.ec2.tagging import Tagging, check_pages, for_others, page


def pages(found: Mapping[str, int], size: int = 100, most_tags: int | None = None) -> list[list[str]]:
    told: list[list[str]] = []
    token: str | None = None
    while token != "":
        names, token = page(list(found), str, token, size, found.__getitem__, most_tags)
        told.append(names)
    return told


def test_a_page_has_so_many_resources_and_tags_and_no_resource_is_split() -> None:
    assert pages({}) == [[]]
    assert pages(dict.fromkeys("abcde", 1), 2) == [["a", "b"], ["c", "d"], ["e"]]
    ten_tags = {f"r{number:02}": 10 for number in range(22)}  # AWS's own example
    assert [len(names) for names in pages(ten_tags, most_tags=100)] == [10, 10, 2]
    untagged = dict.fromkeys(map(str, range(101)), 0)
    assert [len(names) for names in pages(untagged, 200, 100)] == [100, 1], "one without tags counts as one tag"
    assert pages({"a": 1, "b": 300, "c": 1}, most_tags=100) == [["a"], ["b"], ["c"]]


def test_what_is_gone_or_new_by_the_next_page_shifts_nothing() -> None:
    _, token = page(["a", "b", "c", "d"], str, None, 2)
    assert page(["b", "c", "cc", "d"], str, token, 2) == (["c", "cc"], page(["cc", "d"], str, None, 1)[1])
    with pytest.raises(AwsError, match="PaginationTokenExpiredException"):
        page(["c", "d"], str, token, 2)


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"ResourcesPerPage": 0}, "ResourcesPerPage must be between 1 and 100, not 0"),
        ({"TagsPerPage": 501}, "TagsPerPage must be between 100 and 500, not 501"),
        ({"ResourceARNList": ["a"], "TagFilters": [{"Key": "k"}]}, "TagFilters and ResourceARNList"),
    ],
)
def test_pages_of_an_impossible_size_and_two_ways_of_asking_are_refused(request_: dict[str, Any], named: str) -> None:
    with pytest.raises(AwsError, match=named):
        check_pages(request_)
    check_pages({"ResourcesPerPage": 100, "TagsPerPage": 500, "ResourceTypeFilters": ["s3"]})
    check_pages({"ResourceARNList": ["a"], "TagFilters": []})


def test_others_are_asked_for_what_is_theirs_and_for_all_their_pages() -> None:
    assert for_others({"ResourceTypeFilters": ["elasticmapreduce"]}) is None
    assert for_others({"ResourceTypeFilters": ["s3", "elasticmapreduce:cluster"], "ResourcesPerPage": 2}) == {
        "ResourceTypeFilters": ["s3"]
    }
    asked: list[Mapping[str, Any]] = []

    async def ask(request: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(request)
        number = len(asked)
        return {"TagKeys": ["b", "a", str(number)], "PaginationToken": "more" if number < 3 else None}

    async def act(action: str, request: Mapping[str, Any]) -> object:
        raise AssertionError(action)

    answer = asyncio.run(Tagging([], ask, act).respond("GetTagKeys", {}))
    assert answer == {"TagKeys": ["1", "2", "3", "a", "b"], "PaginationToken": ""}
    assert asked == [{}, {"PaginationToken": "more"}, {"PaginationToken": "more"}]
