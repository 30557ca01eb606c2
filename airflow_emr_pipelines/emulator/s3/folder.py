"""moto's S3 on a folder: the object `key` of `bucket` is the file `<root>/<bucket>/<key>`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import moto.s3.models as moto_s3
from moto.core.common_models import BaseModel
from moto.core.config import default_user_config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response

from airflow_emr_pipelines.emulator.host.room import NoRoom
from airflow_emr_pipelines.emulator.s3.backend import FolderBackend
from airflow_emr_pipelines.emulator.s3.keys import FolderKey
from airflow_emr_pipelines.emulator.s3.moto_responses import with_key_checked, with_listings_written
from airflow_emr_pipelines.emulator.s3.refusals import S3Refusal, access_denied, insufficient_storage
from airflow_emr_pipelines.emulator.s3.request import RequestObjects
from airflow_emr_pipelines.emulator.s3.store import ObjectStore
from airflow_emr_pipelines.emulator.s3.uploads import WsgiApp, app_of, hide_type


class BucketFolder:
    """moto's S3, keeping its objects in a store of files that running steps read and write too.

    There is one per process: it takes the place of moto's own S3 until it is closed.
    """

    def __init__(self, root: Path) -> None:
        self.store = ObjectStore(root)
        self._request = RequestObjects()
        self._original = s3_backends.backend
        backend = type("BackendOfTheFolder", (FolderBackend,), {"store": self.store, "request": self._request})
        s3_backends.clear()
        s3_backends.bucket_accounts.clear()
        s3_backends.backend = backend
        _forget_instances()
        self._serialized = S3Response.serialized
        self._parse_key_name = S3Response.parse_key_name
        S3Response.serialized = with_listings_written(S3Response.serialized)  # type: ignore[method-assign]
        S3Response.parse_key_name = with_key_checked(S3Response.parse_key_name)  # type: ignore[method-assign]
        for saved in self.store.buckets().values():
            s3_backends[saved.get("account", DEFAULT_ACCOUNT_ID)][saved.get("partition", "aws")]

    def wsgi_app(self) -> WsgiApp:
        """moto's server for S3, STS and all its other services."""
        # EMR's default roles have policies of AWS's own.
        default_user_config["iam"]["load_aws_managed_policies"] = True
        dispatcher = DomainDispatcherApplication(app_of)

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            _tell_raw_path(environ)
            hide_type(environ)
            try:
                return self._respond(dispatcher, environ, start_response)
            except NoRoom:
                return _refused(insufficient_storage(), start_response)

        return app

    def _respond(self, app: WsgiApp, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """The answer, once all that the request has changed is saved."""
        started: list[tuple[Any, ...]] = []
        changed = environ["REQUEST_METHOD"] not in ("GET", "HEAD")
        try:
            response = list(app(environ, lambda *start: started.append(start)))
        finally:
            try:
                if changed:
                    self._request.save()
                    self._save_buckets(self._request.buckets)
            finally:
                self._request.forget()
        status, *rest = started[-1]
        if status.startswith("403") and environ["REQUEST_METHOD"] != "HEAD" and not any(response):
            return _refused(access_denied(), start_response)  # of which moto tells the status alone
        start_response(status, *rest)
        return response

    def _save_buckets(self, names: Iterable[str]) -> None:
        for name in names:
            partition, account = s3_backends.bucket_accounts.get(name, (None, None))
            backend = s3_backends[account][partition] if account and partition else None
            if isinstance(backend, FolderBackend) and name in backend.buckets:
                backend.save_bucket(backend.buckets[name])

    def close(self) -> None:
        """Give moto its own S3 back and let go of the folder."""
        s3_backends.clear()
        s3_backends.bucket_accounts.clear()
        s3_backends.backend = self._original
        S3Response.serialized = self._serialized  # type: ignore[method-assign]
        S3Response.parse_key_name = self._parse_key_name  # type: ignore[method-assign]
        self.store.close()


def _refused(refusal: S3Refusal, start_response: Callable[..., Any]) -> list[bytes]:
    start_response(refusal.status_line, list(refusal.headers.items()))
    return [refusal.body()]


def _tell_raw_path(environ: dict[str, Any]) -> None:
    """The path as it was sent, by which moto knows the key; the step from ASGI to WSGI loses it.

    By the other one it only finds out what kind of request it is, and no pattern of its goes over a line's end.
    """
    environ["PATH_INFO"] = environ["PATH_INFO"].replace("\n", " ")
    scope = environ.get("asgi.scope", {})
    if scope.get("raw_path"):
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        environ["RAW_URI"] = environ["REQUEST_URI"] = scope["raw_path"].decode("ascii", "replace") + query


def _forget_instances() -> None:
    """moto remembers every value it ever made, for its dashboard; with one value a listed object that is a leak."""
    models = [copied for copied in vars(moto_s3).values() if isinstance(copied, type) and issubclass(copied, BaseModel)]
    for model in {*models, FolderKey}:
        model.instances_tracked = deque(maxlen=0)  # type: ignore[attr-defined]
