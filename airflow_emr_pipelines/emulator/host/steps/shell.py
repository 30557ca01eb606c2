"""Shell commands and scripts, in the cluster's own HOME with its own programs first on PATH."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun, Launch, Node


def program(node: Node, words: Sequence[str]) -> Launch:
    """Any program of this machine, as command-runner.jar does it."""
    search = os.pathsep.join([str(node.home.programs), os.environ.get("PATH", os.defpath)])
    if shutil.which(words[0], path=search) is None:
        raise CannotRun(f'Cannot run program "{words[0]}": there is no such program on this machine')
    return _launch(node, words)


def script(node: Node, address: str, arguments: Sequence[str]) -> Launch:
    """A script from S3, as script-runner.jar and bootstrap actions run it."""
    path = node.fetch(address)
    path.chmod(0o755)
    first = path.read_bytes()[:2]
    interpreter = () if first == b"#!" else ("bash",)
    return _launch(node, (*interpreter, str(path), *arguments))


def script_runner(node: Node, words: Sequence[str]) -> Launch:
    """Args of script-runner.jar: the script's address, then its arguments."""
    if not words:
        raise CannotRun("script-runner.jar: no script is given: Args begin with its address, s3://bucket/script.sh")
    return script(node, words[0], words[1:])


def _launch(node: Node, command: Sequence[str]) -> Launch:
    node.write_conf()  # for the hadoop command
    return Launch(tuple(command), node.work, {"HADOOP_CONF_DIR": str(node.conf)})
