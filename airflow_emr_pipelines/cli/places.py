"""Where in AWS a command looks, as its options say it: what cannot be is refused before anything is done."""

from __future__ import annotations

import argparse
import re

ANY = "*"
ACCOUNT = re.compile(r"[0-9]{12}")
REGION = re.compile(
    r"[a-z]{2,4}(-[a-z]+)?-(north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]{1,2}"
)
"""How AWS names them, whether botocore knows one or it is younger."""


def account(text: str) -> str:
    """An AWS account id, or a star for any."""
    if text == ANY or ACCOUNT.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no AWS account id, which has 12 digits: write it like 123456789012")


def region(text: str) -> str:
    """The name of a Region."""
    if REGION.fullmatch(text):
        return text
    import difflib

    from botocore.session import get_session

    session = get_session()
    known = [name for each in session.get_available_partitions() for name in session.get_available_regions("emr", each)]
    if text in known:
        return text
    near = difflib.get_close_matches(text.lower(), known, n=1)
    remedy = f"did you mean {near[0]}?" if near else "write it like eu-central-1"
    raise argparse.ArgumentTypeError(f"{text!r} is no Region of AWS: {remedy}")


def region_or_any(text: str) -> str:
    """The name of a Region, or a star for any."""
    return text if text == ANY else region(text)


def partition(text: str) -> str:
    """A partition of AWS."""
    from botocore.session import get_session

    known = get_session().get_available_partitions()
    if text in known:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no partition of AWS: choose one of {', '.join(known)}")
