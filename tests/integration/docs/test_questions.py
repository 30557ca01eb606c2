"""What people ask is answered within two clicks of the front page, and no link leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.docs.pages import FENCE, PAGES, ROOT
from tests.public_names import PUBLIC

QUESTIONS = ROOT / "docs" / "questions.md"
SUBJECTS = (
    *("each element of a list", "buckets", "not appear", "Python packages", "told of a failure", "XCom", "my driver"),
    *(
        "real AWS",
        "Astronomer",
        "finished with state success",
        "a retry",
        "cost",
        "past days",
        "second cluster",
        "port",
    ),
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def links_of(page: Path) -> list[str]:
    """Where a page's links and pictures lead, but for those to other sites."""
    links = LINK.findall(FENCE.sub("", page.read_text()))
    return [link for link in links if not link.startswith(("http://", "https://"))]


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST make them of the words."""
    headings = re.findall(r"^#{1,3} (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_each_of_the_questions_has_its_answer_and_a_page_to_read_on() -> None:
    _, *answers = re.split(r"^## ", QUESTIONS.read_text(), flags=re.MULTILINE)
    assert len(answers) == len(SUBJECTS)
    for subject, answer in zip(SUBJECTS, answers, strict=True):
        question, _, text = answer.partition("\n")
        assert subject in question
        assert len(LINK.findall(text)) >= 1, f"{question} leads nowhere"


@pytest.mark.parametrize("front", ["README.md", "docs/index.md"])
def test_the_questions_are_one_click_from_the_front_page(front: str) -> None:
    page = ROOT / front
    assert QUESTIONS in {(page.parent / link.partition("#")[0]).resolve() for link in links_of(page)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for link in links_of(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors_of(target), f"{page.name}: {link}"


def test_what_each_operator_and_sensor_returns_is_told() -> None:
    rows = re.findall(r"^\| (`.+?) \|", (ROOT / "docs" / "xcoms.md").read_text(), re.MULTILINE)
    told = set(re.findall(r"`(\w+)`", " ".join(rows)))
    assert told == {name for name in PUBLIC if name.endswith(("Operator", "Sensor"))}
