"""Rules that fields of several specs share. A value that is not known before the task runs passes until it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from airflow_emr_pipelines.errors import InvalidSpec

FORBIDDEN_CHARACTERS = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What XML 1.0 does not allow (botocore: shape XmlString of service emr)."""
BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
WHOLE_MEMORY = re.compile(r"\d+(b|k|kb|m|mb|g|gb|t|tb|p|pb)?", re.IGNORECASE)
FRACTION = re.compile(r"(\d+\.\d+)(g|gb|t|tb|m|mb)", re.IGNORECASE)
MIB = {"m": 1, "g": 1024, "t": 1024 * 1024}
STRING_LIMIT = 10_280
NAME_LIMIT = 256


def is_template(value: object) -> bool:
    """Whether a text is yet to be rendered."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def is_late(value: object) -> bool:
    """Whether a value stands for one that another task gives: what Airflow calls an XComArg."""
    return not isinstance(value, type) and callable(getattr(value, "resolve", None))


def known(value: object) -> bool:
    """Whether a value can be judged now."""
    return not is_late(value) and not is_template(value)


def all_known(value: Any) -> bool:
    """Whether a value and all within it can be judged now."""
    if isinstance(value, Mapping):
        return all(all_known(part) for item in value.items() for part in item)
    if isinstance(value, (list, tuple)):
        return all(all_known(part) for part in value)
    return known(value)


def text(field: str, value: object, *, limit: int = STRING_LIMIT, empty: bool = False) -> None:
    """A text of characters that EMR takes, not too long."""
    if not known(value):
        return
    if not isinstance(value, str):
        raise InvalidSpec(field, value, f"it is a text, not {article(value)}", "write it in quotes")
    if not value.strip() and not empty:
        raise InvalidSpec(field, value, "it must not be empty", "give it a value")
    if found := FORBIDDEN_CHARACTERS.search(value):
        raise InvalidSpec(
            field, value, f"EMR takes no control character such as {found.group(0)!r}", "take it out of the text"
        )
    if len(value) > limit:
        raise InvalidSpec(
            field, value, f"EMR takes at most {limit:,} characters, and it has {len(value):,}", "shorten it"
        )


def words(field: str, values: object) -> tuple[Any, ...] | Any:
    """A list of texts, as a tuple; numbers become text."""
    if is_late(values) or is_template(values):
        return values
    if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
        raise InvalidSpec(
            field,
            values,
            f"it is a list with one text an element, not {article(values)}: no shell takes a line apart",
            f'write {field.rpartition(".")[2]}=["--name", "value"]',
        )
    return tuple(word(f"{field}[{place}]", value) for place, value in enumerate(values))


def word(field: str, value: object) -> Any:
    """One element of a list of texts."""
    if isinstance(value, bool):
        raise InvalidSpec(
            field,
            value,
            "a Python truth value says nothing to the program",
            'write "true" or "false" as the program reads it',
        )
    if isinstance(value, (int, float)):
        return str(value)
    text(field, value, empty=True)
    return value


def settings(field: str, values: object) -> Mapping[str, Any] | Any:
    """A mapping of names to texts; truth values and numbers become text as Hadoop writes them."""
    if is_late(values) or is_template(values):
        return values
    if isinstance(values, str):
        pairs = [pair.partition("=") for pair in values.split(",") if "=" in pair]
        shown = ", ".join(f'"{name.strip()}": "{value.strip()}"' for name, _, value in pairs) or '"name": "value"'
        raise InvalidSpec(
            field,
            values,
            "a single text would be taken as one setting",
            f"write {field.rpartition('.')[2]}={{{shown}}}",
        )
    if not isinstance(values, Mapping):
        raise InvalidSpec(
            field, values, f"it is a mapping, not {article(values)}", f"write {field}={{'name': 'value'}}"
        )
    return {setting_name(field, name): setting(f"{field}[{name!r}]", value) for name, value in values.items()}


def setting_name(field: str, name: object) -> Any:
    text(field, name)
    if isinstance(name, str) and known(name) and ("=" in name or "," in name or " " in name.strip()):
        raise InvalidSpec(
            field,
            name,
            "this name holds more than a name; one setting is one name and one value",
            f"write {field.rpartition('.')[2]}={{'name': 'value', 'other': 'value'}}, one entry a setting",
        )
    return name


def setting(field: str, value: object) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text(field, value, empty=True)
    return value


def s3_address(field: str, value: object, *, folder: bool = False) -> None:
    """An address s3://bucket/key; a folder may be a whole bucket."""
    if not known(value):
        return
    text(field, value)
    scheme, found, rest = str(value).partition("://")
    bucket, slash, key = rest.partition("/")
    if not found or scheme not in ("s3", "s3n", "s3a"):
        raise InvalidSpec(
            field, value, "it is no S3 address", "write s3://bucket/path, with two slashes and in lower case"
        )
    if not is_template(bucket) and not BUCKET.fullmatch(bucket):
        raise InvalidSpec(
            field, value, f"{bucket!r} is no bucket name: 3 to 63 of a-z, 0-9, dot and hyphen", "write s3://bucket/path"
        )
    if not folder and (not slash or not key.strip("/")):
        raise InvalidSpec(field, value, "it names a bucket and no file in it", f"write s3://{bucket}/path/to/file")


def program_address(field: str, value: object) -> None:
    """Where the cluster can read a file: S3, HDFS, or a path on its nodes."""
    if not known(value):
        return
    text(field, value)
    address = str(value)
    if address.startswith(("hdfs://", "local:/", "file:/", "https://", "http://")) or (
        address.startswith("/") and not address.startswith("//")
    ):
        return
    if "://" not in address and not address.lower().startswith("s3:"):
        raise InvalidSpec(
            field,
            value,
            "the cluster cannot read a file of this machine",
            "upload it and write s3://bucket/path, or write the absolute path of a file on the cluster's nodes",
        )
    s3_address(field, value)


def whole(field: str, value: object, least: int, most: int | None = None) -> None:
    """A whole number within bounds."""
    if value is None or not known(value):
        return
    number = int(value) if isinstance(value, str) and value.strip().lstrip("-").isdigit() else value
    if isinstance(number, bool) or not isinstance(number, int):
        raise InvalidSpec(field, value, f"it is a whole number, not {article(value)}", f"write {least} or more")
    if number < least or (most is not None and number > most):
        bounds = f"from {least} to {most}" if most is not None else f"at least {least}"
        raise InvalidSpec(field, value, f"it must be {bounds}", f"choose a number {bounds}")


def memory(field: str, value: object) -> None:
    """An amount of memory as the JVM reads it: whole, with a unit."""
    if value is None or not known(value):
        return
    amount = str(value)
    if fraction := FRACTION.fullmatch(amount):
        mib = int(float(fraction.group(1)) * MIB[fraction.group(2)[0].lower()])
        raise InvalidSpec(field, value, "the JVM takes no fractions", f"write whole MiB: {mib}m")
    if not WHOLE_MEMORY.fullmatch(amount):
        raise InvalidSpec(field, value, "it is no amount of memory", "write a whole number and a unit: 8g or 6553m")


def choice(field: str, value: object, choices: Sequence[str]) -> None:
    """One of some words."""
    if value is not None and known(value) and value not in choices:
        raise InvalidSpec(field, value, f"it is none of {', '.join(choices)}", "choose one of them")


def article(value: object) -> str:
    return f"{'an' if type(value).__name__[0] in 'aeiou' else 'a'} {type(value).__name__}"


def is_text(value: object) -> TypeGuard[str]:
    """A text that can be judged now."""
    return isinstance(value, str) and known(value)
