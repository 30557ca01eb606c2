"""Where contents lie: as files in their bucket's folder, or aside where no file can be, each put there at once."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from airflow_emr_pipelines.emulator.s3.index import Aside, Index
from airflow_emr_pipelines.emulator.s3.names import KeyNotInFolder, is_bucket_name, is_file_name
from airflow_emr_pipelines.emulator.s3.stored_object import StoredObject, signature_of, status_of


class BucketFiles:
    """The folder of buckets, what lies beside it, and the moves between the two.

    Its moves are for who holds the index's lock.
    """

    def __init__(self, root: Path, beside: Path, index: Index) -> None:
        self.root = root
        self.beside = beside
        self._index = index

    def path_of(self, bucket: str, key: str) -> Path:
        """The file that holds an object, or would hold it; KeyNotInFolder if no file can."""
        if not is_bucket_name(bucket):
            raise ValueError(f"not a bucket name: {bucket!r}")
        segments = key.split("/")
        if any(not is_file_name(segment) for segment in segments):
            raise KeyNotInFolder(f"s3://{bucket}/{key}")
        return self.root.joinpath(bucket, *segments)

    def place_of(self, bucket: str, key: str) -> Path | None:
        """The file or, of a marker, the folder where a key would be; None if there can be none."""
        try:
            return self.path_of(bucket, key.removesuffix("/"))
        except KeyNotInFolder:
            return None

    def incoming(self) -> Path:
        """A path of its own for what is on its way."""
        return self.beside / "incoming" / uuid.uuid4().hex

    def keep(self, path: Path) -> Path:
        """The same file under a name of its own."""
        kept = self.beside / "versions" / uuid.uuid4().hex
        os.link(path, kept)
        return kept

    def find_aside(self, bucket: str, key: str) -> StoredObject | None:
        """An object that lies aside, as it is now."""
        with self._index.lock:
            aside = self._index.aside(bucket, key)
            if aside is None or (aside.needs_folder and not (self.root / bucket / key).is_dir()):
                return None
            if not aside.file:
                signature = self._index.marker_signature(bucket, key)
                return self._index.described(StoredObject(bucket, key, None, signature))
            path = self.beside / "aside" / aside.file
            status = status_of(path)
            return self._index.described(StoredObject(bucket, key, path, signature_of(status))) if status else None

    def forget_file(self, name: str | None) -> None:
        """Remove a content that lay aside, if there was one."""
        if name:
            (self.beside / "aside" / name).unlink(missing_ok=True)

    def forget_aside(self, bucket: str, key: str) -> None:
        """Remove what lies aside of a key, if anything does."""
        aside = self._index.aside(bucket, key)
        if aside is not None:
            self.forget_file(aside.file)
            self._index.forget_aside(bucket, key)

    def clear_aside(self) -> None:
        """Remove what an emulator left half done that was killed."""
        rows = self._index.all_aside()
        known = {file for _, _, file in rows if file}
        there = set(os.listdir(self.beside / "aside"))
        for name in there - known:
            self.forget_file(name)
        for bucket, key, file in rows:
            place = None if key.endswith("/") else self.place_of(bucket, key)
            superseded = place is not None and status_of(place) is not None
            if superseded or (file and file not in there) or not (self.root / bucket).is_dir():
                self.forget_file(file)
                self._index.forget_aside(bucket, key)

    def take_in(self, bucket: str, key: str, arrived: Path | None) -> Path | None:
        """Move a new content to its place, in the folder where it can be a file, else aside. None: an empty marker."""
        place = self.place_of(bucket, key)
        if key.endswith("/"):
            holds_folder = place is not None and _make_folder(place)
            return self._set_aside(bucket, key, arrived, needs_folder=holds_folder)
        assert arrived is not None
        if place is None or not self._move_in(bucket, arrived, place):
            return self._set_aside(bucket, key, arrived, needs_folder=False)
        self.forget_aside(bucket, key)
        return place

    def _move_in(self, bucket: str, arrived: Path, place: Path) -> bool:
        while _make_folder(place.parent):
            try:
                os.replace(arrived, place)
            except IsADirectoryError:
                self._remove_empty_folders_below(bucket, place)
                if place.is_dir():
                    return False
            except FileNotFoundError:
                continue  # a step removed the folder just then
            except NotADirectoryError:
                return False
            else:
                return True
        return False

    def _set_aside(self, bucket: str, key: str, arrived: Path | None, *, needs_folder: bool) -> Path | None:
        old = self._index.aside(bucket, key)
        path = self.beside / "aside" / arrived.name if arrived is not None else None
        name = path.name if path is not None else None
        try:
            if arrived is not None and path is not None:
                os.replace(arrived, path)
            self._index.set_aside(bucket, key, Aside(name, needs_folder))
        except BaseException:
            self.forget_file(name)
            raise
        if old is not None:
            self.forget_file(old.file)
        return path

    def vacate(self, bucket: str, key: str) -> None:
        """Remove the folders that a deleted key leaves empty, and let the keys in that it kept out of the folder."""
        place = self.place_of(bucket, key)
        if place is not None:
            self._remove_empty_folders(bucket, place if key.endswith("/") else place.parent)
        self._bring_back(bucket, key)

    def _remove_empty_folders_below(self, bucket: str, folder: Path) -> None:
        for path, _, _ in os.walk(folder, topdown=False):
            if not self._has_marker(bucket, Path(path)) and not _rmdir(path):
                return
        self._remove_empty_folders(bucket, folder)

    def _remove_empty_folders(self, bucket: str, folder: Path) -> None:
        top = self.root / bucket
        while folder != top and not self._has_marker(bucket, folder) and _rmdir(folder):
            folder = folder.parent

    def _has_marker(self, bucket: str, folder: Path) -> bool:
        marker = self._index.aside(bucket, f"{folder.relative_to(self.root / bucket).as_posix()}/")
        return marker is not None and marker.needs_folder

    def _bring_back(self, bucket: str, deleted: str) -> None:
        for key, file in self._index.outside(bucket).items():
            place = self.place_of(bucket, key)
            related = key.startswith(deleted.rstrip("/") + "/") or deleted.startswith(key.rstrip("/"))
            if place is None or not related:
                continue
            if key.endswith("/"):
                if _make_folder(place):
                    self._index.set_aside(bucket, key, Aside(file, needs_folder=True))
            elif file and self._move_in(bucket, self.beside / "aside" / file, place):
                self._index.forget_aside(bucket, key)


def _make_folder(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return False  # an object is where the folder would be
    return os.path.realpath(folder) == str(folder)


def _rmdir(folder: str | Path) -> bool:
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True
