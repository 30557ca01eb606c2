"""The ledger of epsilon: what was told of a data set for a period, so that nobody is told more by asking again.

Each release is one object, with the question, what it cost, and the answer: `<ledger>/<data set>/<period>/1.json` and
so on. It is written before anybody sees the answer, and only if there is none of that number yet, which S3 decides. So
a job that dies has spent nothing or has its answer kept, and of two that ask at the same time one finds the other's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lake import DataError

Answer = dict[str, Any]


class Ledger:
    """The releases of a data set for a period.

    :param address: s3:// and the folder of all ledgers
    :param budget: epsilon that all releases of the period may cost together
    """

    def __init__(self, s3_client: Any, address: str, data_set: str, period: str, budget: float) -> None:
        scheme, _, rest = address.partition("://")
        if scheme != "s3" or not rest.strip("/"):
            raise DataError(f"The ledger {address} is no folder of S3, where it is kept once and for all.")
        self.s3 = s3_client
        self.bucket, _, folder = rest.strip("/").partition("/")
        self.folder = "/".join(part for part in (folder, data_set, period) if part)
        self.budget = budget

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.folder}"

    def answered(self, question: Answer, cost: float, answer: Callable[[], Answer]) -> tuple[Answer, bool]:
        """The answer, with the noise that it had the first time, and whether it was given before."""
        draft: Answer | None = None
        while True:
            entries = self.entries()
            for entry in entries:
                if entry["question"] == question:
                    return entry["answer"], True
            self.check(entries, cost)
            draft = draft or answer()
            entry = {"question": question, "epsilon": cost, "answer": draft}
            if self._is_first(len(entries) + 1, entry):
                return draft, False

    def entries(self) -> list[Answer]:
        found: list[Answer] = []
        while (entry := self._read(len(found) + 1)) is not None:
            found.append(entry)
        return found

    def check(self, entries: list[Answer], cost: float) -> None:
        spent = sum(float(entry["epsilon"]) for entry in entries)
        if spent + cost > self.budget * (1 + 1e-9):
            raise DataError(
                f"The budget is spent: of epsilon {self.budget} for this period {spent:.6g} went to {len(entries)} "
                f"other questions, and this one would cost {cost}. See {self}: ask one of those again, which costs "
                "nothing and gives the same numbers, or wait for the next period."
            )

    def _key(self, number: int) -> str:
        return f"{self.folder}/{number}.json"

    def _read(self, number: int) -> Answer | None:
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=self._key(number))["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        try:
            entry: Answer = json.loads(body)
            if {"question", "epsilon", "answer"} <= set(entry):
                return entry
        except (TypeError, ValueError):
            pass
        raise DataError(f"s3://{self.bucket}/{self._key(number)} is no entry of a ledger: what was spent is unknown.")

    def _is_first(self, number: int, entry: Answer) -> bool:
        """Write the entry unless there is one of that number; a write that got lost on its way back is found again."""
        body = (json.dumps(entry, indent=2) + "\n").encode()
        try:
            self.s3.put_object(Bucket=self.bucket, Key=self._key(number), Body=body, ContentType="application/json")
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"):
                return False
            raise
        return True


def client() -> Any:
    """A client of S3 whose writes replace nothing. The header is set by hand, since an old boto3 does not know it."""
    import boto3

    s3 = boto3.client("s3")
    s3.meta.events.register("before-sign.s3.PutObject", _if_there_is_none)
    return s3


def _if_there_is_none(request: Any, **_: Any) -> None:
    request.headers["If-None-Match"] = "*"
