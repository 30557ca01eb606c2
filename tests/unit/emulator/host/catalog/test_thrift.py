"""Messages of the metastore's protocol."""

from __future__ import annotations

import io

import pytest

from airflow_emr_pipelines.emulator.host.catalog import thrift
from airflow_emr_pipelines.emulator.host.catalog.thrift import Message, NotThrift, Value, read_message, written

MESSAGE = Message(
    thrift.CALL,
    "create_table",
    7,
    {
        1: thrift.text("Zürich \udcff"),
        2: thrift.i32(-5),
        3: thrift.boolean(True),
        4: thrift.record({1: thrift.texts(["a", ""]), 2: Value(thrift.I64, 1 << 40), 3: Value(thrift.DOUBLE, 0.5)}),
        5: thrift.mapping({"k": "v"}),
        6: thrift.records([{}, {1: thrift.text("x")}]),
        7: Value(thrift.MAP, {"k": Value(thrift.LIST, [1, 2], (thrift.I16,))}, (thrift.STRING, thrift.LIST)),
        8: Value(thrift.BYTE, -1),
    },
)


def test_what_is_written_is_read_again() -> None:
    stream = io.BytesIO(written(MESSAGE) * 2)
    assert (read_message(stream), read_message(stream), read_message(stream)) == (MESSAGE, MESSAGE, None)


@pytest.mark.parametrize(
    "sent", [b"POST / HTTP/1.1\r\n", b"\x80\x02", written(MESSAGE)[:-3], b"\x80\x01\0\1\xff\xff\xff\xff"]
)
def test_what_is_no_message_is_refused(sent: bytes) -> None:
    with pytest.raises(NotThrift):
        read_message(io.BytesIO(sent))


def test_it_is_written_as_thrift_does() -> None:
    message = Message(thrift.REPLY, "f", 1, {0: thrift.mapping({"k": "v"}), 1: thrift.texts(["a"])})
    head = b"\x80\x01\0\x02" + b"\0\0\0\x01f" + b"\0\0\0\x01"
    pairs = b"\x0d\0\0" + b"\x0b\x0b\0\0\0\x01" + b"\0\0\0\x01k\0\0\0\x01v"
    items = b"\x0f\0\x01" + b"\x0b\0\0\0\x01" + b"\0\0\0\x01a"
    assert written(message) == head + pairs + items + b"\0"
