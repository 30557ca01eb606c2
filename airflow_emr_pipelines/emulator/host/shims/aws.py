"""aws: the commands of `aws s3` that scripts on a cluster use, against the emulator's S3.

What it has no words for is handed to an AWS CLI, if there is one on the PATH that the emulator was started with.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.emulator.host.shims.filesystems import Found, S3FileSystem

_S3 = "s3://"


class Refused(Exception):
    """What this stand-in cannot do, or what makes no sense."""


class _Options(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refused(f"{self.prog}: {message}")


class NotKnown(Exception):
    """What this stand-in has no words for, while the AWS CLI may."""


class _Filter(argparse.Action):
    """--include and --exclude in the order in which they stand."""

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        filters = [*(getattr(namespace, "filters", None) or []), (option == "--include", str(values))]
        namespace.filters = filters


class Tree:
    """Both sides of a copy: s3:// addresses and paths of this machine."""

    def __init__(self) -> None:
        self.s3 = S3FileSystem()

    def files(self, address: str) -> Iterator[Found]:
        """All files below an address."""
        if address.startswith(_S3):
            yield from self.s3.files(address if address.endswith("/") else f"{address}/")
            return
        top_path = Path(address)
        for path in sorted(path for path in top_path.rglob("*") if path.is_file()):
            yield Found(str(path), path.relative_to(top_path).as_posix(), path.stat().st_size)

    def copy(self, source: str, target: str) -> None:
        if source.startswith(_S3) and target.startswith(_S3):
            self.s3.copy(source, target)
        elif target.startswith(_S3):
            bucket, key = self.s3.split(target)
            if source == "-":
                self.s3.client.upload_fileobj(sys.stdin.buffer, bucket, key)
            else:
                self.s3.client.upload_file(source, bucket, key)
        else:
            self._download(source, target)

    def _download(self, source: str, target: str) -> None:
        bucket, key = self.s3.split(source)
        if target == "-":
            self.s3.client.download_fileobj(bucket, key, sys.stdout.buffer)
            sys.stdout.flush()
            return
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        self.s3.client.download_file(bucket, key, target)

    def delete(self, address: str) -> None:
        if address.startswith(_S3):
            self.s3.delete(address)
        else:
            os.unlink(address)


def _is_wanted(file: Found, filters: Sequence[tuple[bool, str]]) -> bool:
    wanted = True
    for include, pattern in filters:
        if fnmatch.fnmatchcase(file.path, pattern):
            wanted = include
    return wanted


def _file_target(source: str, target: str) -> str:
    """A folder as target takes the file under its own name."""
    name = source.rstrip("/").rsplit("/", 1)[-1]
    if target.startswith(_S3):
        key = S3FileSystem.split(target)[1]
        return f"{target.rstrip('/')}/{name}" if not key or key.endswith("/") else target
    if target != "-" and (target.endswith("/") or Path(target).is_dir()):
        return str(Path(target) / name)
    return target


def _copy(options: argparse.Namespace, *, move: bool = False) -> None:
    tree, verb = Tree(), "move" if move else "copy"
    if not (options.source.startswith(_S3) or options.target.startswith(_S3)):
        raise Refused(f"aws s3: neither {options.source} nor {options.target} is an s3:// address")
    if options.recursive:
        pairs = [
            (file.address, f"{options.target.rstrip('/')}/{file.path}")
            for file in tree.files(options.source)
            if _is_wanted(file, options.filters or ())
        ]
    else:
        pairs = [(options.source, _file_target(options.source, options.target))]
    for source, target in pairs:
        if not options.dryrun:
            tree.copy(source, target)
            if move:
                tree.delete(source)
        _print(options, f"{verb}: {source} to {target}")


def _move(options: argparse.Namespace) -> None:
    _copy(options, move=True)


def _sync(options: argparse.Namespace) -> None:
    """Copies what is missing or has another size."""
    tree = Tree()
    there = {file.path: file for file in tree.files(options.target)}
    here = {file.path: file for file in tree.files(options.source) if _is_wanted(file, options.filters or ())}
    for path, file in here.items():
        if path not in there or there[path].size != file.size:
            target = f"{options.target.rstrip('/')}/{path}"
            if not options.dryrun:
                tree.copy(file.address, target)
            _print(options, f"copy: {file.address} to {target}")
    for path, file in there.items():
        if options.delete and path not in here:
            if not options.dryrun:
                tree.delete(file.address)
            _print(options, f"delete: {file.address}")


def _remove(options: argparse.Namespace) -> None:
    tree = Tree()
    if options.recursive:
        found = [file.address for file in tree.files(options.source) if _is_wanted(file, options.filters or ())]
    else:
        found = [options.source]
    for address in found:
        if not options.dryrun:
            tree.delete(address)
        _print(options, f"delete: {address}")


