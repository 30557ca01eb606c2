"""The pictures of the examples' graphs show what the DAGs are now. The tests need no Graphviz."""

from __future__ import annotations

import itertools
import re
import warnings
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, BaseOperator, Label

from docs.graphs import PICTURES, dot_of, edges_of, examples, shown_in

WAY_OUT = "its DAG has changed since it was drawn: make graphs"


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a library that Airflow reads .airflowignore with
        return examples()


def test_a_picture_shows_the_tasks_and_edges_that_its_dag_has_now(dags: dict[str, Any]) -> None:
    assert dags
    for dag_id, dag in dags.items():
        picture = PICTURES / f"{dag_id}.svg"
        assert picture.exists(), f"{dag_id} has no picture: make graphs"
        assert shown_in(picture.read_text()) == (set(dag.task_ids), edges_of(dag)), f"{picture.name}: {WAY_OUT}"


def test_each_picture_is_shown_on_a_page_and_none_is_left_over(dags: dict[str, Any]) -> None:
    pages = "\n".join(page.read_text() for page in PICTURES.glob("*.md"))
    assert set(re.findall(r"!\[[^\]]*\]\((\w+)\.svg\)", pages)) == set(dags), "a DAG lacks a page, or a page its DAG"
    assert {picture.stem for picture in PICTURES.glob("*.svg")} == set(dags)


def test_a_picture_holds_nothing_of_the_machine_that_drew_it() -> None:
    for picture in PICTURES.glob("*.svg"):
        assert not re.search(r"generated|/home/|/tmp/|/root/|20[0-9]{2}-", picture.read_text(), re.IGNORECASE), picture


def test_edges_that_setup_and_teardown_imply_are_left_out(dags: dict[str, Any]) -> None:
    edges = edges_of(dags["emr_transient_spark"])
    tasks = ["create_cluster", "carrier_delays", "steps_ended", "terminate_cluster", "cluster_report"]
    assert edges == {(f"pipeline.{above}", f"pipeline.{below}") for above, below in itertools.pairwise(tasks)}


def test_what_is_read_back_from_a_picture_is_what_it_shows() -> None:
    node, edge = '<g class="node"><title>{}</title></g>', '<g class="edge"><title>{}</title></g>'
    inside = node.format("a.b") + node.format("c") + edge.format("a.b&#45;&gt;c")
    picture = f'<svg xmlns="http://www.w3.org/2000/svg"><g class="graph"><title>x</title>{inside}</g></svg>'
    assert shown_in(picture) == ({"a.b", "c"}, {("a.b", "c")})


def test_a_graph_is_written_the_same_each_time(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        text = dot_of(dag)
        assert text == dot_of(dag)
        assert all(f'"{task_id}" [label=' in text for task_id in dag.task_ids)


def test_colors_mapped_tasks_and_labels_of_edges_are_written_as_graphviz_knows_them() -> None:
    with DAG("a", schedule=None) as dag:
        first = BaseOperator(task_id="first")
        many = EmptyOperator.partial(task_id="a_long_name_of_many").expand(email=["a", "b"])
        first >> Label('says "go"') >> many
    text = dot_of(dag)
    assert first.ui_color == "#fff"
    assert '"first" [label="first" fillcolor="#ffffff"]' in text
    assert r'[label="a_long_name_of_\nmany [ ]"' in text
    assert r'"first" -> "a_long_name_of_many" [label="says \"go\""]' in text
