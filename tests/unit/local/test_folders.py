"""Each demo has a folder; the last one's stays, a running one's is left alone."""

from __future__ import annotations

from pathlib import Path

from local.folders import claim_folder


def test_the_folder_stays_when_the_demo_is_over(tmp_path: Path) -> None:
    with claim_folder(tmp_path) as folder:
        (folder / "data").touch()
    assert (folder / "data").is_file()


def test_the_next_demo_removes_the_folder_of_one_that_is_over(tmp_path: Path) -> None:
    with claim_folder(tmp_path) as first:
        pass
    with claim_folder(tmp_path) as second:
        assert not first.exists()
        assert second != first


def test_two_at_once_have_a_folder_each(tmp_path: Path) -> None:
    with claim_folder(tmp_path) as first, claim_folder(tmp_path) as second:
        assert first.is_dir()
        assert second.is_dir()
        assert first != second


def test_what_is_no_demos_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo-of-mine").mkdir()
    with claim_folder(tmp_path / "new" / "parent"), claim_folder(tmp_path):
        assert (tmp_path / "demo-of-mine").is_dir()
