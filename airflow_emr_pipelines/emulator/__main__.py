"""``python -m airflow_emr_pipelines.emulator``: arguments, start, stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import os
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from airflow_emr_pipelines.emulator.arguments import add_arguments, delays_of

EXTRA = "pip install 'airflow-emr-pipelines[emulator]'"
UNUSABLE = 2
KEEP_ALIVE_SECONDS = 60
"""A connection may be idle for so long: longer than a client pauses between two looks."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m airflow_emr_pipelines.emulator",
        description="Amazon EMR on EC2, S3 and the rest of moto on one loopback port, with real Spark underneath. "
        "Point any AWS client at it by AWS_ENDPOINT_URL. Buckets in --data-dir outlive it; clusters end with it.",
    )
    add_arguments(parser)
    return serve(parser.parse_args(arguments))


def serve(options: argparse.Namespace) -> int:
    """Serve as the parsed arguments say; also what ``airflow emr emulator`` runs."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING, stream=sys.stderr)
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"  # which moto reads when it is imported
    try:
        import a2wsgi  # noqa: F401
        import moto  # noqa: F401
        import psutil  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401

        from airflow_emr_pipelines.emulator import moto_internals

        unfit = moto_internals.refusal()
    except ImportError as missing:
        return _unusable(f"The emulator needs the Python package {missing.name}, which is not installed. Run: {EXTRA}")
    if unfit is not None:
        return _unusable(unfit)
    try:
        with _data_folder(options.data_dir) as folder, _listening(options.host, options.port) as listener:
            return asyncio.run(_serve(options, folder, listener))
    except _Unusable as reason:
        return _unusable(str(reason))


async def _serve(options: argparse.Namespace, folder: Path, listener: socket.socket) -> int:
    import uvicorn

    from airflow_emr_pipelines.emulator.aws.glue import GlueFolder
    from airflow_emr_pipelines.emulator.aws.rates import Rates
    from airflow_emr_pipelines.emulator.doors import NO_FRAME, Doors
    from airflow_emr_pipelines.emulator.ec2.kept import KeptClusters
    from airflow_emr_pipelines.emulator.ec2.lifecycle import ClusterLifecycles, Delays
    from airflow_emr_pipelines.emulator.ec2.model import Clock
    from airflow_emr_pipelines.emulator.ec2.provisioning import SpotMarket
    from airflow_emr_pipelines.emulator.host import java
    from airflow_emr_pipelines.emulator.host.runner import Runner
    from airflow_emr_pipelines.emulator.s3.folder import BucketFolder
    from airflow_emr_pipelines.emulator.s3.store import FolderInUse
    from airflow_emr_pipelines.emulator.server import Server

    if options.java_home is not None:
        try:
            java.choose(options.java_home)
        except java.UnfitJava as error:
            raise _Unusable(str(error)) from error
    else:
        os.environ.pop(java.CHOSEN, None)  # whoever started us may have been a step
    os.environ.pop(java.CHOSEN_SPARK_4, None)
    if options.spark_4 is not None:
        try:
            java.choose_spark_4(options.spark_4)
        except java.UnfitSpark4 as error:
            raise _Unusable(str(error)) from error
    address, port = listener.getsockname()
    names = [options.host, *options.allowed_host]
    # Else moto takes what stands before the first dot of a name for a bucket.
    os.environ["MOTO_S3_CUSTOM_ENDPOINTS"] = ",".join(f"http://{name}:{port}" for name in names)
    url = f"http://{options.host}:{port}"
    try:
        buckets = BucketFolder(folder / "s3")
    except FolderInUse as error:
        raise _Unusable(f"{error}. Stop that one, or choose another --data-dir.") from error
    except sqlite3.Error as error:
        index = folder / "s3-beside" / "index.sqlite"
        lost = "metadata of objects, what was set on buckets, and keys that no file can have"
        raise _Unusable(_damaged(index, lost, error)) from error
    try:
        glue = GlueFolder(folder / "glue.sqlite")
    except sqlite3.Error as error:
        buckets.close()
        lost = "the Glue Data Catalog's databases and tables"
        raise _Unusable(_damaged(folder / "glue.sqlite", lost, error)) from error
    runner = Runner(folder, buckets.store, url, options.memory)
    clock = Clock()
    delays = Delays(**delays_of(options), minute=options.timeout_minute)
    lifecycles = ClusterLifecycles(runner, clock, delays, SpotMarket(options.spot_capacity))
    rates = Rates() if options.rate_limits else None
    clusters = KeptClusters(folder / "ended-clusters", runner.history, clock)
    lifecycles.told_of_ends = clusters.keep
    behind = Server(clusters, lifecycles, clock, buckets.wsgi_app(), rates, folder, moto_api=options.moto_api)
    server = uvicorn.Server(
        uvicorn.Config(
            Doors(behind, [*names, address]),
            ws="none",
            headers=NO_FRAME,
            proxy_headers=False,  # who asks is who connects
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
    )
    # A stop is a clean end with exit code 0; uvicorn's own handlers would raise the signal again after it.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 — uvicorn tells it by a flag only
        await asyncio.sleep(0.01)
    if server.started:
        print(f"ready {url}", flush=True)
    try:
        await serving
    finally:
        await lifecycles.close()
        await runner.close()
        glue.close()
        buckets.close()
    return 0


@contextlib.contextmanager
def _data_folder(given: Path | None) -> Iterator[Path]:
    """The folder that holds the buckets; without --data-dir a new one that is removed at the end."""
    if given is None:
        folder = Path(tempfile.mkdtemp(prefix="emr-emulator-"))
        print(f"Data in {folder}, removed at the end; --data-dir keeps it", file=sys.stderr, flush=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        given.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=given):
            pass
    except OSError as error:
        raise _Unusable(
            f"The data folder {given} cannot be written: {error.strerror}. Choose another --data-dir."
        ) from error
    yield given.resolve()


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        address = ipaddress.ip_address(socket.gethostbyname(host))
    except OSError as error:
        raise _Unusable(f"--host {host} is no address of this machine: {error}") from error
    if not address.is_loopback:
        print(f"WARNING: listening on {host}: whoever reaches it can run commands here", file=sys.stderr, flush=True)
    # asyncio sends small answers at once only on sockets that say which protocol they speak; else each takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # not left to uvicorn: two programs can bind one port, and only one can listen on it
    except (OSError, OverflowError) as error:
        listener.close()
        raise _Unusable(
            f"Port {port} on {host} cannot be used: {error}. Choose another --port; 0 takes a free one."
        ) from error
    with listener:
        yield listener


class _Unusable(Exception):
    """Something given that cannot be used; the sentence says the way out."""


def _damaged(file: Path, lost: str, error: sqlite3.Error) -> str:
    return (
        f"The data folder's {file} cannot be read: {error}. Put a copy of it in its place, move it away with the files "
        f"{file.name}-wal and {file.name}-shm beside it, which loses {lost}, or choose another --data-dir."
    )


def _unusable(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
