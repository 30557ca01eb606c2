"""That the emulator's calls to itself are its own, whatever the user's environment says."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host.own_client import own_client


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("service", ["glue", "logs"])
def test_no_proxy_and_no_profile_is_asked(service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("no configuration")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        client = own_client(service, f"http://127.0.0.1:{server.server_port}", "us-east-1")
        call = client.get_databases if service == "glue" else client.describe_log_groups
        assert call()["ResponseMetadata"]["HTTPStatusCode"] == 200
        answering.join()
