"""A page of elsewhere in a real browser, which tries everything that a page can against an emulator on its machine."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.local_emulator import LocalEmulator
from tests.costly import DELAYS, EMULATOR
from tests.integration.emulator.region import Region, request, shell, wait_until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
REBOUND = "evil.example"
"""A name of the page's own that has come to lead to this machine."""

ATTACK = """<!doctype html><body><script>
const {emulators, job} = %s, tried = [];
const late = () => new Promise(done => setTimeout(done, 10000, "late"));
const told = (name, work) => tried.push(
    Promise.race([work.then(() => "done"), late()]).catch(String).then(ended => [name, ended]));
const settled = element => new Promise(done => {
    element.onload = element.onerror = done;
    document.body.append(element);
});
const element = (kind, more) => Object.assign(document.createElement(kind), more);
const queue = (url, name) => `${url}/sqs_us-east-1/?Action=CreateQueue&Version=2012-11-05&QueueName=${name}`;

const submitted = (url, name, encoding, fields) => {
    const frame = element("iframe", {name}), form = element("form", {action: url, method: "POST", enctype: encoding});
    form.target = name;
    for (const [key, value] of Object.entries(fields)) form.append(element("textarea", {name: key, value}));
    document.body.append(frame, form);
    const over = new Promise(done => { frame.onload = frame.onerror = done; });
    form.submit();
    return over;
};

for (const [index, url] of emulators.entries()) {
    const call = name => ({method: "POST", body: job.replace("FILE", `${name}-${index}`)});
    const headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=x/20300101/us-east-1/elasticmapreduce/aws4_request, Signature=x",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "ElasticMapReduce.RunJobFlow",
    };
    told("signed call", fetch(url, {...call("cors"), headers}));
    told("call without headers", fetch(url, {...call("no-cors"), mode: "no-cors"}));
    told("read", fetch(`${url}/bucket?list-type=2`).then(answer => answer.text()));
    told("overwriting", fetch(`${url}/bucket/job.py`, {method: "PUT", body: "yours"}));
    told("deleting", fetch(`${url}/bucket/job.py`, {method: "DELETE"}));
    told("blind get", fetch(queue(url, `fetch-${index}`), {mode: "no-cors"}));
    told("image", settled(element("img", {src: queue(url, `image-${index}`)})));
    told("script", settled(element("script", {src: queue(url, `script-${index}`)})));
    told("frame", settled(element("iframe", {src: queue(url, `frame-${index}`)})));
    told("object", settled(element("object", {data: queue(url, `object-${index}`)})));
    const fields = {key: "job.py", file: "yours"};
    told("upload", submitted(`${url}/bucket`, `upload-${index}`, "multipart/form-data", fields));
    told("reset", submitted(`${url}/moto-api/reset`, `reset-${index}`, "text/plain", {}));
}
Promise.all(tried).then(all => fetch("/done", {method: "POST", body: JSON.stringify(all)}));
</script>"""
LINK = '<!doctype html><script>location = "%s"</script>'


class Site:
    """Web pages on another port of this machine, and what they report."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.reports: list[list[list[str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = site.pages.get(self.path)
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write((page or "").encode())

            def do_POST(self) -> None:
                site.reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    serving = threading.Thread(target=site.server.serve_forever, daemon=True)
    serving.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    serving.join()


@pytest.fixture(scope="module")
def own_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEmulator]:
    """One that can be reset."""
    folder, options = tmp_path_factory.mktemp("emulator"), [*DELAYS, "--no-rate-limits", "--moto-api"]
    with LocalEmulator(folder / "data", log=folder / "emulator.log", options=options, python=EMULATOR) as running:
        yield running


@contextlib.contextmanager
def browsing(url: str, profile: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A browser at this address."""
    assert CHROMIUM is not None
    browser = subprocess.Popen(
        [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", *options, url],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield browser
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(browser.pid, signal.SIGKILL)
        browser.communicate()


needs_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs a browser (apt-get install chromium)")


@needs_a_browser
def test_no_page_of_elsewhere_does_anything_here(own_emulator: LocalEmulator, site: Site, tmp_path: Path) -> None:
    region = Region(own_emulator.url, "us-east-1")
    s3, sqs = region.client("s3"), region.client("sqs")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="job.py", Body=b"mine")
    port = urlsplit(own_emulator.url).port
    told = {
        "emulators": [f"http://{host}:{port}" for host in ("127.0.0.1", "localhost", REBOUND, "bucket.localhost")],
        "job": json.dumps(request(shell(f"touch {tmp_path}/FILE"))),
    }
    site.pages["/"] = ATTACK % json.dumps(told)
    with browsing(f"http://{REBOUND}:{site.port}/", tmp_path / "profile"):
        wait_until(lambda: bool(site.reports))
    (tried,) = site.reports
    assert len(tried) == 12 * len(told["emulators"])
    assert region.emr.list_clusters()["Clusters"] == []
    assert [path.name for path in tmp_path.iterdir()] == ["profile"]
    assert sqs.list_queues().get("QueueUrls", []) == []
    assert s3.get_object(Bucket="bucket", Key="job.py")["Body"].read() == b"mine"
    heard = {name for name, ended in tried if ended == "done"}
    assert not heard & {"signed call", "read", "overwriting", "deleting"}  # whose answers a page could read


@needs_a_browser
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", REBOUND])
def test_a_link_of_another_site_shows_the_cluster(
    own_emulator: LocalEmulator, site: Site, tmp_path: Path, host: str
) -> None:
    region = Region(own_emulator.url)
    cluster = region.run()
    site.pages["/"] = LINK % f"{own_emulator.url}/_emulator/clusters/{cluster}"
    with browsing(
        f"http://{host}:{site.port}/", tmp_path / "profile", "--virtual-time-budget=20000", "--dump-dom"
    ) as browser:
        shown, _ = browser.communicate(timeout=60)
    assert cluster in shown
    assert "ClusterArn" in shown
    region.end(cluster)