def _list(options: argparse.Namespace) -> None:
    client = S3FileSystem().client
    if not options.source.removeprefix(_S3):
        for bucket in client.list_buckets()["Buckets"]:
            print(f"{bucket['CreationDate']:%Y-%m-%d %H:%M:%S} {bucket['Name']}")
        return
    address = options.source if options.source.startswith(_S3) else f"{_S3}{options.source}"
    bucket, prefix = S3FileSystem.split(address)
    delimiter = {} if options.recursive else {"Delimiter": "/"}
    cut = prefix.rfind("/") + 1 if not options.recursive else 0
    seen = False
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **delimiter):
        for folder in page.get("CommonPrefixes", ()):
            seen = True
            print(f"{'PRE':>30} {folder['Prefix'][cut:]}")
        for found in page.get("Contents", ()):
            seen = True
            print(f"{found['LastModified']:%Y-%m-%d %H:%M:%S} {found['Size']:>10} {found['Key'][cut:]}")
    if not seen and prefix:
        raise SystemExit(1)


def _make_bucket(options: argparse.Namespace) -> None:
    client = S3FileSystem().client
    region = client.meta.region_name
    elsewhere = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=S3FileSystem.split(options.source)[0], **elsewhere)
    _print(options, f"make_bucket: {options.source}")


def _print(options: argparse.Namespace, text: str) -> None:
    streamed = "-" in (options.source, getattr(options, "target", None))  # of which the AWS CLI tells nothing either
    if not (options.quiet or options.only_show_errors or streamed):
        print(f"(dryrun) {text}" if options.dryrun else text)


_COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], None], tuple[str, ...]]] = {
    "cp": (_copy, ("source", "target")),
    "mv": (_move, ("source", "target")),
    "sync": (_sync, ("source", "target")),
    "rm": (_remove, ("source",)),
    "ls": (_list, ("source",)),
    "mb": (_make_bucket, ("source",)),
}


def _options(command: str, arguments: Sequence[str]) -> _Options:
    options = _Options(prog=f"aws s3 {command}", allow_abbrev=False)
    for argument in arguments:
        if command == "ls":
            options.add_argument(argument, nargs="?", default="")
        else:
            options.add_argument(argument)
    for switch in ("--recursive", "--quiet", "--only-show-errors", "--dryrun", "--no-progress", "--delete"):
        options.add_argument(switch, action="store_true")
    for filtering in ("--include", "--exclude"):
        options.add_argument(filtering, action=_Filter, dest="filters")
    for ignored in ("--region", "--endpoint-url", "--profile", "--sse", "--acl", "--content-type"):
        options.add_argument(ignored)
    return options


def _main(words: list[str]) -> None:
    service = next((word for word in words if not word.startswith("-")), "")
    if service != "s3":
        raise NotKnown(f"aws {service or ' '.join(words)}".rstrip())
    words.remove("s3")
    command = next((word for word in words if word in _COMMANDS), "")
    if not command:
        raise NotKnown(f"aws s3 {' '.join(words[:1])}".rstrip())
    words.remove(command)
    act, named = _COMMANDS[command]
    options, unknown = _options(command, named).parse_known_args(words)
    if unknown:
        raise NotKnown(f"aws s3 {command} {unknown[0]}")
    act(options)


def _hand_over(arguments: Sequence[str], what: str) -> int:
    """Become the AWS CLI; returns only if there is none."""
    from airflow_emr_pipelines.emulator.host.home import HDFS, PROGRAMS_FOLDER  # slow, and seldom needed

    own = Path(os.environ[HDFS]).with_name(PROGRAMS_FOLDER)
    folders = [
        folder for folder in os.environ["PATH"].split(os.pathsep) if folder and Path(folder).resolve() != own.resolve()
    ]
    found = shutil.which("aws", path=os.pathsep.join(folders))
    if found is None:
        print(
            f"{what}: the emulator's own aws has `aws s3` with {', '.join(_COMMANDS)}. All else is for an AWS CLI, and "
            "there is none on the PATH that the emulator was started with: install one (pip install awscli), or use "
            "python3 with boto3",
            file=sys.stderr,
        )
        return 252
    # Said once more for a CLI of before 2023, which does not read the variable.
    asked = any(word.startswith("--endpoint-url") for word in arguments)
    endpoint = () if asked else ("--endpoint-url", os.environ["AWS_ENDPOINT_URL"])
    os.execv(found, [found, *endpoint, *arguments])


def main(arguments: Sequence[str]) -> int:
    """The exit code of aws; does not return when an AWS CLI takes over."""
    try:
        _main(list(arguments))
    except NotKnown as error:
        return _hand_over(arguments, str(error))
    except (Refused, OSError, BotoCoreError, ClientError) as error:
        print(f"fatal error: {error}", file=sys.stderr)
        return 1
    return 0
