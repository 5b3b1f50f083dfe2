"""S3 by the variables of the environment that every tool of AWS reads; no secret in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from pyarrow import fs

from whichhalf.errors import ConfigError

SCHEME = "s3://"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
OTHERS = ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/?#*\[\]]+)*")
# Seconds: a server that does not answer must end in an error, not in a run that hangs.
_CONNECT, _REQUEST = 10, 60


def checked(uri: str) -> str:
    """The URI without a slash at its end. ConfigError where it is no bucket with a prefix."""
    plain = uri.rstrip("/")
    if not _URI.fullmatch(plain):
        raise ConfigError(
            f"project.lake: {uri!r} is no place for a lake. s3://bucket/prefix is expected, without"
            " the signs ? # * [ ]; empty: the folder lake/ of the project."
        )
    return plain


def options(environ: Mapping[str, str]) -> dict[str, str]:
    """What deltalake needs, from the environment. ConfigError where something is missing.

    Commits put their file only where there is none (If-None-Match), so that of two at once one is
    refused: AWS since 2024, MinIO, R2 and moto answer so.
    """
    if missing := [name for name in KEYS if not environ.get(name)]:
        raise ConfigError(
            f"project.lake is on S3, and {' and '.join(missing)} are not set. Set them, and"
            " AWS_REGION; AWS_SESSION_TOKEN for temporary keys; AWS_ENDPOINT_URL for a server that"
            " is not Amazon's."
        )
    found = {name: environ[name] for name in (*KEYS, *OTHERS) if environ.get(name)}
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    found |= {"AWS_REGION": region, "aws_conditional_put": "etag"}
    found |= {"timeout": f"{_REQUEST}s", "connect_timeout": f"{_CONNECT}s"}
    if endpoint := environ.get("AWS_ENDPOINT_URL"):
        if _is_plain(endpoint, environ):
            found["AWS_ALLOW_HTTP"] = "true"
        found["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"] = "false"
    return found


def _is_plain(endpoint: str, environ: Mapping[str, str]) -> bool:
    """Whether an endpoint is asked without TLS. ConfigError where it must not be."""
    parts = urlsplit(endpoint)
    if parts.scheme == "https" and parts.hostname:
        return False
    if parts.scheme != "http" or not parts.hostname:
        raise ConfigError(f"AWS_ENDPOINT_URL: {endpoint!r} is no URL. Like https://host:9000.")
    if parts.hostname not in _LOOPBACK and environ.get("AWS_ALLOW_HTTP", "").lower() != "true":
        raise ConfigError(
            f"AWS_ENDPOINT_URL: {endpoint!r} would send rows and keys unencrypted. Use https, or"
            " set AWS_ALLOW_HTTP=true where the network is trusted."
        )
    return True


def filesystem(given: Mapping[str, str]) -> fs.S3FileSystem:
    """Arrow's file system over the same server as `options` says; the same one for the same."""
    return _filesystem(tuple(sorted(given.items())))


@lru_cache(maxsize=8)
def _filesystem(pairs: tuple[tuple[str, str], ...]) -> fs.S3FileSystem:
    given = dict(pairs)
    endpoint = given.get("AWS_ENDPOINT_URL")
    parts = urlsplit(endpoint) if endpoint else None
    return fs.S3FileSystem(
        access_key=given["AWS_ACCESS_KEY_ID"],
        secret_key=given["AWS_SECRET_ACCESS_KEY"],
        session_token=given.get("AWS_SESSION_TOKEN"),
        region=given["AWS_REGION"],
        scheme=parts.scheme if parts else "https",
        endpoint_override=parts.netloc if parts else None,
        connect_timeout=_CONNECT,
        request_timeout=_REQUEST,
        background_writes=False,
        allow_delayed_open=True,  # a small file is one PUT: there wholly or not at all
    )
