"""An S3 server of the tests' own: moto's, a process on a free port.

The process answers one request at a time, so that a PUT with If-None-Match looks and writes in one
step, as Amazon's does; moto's threads would let two pass between the look and the write.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

BUCKET = "lakes"
READY_SECONDS = 60
_SERVE = """
import io, sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

app, turn = DomainDispatcherApplication(create_backend_app), threading.Lock()

def one_by_one(environ, start_response):
    is_chunked = environ.get("HTTP_TRANSFER_ENCODING") == "chunked"
    length = -1 if is_chunked else int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    with turn:
        return list(app(environ, start_response))

class ARequestAConnection(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"

run_simple("127.0.0.1", int(sys.argv[1]), one_by_one, threaded=True,
           request_handler=ARequestAConnection)
"""
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@dataclass(frozen=True)
class S3:
    """A server that holds an empty bucket."""

    url: str

    def environment(self, **more: str) -> dict[str, str]:
        """Variables for a process that uses it."""
        return {**KEYS, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": self.url, **more}

    def require_keys(self, is_required: bool) -> None:
        """Whether requests with keys that the server does not know are refused from now on."""
        count = b"0" if is_required else b"1000000000"
        _ask(f"{self.url}/moto-api/reset-auth", "POST", count)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """One server for all tests of a worker; each takes a prefix of its own."""
    pytest.importorskip("moto.server")
    with _running(tmp_path_factory.mktemp("moto") / "log") as server:
        yield server


@pytest.fixture
def s3_lake(
    s3_server: S3, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[str]:
    """URI of an empty lake; this process has the keys to it."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())
    yield f"s3://{BUCKET}/{name}-{time.monotonic_ns()}"
    s3_server.require_keys(False)


@contextmanager
def _running(log: Path) -> Iterator[S3]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    with log.open("wb") as file:
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(port)], stdout=file, stderr=file, env=environment
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, server, log)
        _ask(f"{url}/{BUCKET}", "PUT")
        yield S3(url)
    finally:
        server.terminate()
        server.wait(READY_SECONDS)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(READY_SECONDS * 10):
        assert server.poll() is None, log.read_text("utf-8")
        with suppress(OSError):
            _ask(f"{url}/moto-api/", "GET")
            return
        with suppress(subprocess.TimeoutExpired):
            server.wait(0.1)
    raise AssertionError(f"no answer after {READY_SECONDS} s: {log.read_text('utf-8')}")


def _ask(url: str, method: str, body: bytes | None = None) -> None:
    """A request that must be answered well. The URL is one of this machine."""
    asked = urllib.request.Request(url, body, {"Content-Type": "text/plain"}, method=method)
    with urllib.request.urlopen(asked, timeout=10):
        pass
