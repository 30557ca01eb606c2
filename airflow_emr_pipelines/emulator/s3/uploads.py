"""What is PUT is content to S3, whatever its type: moto's server would take a form apart, and store nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.parsers.expat import ExpatError

from moto.moto_server.werkzeug_app import create_backend_app

from airflow_emr_pipelines.emulator.s3.refusals import malformed_xml

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_TYPE, _HIDDEN = "CONTENT_TYPE", "airflow_emr_pipelines.content_type"


def hide_type(environ: dict[str, Any]) -> None:
    """Keep the type of what is PUT from moto's dispatcher, which reads forms to find the service that is meant."""
    if environ["REQUEST_METHOD"] == "PUT" and _TYPE in environ:
        environ[_HIDDEN] = environ.pop(_TYPE)


def app_of(service: Any) -> Any:
    """moto's server of one service: it knows the type again, and looks for no form in what is PUT."""
    app: Any = create_backend_app(service)
    answer: WsgiApp = app.wsgi_app

    def answer_knowing_type(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _HIDDEN in environ:
            environ[_TYPE] = environ.pop(_HIDDEN)
        return answer(environ, start_response)

    app.wsgi_app = answer_knowing_type
    app.register_error_handler(ExpatError, _malformed_xml)
    app.request_class = type("Request", (app.request_class,), {"want_form_data_parsed": property(_may_be_form)})
    return app


def _malformed_xml(_: ExpatError) -> tuple[bytes, int, dict[str, str]]:
    """The answer to XML that cannot be read, such as a client's that names a key with a control character."""
    refusal = malformed_xml()
    return refusal.body(), refusal.status, refusal.headers


def _may_be_form(request: Any) -> bool:
    return request.method != "PUT" and _TYPE in request.environ
