"""A Postgres server of the tests' own: a new cluster in a temporary folder, gone afterwards.

Its binaries are Debian's or whatever is in PATH. Postgres refuses to run as root: it is run as the
user `postgres`, or `nobody`, then.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from required import lacking

USER = "whichhalf"
READY_SECONDS = 60
# Nothing is to survive a crash; text is ordered by its bytes, and letters of all tongues are known.
INITDB = ("--auth=trust", f"--username={USER}", "--encoding=UTF8", "--no-sync")
INITDB += ("--lc-collate=C", "--lc-ctype=C.UTF-8", "--lc-messages=C")
QUICK = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
QUICK |= {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "autovacuum": "off"}


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of an empty database, for [project] engine; one server a worker of the tests."""
    binaries = _binaries()
    if binaries is None:
        lacking("Postgres is not installed (Debian: apt-get install postgresql)")
    with _cluster(binaries) as (folder, rights), _running(binaries, folder, rights) as port:
        yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"


def _binaries() -> Path | None:
    """Folder of initdb and postgres; Debian keeps them out of PATH, a folder a version."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return max(
        (folder for folder in folders if (folder / "initdb").exists()),
        key=lambda folder: int(folder.parent.name),
        default=None,
    )


@contextmanager
def _cluster(binaries: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A new cluster, and as whom the server must run: arguments of subprocess."""
    with tempfile.TemporaryDirectory(prefix="whichhalf-postgres-") as name:
        folder, rights = Path(name), _rights()
        if rights:
            os.chown(folder, rights["user"], rights["group"])
        command = [binaries / "initdb", "-D", folder / "data", *INITDB]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, check=False, **rights
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield folder, rights


def _rights() -> dict[str, Any]:
    """For root: another user, as which to run."""
    if os.geteuid() != 0:
        return {}
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def _running(binaries: Path, folder: Path, rights: dict[str, Any]) -> Iterator[int]:
    """Run the server on a free port of this machine; end it by its process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = [f"--{key}={value}" for key, value in QUICK.items()]
    command = [binaries / "postgres", "-D", folder / "data", "-p", str(port), *settings]
    log = folder / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file, cwd=folder, **rights)
    try:
        _wait(binaries, port, server, log)
        yield port
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: its folder is deleted
        server.wait(READY_SECONDS)


def _wait(binaries: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers."""
    asked = [binaries / "pg_isready", "--quiet", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(READY_SECONDS * 10):
        assert server.poll() is None, log.read_text("utf-8")
        if subprocess.run(asked, check=False).returncode == 0:
            return
        try:
            server.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"no answer after {READY_SECONDS} s: {log.read_text('utf-8')}")
