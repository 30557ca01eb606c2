"""A jar of the user's own, run by java with Hadoop's and Spark's classes behind it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun, Launch, Node

_HEAP_MIB = 1024


def custom_jar(
    node: Node, address: str, main_class: str | None, arguments: Sequence[str], properties: Mapping[str, str]
) -> Launch:
    """A step whose Jar is not one of EMR's own; MainClass outranks what the jar's manifest says."""
    node.check_addresses((address, *arguments))
    jar = node.fetch(address)
    named = main_class or _main_class_of(jar, address)
    heap = min(_HEAP_MIB, node.memory.largest_heap_mib)
    node.write_conf()
    command = node.java.command(
        named,
        arguments,
        heap_mib=heap,
        conf=node.conf,
        first_on_class_path=[str(jar)],
        options=[*node.java_options(), *(f"-D{key}={value}" for key, value in properties.items())],
    )
    return Launch(
        tuple(command),
        node.work,
        node.java_environment(),
        memory_mib=node.memory.need_of(heap),
        hidden=frozenset(node.configuration.environment),
    )


def _main_class_of(jar: Path, address: str) -> str:
    try:
        with zipfile.ZipFile(jar) as opened:
            manifest = opened.read("META-INF/MANIFEST.MF").decode()
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
        raise CannotRun(
            f"jar {address}: no main class can be read from it ({error})", "Main Class not found."
        ) from None
    for line in manifest.replace("\r\n ", "").replace("\n ", "").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "main-class":
            return value.strip()
    raise CannotRun(
        f"jar {address}: its manifest names no Main-Class, and MainClass is not given", "Main Class not found."
    )
