"""What is a tenant's own: its id, its folders, and its rules for its rows."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

from lake import DataError
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# The same as the DAG's own rule (airflow_emr_pipelines.specs.tenants): a step does not trust who started it.
TENANT_ID = re.compile(r"[A-Z][A-Z0-9_]{0,31}|[a-z][a-z0-9_]{0,31}", re.ASCII)
MEANT_FOR_MORE = re.compile(r"[*?\[\]{}\\,\s]|(^|/)\.\.?(/|$)")
"""What makes a path mean more than one folder, or another than it says."""

NEEDED = ("carrier", "dest", "distance", "tailnum", "arr_delay", "cancelled")
"""Columns that the platform's analytics read: no tenant can drop or rename them, and texts are masked by hashes."""
PARTS = ("keep", "drop", "mask", "rename")

Rules = dict[str, Any]


def tenant_id(text: str) -> str:
    """An argument that is a tenant's id."""
    if not TENANT_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no tenant's id, such as EWR or acme_2")
    return text


def check_own(tenant: str, **paths: str) -> None:
    """Refuse paths that are not within a folder of the tenant's name, or could be more than one."""
    for name, path in paths.items():
        told = f"--{name.replace('_', '-')} {path}"
        if MEANT_FOR_MORE.search(path):
            raise DataError(f"{told} may mean more than one folder of one tenant.")
        if tenant not in path.split("/"):
            raise DataError(f"{told} is not in a folder of tenant {tenant}.")


def checked_rules(rules: Any, columns: dict[str, str], where: str) -> Rules:
    """The rules, refused where they say something that has no meaning for rows with these columns and types."""

    def refuse(why: str) -> DataError:
        return DataError(f"Malformed rules {where}: {why}.")

    if not isinstance(rules, dict):
        raise refuse("they are no object with " + ", ".join(PARTS))
    if unknown := sorted(set(rules) - {*PARTS, "description"}):
        raise refuse(f"{', '.join(unknown)}: choose from {', '.join(PARTS)}")
    keep, drop = rules.get("keep", []), rules.get("drop", [])
    mask, rename = rules.get("mask", {}), rules.get("rename", {})
    if not (isinstance(keep, list) and isinstance(drop, list) and isinstance(mask, dict) and isinstance(rename, dict)):
        raise refuse("keep and drop are lists, mask and rename are objects")
    for condition in keep:
        if not isinstance(condition, dict) or set(condition) != {"column", "is", "value"}:
            raise refuse(f"a condition of keep has column, is and value: {condition}")
        if condition["is"] not in COMPARISONS:
            raise refuse(f"keep knows {', '.join(COMPARISONS)}, not {condition['is']!r}")
        if (condition["is"] in ("in", "not in")) != isinstance(condition["value"], list):
            raise refuse(f"in and not in take a list, and others one value: {condition}")
    named = [*(condition["column"] for condition in keep), *drop, *mask, *rename]
    if strangers := [str(name) for name in named if name not in columns]:
        raise refuse(f"there is no column {', '.join(strangers)}")
    if unknown_masks := [str(way) for way in mask.values() if way not in MASKS]:
        raise refuse(f"mask knows {', '.join(MASKS)}, not {', '.join(unknown_masks)}")
    if both := sorted(set(drop) & {*mask, *rename}):
        raise refuse(f"{', '.join(both)} cannot be dropped and masked or renamed")
    if needed := sorted({*drop, *rename} & set(NEEDED)):
        raise refuse(f"the platform's analytics need {', '.join(needed)}")
    if spoilt := sorted(name for name in set(mask) & set(NEEDED) if columns[name] != "string" or mask[name] != "hash"):
        raise refuse(f"the platform's analytics need {', '.join(spoilt)}: only texts are masked, by hash")
    left = [rename.get(name, name) for name in columns if name not in drop]
    if twice := sorted({str(name) for name in left if left.count(name) > 1}):
        raise refuse(f"{', '.join(twice)} would be there twice")
    return {"keep": keep, "drop": drop, "mask": mask, "rename": rename}


def kept(rows: DataFrame, rules: Rules) -> DataFrame:
    """The rows that meet all conditions; an empty field meets none."""
    for condition in rules["keep"]:
        rows = rows.filter(COMPARISONS[condition["is"]](F.col(condition["column"]), condition["value"]))
    return rows


def shaped(rows: DataFrame, rules: Rules, tenant: str) -> DataFrame:
    """The rows with the columns that the tenant's rules leave, masked and renamed."""
    columns = []
    for name in rows.columns:
        if name not in rules["drop"]:
            way = rules["mask"].get(name)
            column = MASKS[way](F.col(name).cast("string"), tenant) if way else F.col(name)
            columns.append(column.alias(rules["rename"].get(name, name)))
    return rows.select(*columns)


def _hashed(column: Column, tenant: str) -> Column:
    """A pseudonym of the tenant's own: the same value of another tenant has another one."""
    return F.sha2(F.concat(F.lit(f"{tenant}:"), column), 256)


COMPARISONS: dict[str, Callable[[Column, Any], Column]] = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
    "in": lambda column, value: column.isin(value),
    "not in": lambda column, value: ~column.isin(value),
}
MASKS: dict[str, Callable[[Column, str], Column]] = {
    "hash": _hashed,
    "redact": lambda column, tenant: F.when(column.isNotNull(), F.lit("***")),
    "first 2": lambda column, tenant: F.concat(F.substring(column, 1, 2), F.lit("***")),
}
