"""A folder as the one truth about objects, however they came there."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_emr_pipelines.emulator.s3.names import KeyNotInFolder, is_bucket_name
from airflow_emr_pipelines.emulator.s3.store import FolderInUse, ObjectStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    opened = ObjectStore(tmp_path / "s3")
    opened.save_bucket("bucket", {})
    yield opened
    opened.close()


def listed(store: ObjectStore, prefix: str = "", delimiter: str = "", after: str = "") -> list[str]:
    return [entry for entry, _ in store.entries("bucket", prefix, delimiter, after)]


def test_an_object_is_a_file(store: ObjectStore) -> None:
    store.put("bucket", "a/b.txt", b"hello", {"metadata": {"Content-Type": "text/plain"}})
    assert (store.root / "bucket" / "a" / "b.txt").read_bytes() == b"hello"
    found = store.find("bucket", "a/b.txt")
    assert found is not None
    assert (found.size, found.attributes) == (5, {"metadata": {"Content-Type": "text/plain"}})
    assert store.etag_of(found) == hashlib.md5(b"hello").hexdigest()


def test_a_file_is_an_object(store: ObjectStore) -> None:
    path = store.root / "bucket" / "by" / "step"
    path.parent.mkdir()
    path.write_bytes(b"12")
    found = store.find("bucket", "by/step")
    assert found is not None
    assert store.read(found) == b"12"
    assert listed(store) == ["by/step"]


def test_what_a_client_said_of_an_object_is_forgotten_when_a_step_writes_it_anew(store: ObjectStore) -> None:
    store.put("bucket", "k", b"1", {"metadata": {"x": "y"}})
    replaced = store.root / "bucket" / "new"
    replaced.write_bytes(b"22")
    replaced.rename(store.root / "bucket" / "k")
    found = store.find("bucket", "k")
    assert found is not None
    assert found.attributes == {}
    assert store.etag_of(found) == hashlib.md5(b"22").hexdigest()


def test_an_etag_is_right_though_the_size_stays_and_the_clock_does_not_tick(store: ObjectStore) -> None:
    path = store.root / "bucket" / "k"
    for content in (b"one", b"two", b"six"):
        path.write_bytes(content)
        found = store.find("bucket", "k")
        assert found is not None
        assert store.etag_of(found) == hashlib.md5(content).hexdigest()


@pytest.mark.parametrize(
    "path",
    [
        "out/_temporary/0/task/part-0",
        "out/.spark-staging-1/part-0",
        "t/.hive-staging_hive_2013/part-0",
        "out/.part-0.crc",
        "check/.1.aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee.tmp",
    ],
)
def test_what_a_step_has_not_committed_is_not_seen(store: ObjectStore, path: str) -> None:
    file = store.root / "bucket" / path
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    assert store.find("bucket", path) is None
    assert listed(store) == []
    assert store.is_empty("bucket")


def test_what_a_client_puts_is_seen_whatever_its_name(store: ObjectStore) -> None:
    store.put("bucket", "out/_temporary/mine", b"x")
    (store.root / "bucket" / "out" / "_temporary" / "other").write_bytes(b"x")
    assert store.find("bucket", "out/_temporary/mine") is not None
    assert listed(store) == ["out/_temporary/mine"]


def test_empty_folders_are_no_objects_but_a_marker_is_one(store: ObjectStore) -> None:
    (store.root / "bucket" / "empty" / "deep").mkdir(parents=True)
    store.put("bucket", "marked/", b"")
    assert listed(store) == ["marked/"]
    assert (store.root / "bucket" / "marked").is_dir()
    assert store.find("bucket", "empty/") is None


def test_a_marker_goes_with_its_folder(store: ObjectStore) -> None:
    store.put("bucket", "marked/", b"")
    (store.root / "bucket" / "marked").rmdir()
    assert store.find("bucket", "marked/") is None
    assert listed(store) == []


def test_deleting_leaves_no_empty_folder_but_keeps_a_marked_one(store: ObjectStore) -> None:
    store.put("bucket", "a/b/c", b"x")
    store.put("bucket", "kept/", b"")
    store.put("bucket", "kept/x", b"x")
    assert store.delete("bucket", "a/b/c")
    assert store.delete("bucket", "kept/x")
    assert not (store.root / "bucket" / "a").exists()
    assert (store.root / "bucket" / "kept").is_dir()
    assert not store.delete("bucket", "a/b/c")


AWKWARD = ["a//b", "/a", "a/../b", "../../x", "a/./b", ".", "..", "n" * 300, "nul\0byte", "x//"]


@pytest.mark.parametrize("key", AWKWARD)
def test_a_key_that_no_file_can_have_works_for_clients(store: ObjectStore, key: str, tmp_path: Path) -> None:
    before = {path for path in tmp_path.rglob("*") if "s3-beside" not in path.parts}
    store.put("bucket", key, b"kept", {"metadata": {"a": "b"}})
    assert {path for path in tmp_path.rglob("*") if "s3-beside" not in path.parts} == before
    found = store.find("bucket", key)
    assert found is not None
    assert (store.read(found), found.attributes) == (b"kept", {"metadata": {"a": "b"}})
    assert listed(store) == [key]
    assert store.kept_aside("bucket", "") == [key]
    assert store.delete("bucket", key)
    assert listed(store) == []


@pytest.mark.parametrize("key", ["a//b", "/a", "a/../b", "..", "n" * 300, "a\0"])
def test_no_path_is_given_for_such_a_key(store: ObjectStore, key: str) -> None:
    with pytest.raises(KeyNotInFolder, match="s3://bucket/"):
        store.path_of("bucket", key)


def test_a_key_and_the_same_key_as_a_folder_live_side_by_side(store: ObjectStore) -> None:
    store.put("bucket", "a/b", b"below")
    store.put("bucket", "a", b"above")
    store.put("bucket", "c", b"above")
    store.put("bucket", "c/d", b"below")
    assert listed(store) == ["a", "a/b", "c", "c/d"]
    assert store.kept_aside("bucket", "a") == ["a"]
    assert store.kept_aside("bucket", "c") == ["c/d"]
    assert store.kept_aside("bucket", "a/b") == []
    store.delete("bucket", "a/b")
    store.delete("bucket", "c")
    assert (store.root / "bucket" / "a").read_bytes() == b"above"
    assert (store.root / "bucket" / "c" / "d").read_bytes() == b"below"
    assert store.kept_aside("bucket", "") == []


def test_links_lead_nowhere(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "file").write_bytes(b"secret")
    (store.root / "bucket" / "link").symlink_to(tmp_path / "secret")
    (store.root / "bucket" / "file").symlink_to(tmp_path / "secret" / "file")
    assert store.find("bucket", "link/file") is None
    assert store.find("bucket", "file") is None
    assert listed(store) == []
    assert listed(store, "link/") == []
    store.put("bucket", "link/new", b"x")
    assert sorted(os.listdir(tmp_path / "secret")) == ["file"]


@pytest.mark.parametrize(
    "name", ["..", "a", "UPPER", "under_score", "a..b", "-a", "a-", "192.168.0.1", "x/y", "é" * 3, ""]
)
def test_names_that_no_bucket_can_have_are_refused(store: ObjectStore, name: str) -> None:
    assert not is_bucket_name(name)
    with pytest.raises(ValueError, match="bucket name"):
        store.save_bucket(name, {})
    with pytest.raises(ValueError, match="bucket name"):
        store.path_of(name, "k")


def test_a_store_reopened_knows_what_it_knew(tmp_path: Path) -> None:
    first = ObjectStore(tmp_path / "s3")
    first.save_bucket("bucket", {"region": "eu-central-1"})
    first.put("bucket", "k", b"1", {"metadata": {"x": "y"}})
    first.put("bucket", "k//k", b"2")
    first.close()
    second = ObjectStore(tmp_path / "s3")
    found = second.find("bucket", "k")
    assert found is not None
    assert found.attributes == {"metadata": {"x": "y"}}
    assert second.buckets() == {"bucket": {"region": "eu-central-1"}}
    assert listed(second) == ["k", "k//k"]
    second.close()


def test_one_folder_serves_one_emulator(store: ObjectStore) -> None:
    with pytest.raises(FolderInUse, match="another emulator"):
        ObjectStore(store.root)


def test_many_writers_of_one_key_leave_one_whole_object(store: ObjectStore) -> None:
    bodies = [bytes([65 + number]) * 50_000 for number in range(6)]
    threads = [
        threading.Thread(target=lambda body=body: [store.put("bucket", "d/k", body) for _ in range(10)])
        for body in bodies
    ]
    seen = set()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        found = store.find("bucket", "d/k")
        if found is not None:
            seen.add(store.read(found))
    for thread in threads:
        thread.join()
    assert seen <= set(bodies)
    assert listed(store) == ["d/k"]


def test_writers_and_deleters_do_not_trip_over_each_others_folders(store: ObjectStore) -> None:
    def work(number: int) -> None:
        for _ in range(30):
            store.put("bucket", f"a/b/{number}", b"x")
            store.delete("bucket", f"a/b/{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert listed(store) == []
    assert store.kept_aside("bucket", "") == []


def test_one_object_is_handled_without_looking_at_the_others(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("bucket", "many/other", b"x")
    monkeypatch.setattr(os, "scandir", lambda path: pytest.fail(f"{path} is listed"))
    store.put("bucket", "many/k", b"x")
    assert store.find("bucket", "many/k") is not None
    assert [found.key for found in store.describe("bucket", ["many/k"]).values()] == ["many/k"]
    assert store.kept_aside("bucket", "many") == []
    assert store.delete("bucket", "many/k")


KEYS = st.lists(
    st.text(alphabet=["a", "b", "/", ".", "_", "é", "!", "0"], min_size=1, max_size=7),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(keys=KEYS, prefix=st.text(alphabet=["a", "b", "/", "."], max_size=3), size=st.integers(1, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_keys_are_listed_as_s3_lists_them(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], prefix: str, size: int
) -> None:
    store = ObjectStore(tmp_path_factory.mktemp("store") / "s3")
    store.save_bucket("bucket", {})
    for key in keys:
        store.put("bucket", key, key.encode())
    assert listed(store) == sorted(keys)
    for key in keys:
        found = store.find("bucket", key)
        assert found is not None
        assert store.read(found) == (b"" if found.path is None else key.encode())
    expected = set()
    for key in keys:
        if key.startswith(prefix):
            head, slash, _ = key[len(prefix) :].partition("/")
            expected.add(prefix + head + slash)
    in_pages: list[str] = []
    while page := listed(store, prefix, "/", in_pages[-1] if in_pages else "")[:size]:
        in_pages += page
    assert in_pages == sorted(expected)
    store.close()


@pytest.fixture
def large_folder(store: ObjectStore) -> Path:
    """One with more objects than fit in a page, which has been left alone for a while."""
    folder = store.root / "bucket" / "large"
    folder.mkdir()
    for number in range(1500):
        (folder / f"{number:04}").touch()
    while time.time_ns() - folder.stat().st_ctime_ns < 100_000_000:
        time.sleep(0.01)
    return folder


def test_the_pages_of_a_large_folder_need_one_look_at_it(
    store: ObjectStore, large_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir, looks = os.scandir, []

    def look(path: Any) -> Any:
        looks.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", look)
    pages = [list(itertools.islice(store.entries("bucket", "large/", after=f"large/{n:04}"), 3)) for n in range(1490)]
    assert [key for key, _ in pages[700]] == ["large/0701", "large/0702", "large/0703"]
    assert looks == [str(large_folder)]


def test_what_comes_and_goes_in_a_large_folder_is_seen_at_once(store: ObjectStore, large_folder: Path) -> None:
    assert len(listed(store, "large/")) == 1500
    (large_folder / "0700a").touch()
    os.utime(large_folder, ns=(0, 0))
    assert listed(store, "large/", after="large/0700")[:2] == ["large/0700a", "large/0701"]
    (large_folder / "0700a").unlink()
    (large_folder / "0701").unlink()
    (large_folder / "0701").mkdir()
    (large_folder / "0701" / "inside").touch()
    assert listed(store, "large/", after="large/0700")[:2] == ["large/0701/inside", "large/0702"]


def test_the_etags_of_a_page_are_remembered(store: ObjectStore, large_folder: Path) -> None:
    keys = listed(store, "large/")[:1000]
    (large_folder / "0000").write_bytes(b"x")
    found = store.with_etags(store.describe("bucket", keys).values())
    assert [stored.key for stored in found] == keys
    assert {stored.etag for stored in found[1:]} == {hashlib.md5(b"").hexdigest()}
    assert found[0].etag == hashlib.md5(b"x").hexdigest()
    assert all(stored.etag for stored in list(store.describe("bucket", keys).values())[1:])


def test_an_index_of_before_is_taken_over(store: ObjectStore, tmp_path: Path) -> None:
    store.put("bucket", "k", b"1", {"metadata": {"x": "y"}})
    store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "s3-beside" / "index.sqlite")) as index:
        index.executescript("CREATE TABLE objects AS SELECT * FROM contents; DROP TABLE contents;")
    again = ObjectStore(tmp_path / "s3")
    found = again.find("bucket", "k")
    assert found is not None
    assert found.attributes == {"metadata": {"x": "y"}}
    again.close()
