"""Shell commands and scripts, in the cluster's own HOME with its own programs first on PATH."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from airflow_emr_pipelines.emulator.host import node_paths
from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun, Launch, Node, split_words

_RUN_IF = re.compile(r"s3[an]?://([a-z0-9-]+\.)?elasticmapreduce/bootstrap-actions/run-if")
_CONDITION = re.compile(r"(instance|job-?flow)\.(\w+)\s*=\s*(.*)", re.IGNORECASE)


def program(node: Node, words: Sequence[str]) -> Launch:
    """Any program of this machine, as command-runner.jar does it."""
    name = node_paths.program_name(words[0])
    first = name if (node.home.programs / name).is_file() else node_paths.here(words[0], node.home)
    search = os.pathsep.join([str(node.home.programs), os.environ.get("PATH", os.defpath)])
    if shutil.which(first, path=search) is None:
        raise CannotRun(f'Cannot run program "{words[0]}": there is no such program on this machine')
    if name == "s3-dist-cp":  # to which a path without a scheme is one in HDFS
        return _launch(node, [first, *words[1:]])
    texts = " ".join(word for word in words[1:] if len(word.split()) > 1)  # such as what bash -c is given
    notes = node_paths.why_taken_apart(texts, node.home)
    return _launch(node, [first, *(node_paths.here(word, node.home) for word in words[1:])], notes)


def script(node: Node, address: str, arguments: Sequence[str]) -> Launch:
    """A script from S3, as script-runner.jar and bootstrap actions run it, or a program by its path on a node."""
    if (node.home.programs / node_paths.program_name(address)).is_file():
        return program(node, [address, *arguments])
    path = node.fetch(address)
    notes = _exchange_paths(path, node) if path.parent == node.fetched else ()
    path.chmod(0o755)
    first = path.read_bytes()[:2]
    interpreter = () if first == b"#!" else ("bash",)
    return _launch(node, (*interpreter, str(path), *(node_paths.here(word, node.home) for word in arguments)), notes)


def _exchange_paths(path: Path, node: Node) -> tuple[str, ...]:
    """Have a script name the cluster's own places; words on what may come of that."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:  # a program of the user's own
        return ()
    path.write_bytes(node_paths.here(text, node.home).encode())
    return node_paths.why_taken_apart(text, node.home)


def script_runner(node: Node, words: Sequence[str]) -> Launch:
    """Args of script-runner.jar: the script's address, then its arguments."""
    if not words:
        raise CannotRun("script-runner.jar: no script is given: Args begin with its address, s3://bucket/script.sh")
    return script(node, words[0], words[1:])


def bootstrap_action(node: Node, address: str, arguments: Sequence[str]) -> Launch:
    """A script, or EMR's own run-if with a condition and the command or the script to run under it."""
    if not _RUN_IF.fullmatch(address):
        return script(node, address, arguments)
    if len(arguments) < 2:
        raise CannotRun("run-if: Args are a condition and a command: instance.isMaster=true, s3://bucket/script.sh")
    condition, *words = arguments
    if not _holds(node, condition):
        return nothing(node, f"run-if: {condition} does not hold on this node: nothing is run")
    if words[0].startswith("s3"):
        command = split_words(words[0], f"run-if: {words[0]}") + words[1:]
        return script(node, command[0], command[1:])
    return program(node, ["bash", "-c", " ".join(words)])


def _holds(node: Node, condition: str) -> bool:
    """Whether a value of instance.json or job-flow.json is what a condition says."""
    found = _CONDITION.fullmatch(condition.strip())
    info = node.setup.node_info["instance" if found and found[1].lower() == "instance" else "job-flow"]
    if found is None or found[2] not in info:
        raise CannotRun(
            f"run-if: the condition {condition!r} is none: it names a value of instance.json or job-flow.json, as "
            f"instance.isMaster=true does; job-flow has {', '.join(node.setup.node_info['job-flow'])}, instance has "
            f"{', '.join(node.setup.node_info['instance'])}"
        )
    value = info[found[2]]
    return (str(value).lower() if isinstance(value, bool) else str(value)) == found[3].strip().strip("'\"")


def nothing(node: Node, why: str) -> Launch:
    """What ends well and does nothing, for a reason that is told."""
    return Launch(("true",), node.work, notes=(why,))


def _launch(node: Node, command: Sequence[str], notes: tuple[str, ...] = ()) -> Launch:
    node.write_conf()  # for the hadoop command
    return Launch(tuple(command), node.work, {"HADOOP_CONF_DIR": str(node.conf)}, notes=notes)
