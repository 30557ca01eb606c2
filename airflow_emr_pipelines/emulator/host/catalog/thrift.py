"""Thrift's binary protocol, as Hive's metastore and its clients speak it, without knowing what is said."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any

BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15
CALL, REPLY, EXCEPTION, ONEWAY = 1, 2, 3, 4
_VERSION = b"\x80\x01"
"""How each message begins, and nothing that a browser can be made to send."""
_NUMBERS = {BYTE: ">b", DOUBLE: ">d", I16: ">h", I32: ">i", I64: ">q"}
_LONGEST = 1 << 28
"""Bytes of one text, or parts of one collection; more is no call of Hive's."""


class NotThrift(Exception):
    """What came is no message of this protocol."""


@dataclass(frozen=True)
class Value:
    """A value with its type; that of a struct is a `Struct`, and of a collection one without types, which `of` has."""

    kind: int
    data: Any
    of: tuple[int, ...] = ()


Struct = dict[int, Value]
"""Values by field number."""


@dataclass(frozen=True)
class Message:
    """A call or an answer."""

    kind: int
    name: str
    number: int
    body: Struct


def text(value: str) -> Value:
    return Value(STRING, value)


def i32(value: int) -> Value:
    return Value(I32, value)


def boolean(value: bool) -> Value:
    return Value(BOOL, value)


def record(fields: Struct) -> Value:
    return Value(STRUCT, fields)


def texts(values: Sequence[str]) -> Value:
    return Value(LIST, list(values), (STRING,))


def records(values: Sequence[Struct]) -> Value:
    return Value(LIST, list(values), (STRUCT,))


def mapping(values: Mapping[str, str]) -> Value:
    return Value(MAP, dict(values), (STRING, STRING))


def read_message(stream: BufferedIOBase) -> Message | None:
    """The next message; None where the stream ends before one.

    :raises NotThrift: it is none, or not the whole of one
    """
    begun = stream.read(1)
    if not begun:
        return None
    if begun != _VERSION[:1] or _exactly(stream, 1) != _VERSION[1:]:  # before more is waited for
        raise NotThrift
    kind = _exactly(stream, 2)[1]
    return Message(kind, _read(stream, STRING), _read(stream, I32), _read(stream, STRUCT))


def written(message: Message) -> bytes:
    """A message as it is sent."""
    out = bytearray(_VERSION + bytes((0, message.kind)))
    for kind, data in ((STRING, message.name), (I32, message.number), (STRUCT, message.body)):
        _write(out, kind, data)
    return bytes(out)


def _exactly(stream: BufferedIOBase, count: int) -> bytes:
    if not 0 <= count <= _LONGEST:
        raise NotThrift
    found = stream.read(count)
    if len(found) != count:
        raise NotThrift
    return found


def _read(stream: BufferedIOBase, kind: int, of: Sequence[int] = ()) -> Any:
    if kind in _NUMBERS:
        form = _NUMBERS[kind]
        return struct.unpack(form, _exactly(stream, struct.calcsize(form)))[0]
    if kind == BOOL:
        return _exactly(stream, 1) != b"\0"
    if kind == STRING:  # or bytes, which survive this
        return _exactly(stream, _read(stream, I32)).decode("utf-8", "surrogateescape")
    if kind == STRUCT:
        return _read_struct(stream)
    raise NotThrift


def _read_struct(stream: BufferedIOBase) -> Struct:
    fields: Struct = {}
    while (kind := _exactly(stream, 1)[0]) != 0:
        number = _read(stream, I16)
        fields[number] = _read_value(stream, kind)
    return fields


def _read_value(stream: BufferedIOBase, kind: int) -> Value:
    if kind in (LIST, SET):
        of = (_exactly(stream, 1)[0],)
        return Value(kind, [_part(stream, of[0]) for _ in range(_count(stream))], of)
    if kind == MAP:
        key, value = _exactly(stream, 2)
        return Value(MAP, {_part(stream, key): _part(stream, value) for _ in range(_count(stream))}, (key, value))
    return Value(kind, _read(stream, kind))


def _part(stream: BufferedIOBase, kind: int) -> Any:
    """A part of a collection; a collection within one keeps its types."""
    return _read_value(stream, kind) if kind in (LIST, SET, MAP) else _read(stream, kind)


def _count(stream: BufferedIOBase) -> int:
    count: int = _read(stream, I32)
    if not 0 <= count <= _LONGEST:
        raise NotThrift
    return count


def _write(out: bytearray, kind: int, data: Any) -> None:
    if kind in _NUMBERS:
        out += struct.pack(_NUMBERS[kind], data)
    elif kind == BOOL:
        out.append(bool(data))
    elif kind == STRING:
        encoded = data.encode("utf-8", "surrogateescape")
        out += struct.pack(">i", len(encoded)) + encoded
    elif kind == STRUCT:
        for number, value in data.items():
            out.append(value.kind)
            out += struct.pack(">h", number)
            _write_value(out, value)
        out.append(0)
    else:
        _write_value(out, data)


def _write_value(out: bytearray, value: Value) -> None:
    if value.kind in (LIST, SET):
        out.append(value.of[0])
        out += struct.pack(">i", len(value.data))
        for part in value.data:
            _write(out, value.of[0], part)
    elif value.kind == MAP:
        out += bytes(value.of) + struct.pack(">i", len(value.data))
        for key, part in value.data.items():
            _write(out, value.of[0], key)
            _write(out, value.of[1], part)
    else:
        _write(out, value.kind, value.data)
