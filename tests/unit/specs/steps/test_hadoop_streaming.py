from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import HadoopStreamingStep


def streaming(**fields: Any) -> HadoopStreamingStep:
    required = {"name": "a", "mapper": "cat", "reducer": "wc -l", "inputs": ["s3://raw/in/"], "output": "s3://raw/out/"}
    return HadoopStreamingStep(**{**required, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"mapper": "m.py", "files": ["s3://mr-code/m.py"]},
        {"mapper": "python3 m.py --x y.py", "files": ["s3://mr-code/long.py#m.py", "/mnt/y.py"]},
        {"mapper": "/usr/local/bin/m.py"},
        {"mapper": "m.py", "archives": ["s3://mr-code/all.zip#lib"]},
        {"mapper": "m.py", "files": "{{ params.files }}"},
        {"mapper": "m.py", "files": ["{{ params.file }}"]},
        {"mapper": "{{ params.mapper }}.py"},
        {"mapper": "lib/m.py"},
        {"reducer": "aggregate", "inputs": ["s3://raw/in/*/2013-{01,02}/"], "num_reduce_tasks": 0},
    ],
)
def test_a_program_is_one_of_the_nodes_or_is_shipped(fields: dict[str, Any]) -> None:
    made = streaming(**fields)
    assert (made.mapper, made.reducer) == (fields.get("mapper", "cat"), fields.get("reducer", "wc -l"))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"mapper": "m.py"}, r'm.py is not among the files, .* write files=\["s3://bucket/m.py"\]'),
        ({"combiner": "python c.py", "files": ["s3://mr-code/m.py"]}, r"combiner = .*c.py is not among the files"),
        (
            {"reducer": "s3://mr-code/r.py --x"},
            r'a task starts a program of its node.* write reducer="r.py" and files=\["s3://mr-code/r.py"\]',
        ),
        ({"mapper": "awk 'x"}, "it is no command line"),
        ({"mapper": ""}, "must not be empty"),
        ({"inputs": []}, "there is nothing to read"),
        ({"inputs": "s3://raw/in/"}, r'write inputs=\["s3://raw/in/"\]'),
        ({"inputs": ["in"]}, "upload it"),
        ({"output": "s3://raw/in"}, "Hadoop writes only to a folder that is new"),
        ({"files": ["s3://mr-code/a.py,s3://mr-code/b.py"]}, "write one an element"),
        ({"num_reduce_tasks": -1}, "at least 0"),
        ({"args": ["-verbose", "-D", "x=1"]}, "Hadoop takes -D only before the other options"),
        ({"args": ["-Dx=1"]}, "write it as conf, files, jars or archives"),
        ({"args": ["-files", "s3://mr-code/m.py"]}, "Hadoop takes -files only before"),
    ],
)
def test_what_hadoop_would_refuse_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        streaming(**fields)
