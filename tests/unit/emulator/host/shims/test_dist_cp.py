"""distcp between files of HDFS, in this process; tests/integration/emulator runs it as a step over S3."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host.shims import dist_cp


@pytest.fixture
def hdfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRFLOW_EMR_HDFS", str(tmp_path))
    fill(tmp_path, {"src/a": "a", "src/d/b": "b"})
    return tmp_path


def fill(hdfs: Path, files: dict[str, str]) -> None:
    for name, body in files.items():
        (hdfs / name).parent.mkdir(parents=True, exist_ok=True)
        (hdfs / name).write_text(body)


def below(hdfs: Path, name: str) -> dict[str, str]:
    top = hdfs / name
    return {path.relative_to(top).as_posix(): path.read_text() for path in top.rglob("*") if path.is_file()}


def test_a_folder_becomes_a_new_target_and_goes_below_one_that_is_there(hdfs: Path) -> None:
    for _ in range(2):
        assert dist_cp.main(["-D", "x=1", "-Dy=2", "-m", "3", "-pugp", "/src/", "hdfs:///dest"]) == 0
    assert below(hdfs, "dest") == {"a": "a", "d/b": "b", "src/a": "a", "src/d/b": "b"}


def test_a_file_becomes_a_new_target_and_goes_into_a_folder_that_is_there(hdfs: Path) -> None:
    assert dist_cp.main(["/src/a", "/one"]) == 0
    assert (hdfs / "one").read_text() == "a"
    assert dist_cp.main(["/src/a", "/src/d"]) == 0
    assert dist_cp.main(["/src/d/b", "/src/a", "/two"]) == 0
    assert below(hdfs, "src/d") == {"a": "a", "b": "b"}
    assert below(hdfs, "two") == {"a": "a", "b": "b"}


def test_a_root_goes_into_the_target_without_a_name_of_its_own(hdfs: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    assert dist_cp.main(["-update", "/src", "hdfs:///"]) == 0
    assert (hdfs / "a").read_text() == "a"
    assert (hdfs / "d" / "b").read_text() == "b"


def test_patterns_name_several_sources(hdfs: Path) -> None:
    assert dist_cp.main(["/src/{a,x}", "/src/[a-d]*/b", "/dest"]) == 0
    assert below(hdfs, "dest") == {"a": "a", "b": "b"}


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ([], {"a": "X", "d/b": "longer", "old": "old"}),
        (["-update"], {"a": "a", "d/b": "b", "old": "old"}),
        (["-update", "-skipcrccheck"], {"a": "X", "d/b": "b", "old": "old"}),
        (["-overwrite"], {"a": "a", "d/b": "b", "old": "old"}),
        (["-overwrite", "-delete"], {"a": "a", "d/b": "b"}),
        (["-update", "-delete"], {"a": "a", "d/b": "b"}),
    ],
)
def test_what_is_there_is_left_alone_updated_or_overwritten(
    hdfs: Path, options: list[str], left: dict[str, str]
) -> None:
    fill(hdfs, {f"dest/{name}": body for name, body in {"a": "X", "d/b": "longer", "old": "old"}.items()})
    sources = ["/src"] if options else ["/src/a", "/src/d"]
    assert dist_cp.main([*options, *sources, "/dest"]) == 0
    assert below(hdfs, "dest") == left


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["/src/none", "/to"], "/src/none doesn't exist"),
        (["/src/none*", "/to"], "/src/none* doesn't exist"),
        (["/src"], "SOURCE... TARGET"),
        (["-update", "-overwrite", "/src", "/to"], "mutually exclusive"),
        (["-delete", "/src", "/to"], "only with update or overwrite"),
        (["-skipcrccheck", "/src", "/to"], "only with update"),
        (["-atomic", "/src", "/to"], "-atomic is not part of the emulator"),
        (["-update", "/src", "/src", "/to"], "Duplicate files"),
        (["/src", "ftp://x/y"], "ftp"),
        (["hdfs://elsewhere/src", "/to"], "one HDFS for each cluster"),
    ],
)
def test_what_cannot_be_copied_is_named(
    hdfs: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert dist_cp.main(words) == 1
    assert told in capsys.readouterr().err
    assert not (hdfs / "to").exists()
