"""Hadoop streaming's own reducer `aggregate`: keys say how their values become one, as in LongValueSum:word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from airflow_emr_pipelines.emulator.host.shims.map_reduce import Pair, TaskFailed


def _number(value: float) -> bytes:
    return str(value).encode()


_AGGREGATORS: dict[bytes, Callable[[list[bytes]], bytes]] = {
    b"LongValueSum": lambda values: _number(sum(map(int, values))),
    b"LongValueMax": lambda values: _number(max(map(int, values))),
    b"LongValueMin": lambda values: _number(min(map(int, values))),
    b"DoubleValueSum": lambda values: _number(sum(map(float, values))),
    b"StringValueMax": max,
    b"StringValueMin": min,
    b"UniqValueCount": lambda values: _number(len(set(values))),
}


def aggregate(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Pairs in the order of their keys, with the values of each made one."""
    for key, members in groupby(pairs, key=lambda pair: pair[0]):
        name, colon, identity = key.partition(b":")
        if name not in _AGGREGATORS or not colon:
            known = ", ".join(sorted(each.decode() for each in _AGGREGATORS))
            raise TaskFailed(
                f"aggregate: the key {key.decode(errors='replace')!r} names none of the aggregators that the emulator "
                f"has: {known}"
            )
        try:
            yield identity, _AGGREGATORS[name]([value for _, value in members])
        except ValueError as error:
            raise TaskFailed(f"java.lang.NumberFormatException: {error}, for the key {key.decode()!r}") from None
