"""A proxy before an S3 server that breaks some requests: a process of its own.

A thread would not do: deltalake holds Python's lock while it waits for an answer.

cut: the line, before the body arrived. deaf: the server answers, the client never hears it.
expired: the answer is that the token has expired.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import IO

EXPIRED = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"""


@dataclass(frozen=True)
class Broken:
    """What a proxy at `url` broke."""

    url: str
    log: IO[str]

    @property
    def count(self) -> int:
        """How many requests."""
        self.log.seek(0)
        return len(self.log.readlines())


@contextmanager
def breaking(server_url: str, how: str, method: str, part: str) -> Iterator[Broken]:
    """Break every request of a method whose path holds `part`; pass all others on."""
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, __file__, server_url.rpartition(":")[2], how, method, part]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            yield Broken(f"http://127.0.0.1:{port}", log)
        finally:
            process.terminate()
            process.communicate()


@dataclass(frozen=True)
class _Proxy:
    server_port: int
    how: str
    method: str
    part: str

    def serve(self) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            print(listening.getsockname()[1], flush=True)
            while True:
                client, _address = listening.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        """One request: the server closes after its answer."""
        with closing(client), suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = client.recv(65536)
                if not more:
                    return
                head += more
            method, path, *_ = head.decode("latin-1").split(" ", 2)
            how = self.how if method == self.method and self.part in path else ""
            if how:
                print(how, path, file=sys.stderr, flush=True)
            if how == "cut":
                return
            if how == "expired":
                _read(client, _length(head))
                said = b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\n"
                said += b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(EXPIRED)
                client.sendall(said + EXPIRED)
                return
            with closing(socket.create_connection(("127.0.0.1", self.server_port))) as server:
                server.sendall(head + _read(client, _length(head)))
                while chunk := server.recv(65536):
                    if how != "deaf":
                        client.sendall(chunk)


def _length(head: bytes) -> int:
    """Bytes of the body that are still to come."""
    found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    return (int(found[1]) if found else 0) - len(head.partition(b"\r\n\r\n")[2])


def _read(client: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        chunk = client.recv(65536)
        if not chunk:
            break
        found += chunk
    return found


if __name__ == "__main__":
    _Proxy(int(sys.argv[1]), *sys.argv[2:]).serve()
