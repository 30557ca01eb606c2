from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines import Tenant
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.tenants import TENANT_ID, checked_tenants

ESCAPES = [
    "",
    " ",
    "*",
    "?",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/a",
    "a/",
    "{{ ds }}",
    "{% x %}",
    "{a,b}",
    "[ab]",
    "${HOME}",
    "'a'",
    'a"',
    "a;b",
    "a b",
    "a,b",
    "a\n",
    "\x00",
    "%2e%2e",
    "a-b",
    "_a",
    "1a",
    "Ewr",
    "ewR",
    "ÄÖ",
    "\u212a",  # the Kelvin sign, which lower() makes a k
    "a" * 33,
    None,
    7,
    ["EWR"],
]


@pytest.mark.parametrize("name", ESCAPES)
def test_what_could_lead_out_of_a_tenants_own_is_refused(name: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"Tenant\.name"):
        Tenant(name)


@given(st.text())
def test_whatever_is_taken_is_one_plain_word_everywhere(name: str) -> None:
    try:
        taken = Tenant(name).name
    except InvalidSpec:
        return
    assert re.fullmatch(r"[A-Za-z0-9_]{1,32}", taken)


@given(st.from_regex(TENANT_ID, fullmatch=True))
def test_a_legal_id_is_taken_as_it_is(name: str) -> None:
    assert Tenant(name).name == name


@given(st.from_regex(TENANT_ID, fullmatch=True), st.sampled_from("/\\*?{}[]'\"$%.,;:-+~` \n\t\x00"), st.integers(0, 40))
def test_one_character_of_another_kind_is_enough_to_refuse(name: str, odd: str, place: int) -> None:
    with pytest.raises(InvalidSpec):
        Tenant(name[:place] + odd + name[place:])


def test_what_a_tenant_has_is_handed_on_as_json() -> None:
    tenant = Tenant(
        "EWR",
        execution_role_arn="arn:aws:iam::111122223333:role/tenant-EWR",
        queue="root.tenants.EWR",
        pool="tenant_EWR",
        log_uri="s3://emr-logs/tenants/EWR/",
        quality_threshold=0.9,
    )
    assert Tenant(**json.loads(json.dumps(tenant.values()))) == tenant


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quality_threshold", 1.01),
        ("quality_threshold", -0.1),
        ("quality_threshold", "much"),
        ("execution_role_arn", "tenant-EWR"),
        ("log_uri", "logs/EWR"),
        ("queue", ""),
        ("pool", " "),
    ],
)
def test_what_is_a_tenants_own_is_checked(field: str, value: Any) -> None:
    with pytest.raises(InvalidSpec, match=f"Tenant.{field}"):
        Tenant("EWR", **{field: value})


def test_tenants_that_hive_takes_for_one_are_refused() -> None:
    with pytest.raises(InvalidSpec, match="it is EWR once more to Hive"):
        checked_tenants([Tenant("EWR"), Tenant("JFK"), Tenant("ewr")])
    with pytest.raises(InvalidSpec, match="once more"):
        checked_tenants([Tenant("EWR"), Tenant("EWR")])


def test_no_tenant_at_all_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="there is none"):
        checked_tenants([])


def test_tenants_keep_their_order() -> None:
    assert [tenant.name for tenant in checked_tenants([Tenant("LGA"), Tenant("EWR")])] == ["LGA", "EWR"]
