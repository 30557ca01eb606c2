"""Our commands, each in a process of its own that need not import Airflow anew: it descends from one that has."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from subprocess import CompletedProcess

import pytest

ANCESTOR = """
import json, os, sys, tempfile
from airflow_emr_pipelines.cli.__main__ import main
from airflow_emr_pipelines.versions import dag_bag
from airflow.dag_processing.bundles.manager import DagBundlesManager

for line in sys.stdin:
    outs = [tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")]
    if (child := os.fork()) == 0:
        for number, out in enumerate(outs, 1):
            os.dup2(out.fileno(), number)
        main(json.loads(line))
        sys.exit()
    _, status = os.waitpid(child, 0)
    for out in outs:
        out.seek(0)
    told = [os.waitstatus_to_exitcode(status), *(out.read() for out in outs)]
    os.write(1, json.dumps(told).encode() + b"\\n")
"""


@pytest.fixture(scope="session")
def command() -> Iterator[Callable[..., CompletedProcess[str]]]:
    """Runs ``python -m airflow_emr_pipelines.cli`` with these words, and answers how it ended and what it printed."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", ANCESTOR], stdin=pipe, stdout=pipe, text=True) as ancestor:
        assert ancestor.stdin is not None
        assert ancestor.stdout is not None
        asked, answers = ancestor.stdin, ancestor.stdout

        def run(*words: str) -> CompletedProcess[str]:
            print(json.dumps(words), file=asked, flush=True)
            code, out, err = json.loads(answers.readline())
            return CompletedProcess(words, code, out, err)

        yield run
        asked.close()
