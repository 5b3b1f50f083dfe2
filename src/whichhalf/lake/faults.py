"""What storage refuses, told with the name of the table and what to do next."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from deltalake.exceptions import DeltaError

from whichhalf.errors import EngineError, LakeError, RemoteError, WhichhalfError

# First that is found decides: (words of the storage, what it means, what to do).
_CREDENTIALS = re.compile(
    r"ExpiredToken|RequestExpired|InvalidToken|InvalidAccessKeyId|InvalidClientTokenId"
    r"|INVALID_ACCESS_KEY_ID|EXPIRED_TOKEN|INVALID_TOKEN|lacked the necessary privileges"
    r"|SignatureDoesNotMatch|Access_?Denied|Forbidden|status( code)?:? 40[13]\b",
    re.IGNORECASE,
)
_UNREACHABLE = re.compile(
    r"error sending request|connect(ion)? ?(error|refused|reset|closed|timed out)|timed? ?out"
    r"|dns error|NETWORK_CONNECTION|connection closed|curlCode|request or response body"
    r"|status( code)?:? 50\d\b",
    re.IGNORECASE,
)
_DISK = re.compile(
    r"no space left|disk (is )?full|disk quota|file too large"
    r"|os error (28|27|122)\b|max_temp_directory_size",
    re.IGNORECASE,
)
_MEMORY = re.compile(r"out of memory|failed to (pin|allocate)|memory limit", re.IGNORECASE)
_DISK_NUMBERS = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
AGAIN = "Another process may be writing; run again."
STANDS = "What was committed before stands; `whichhalf run` goes on from there."


@contextmanager
def named(what: str, doing: str, advice: str = AGAIN) -> Iterator[None]:
    """Raise what storage or the engine refuses as an error of ours.

    what: table, and day where one is known. doing: what failed, like "cannot be read". advice:
    what to do where the cause is none of those that have an advice of their own.
    """
    try:
        yield
    except (LakeError, RemoteError):
        raise
    except (DeltaError, OSError, pa.ArrowException, EngineError) as error:
        raise explained(what, doing, error, advice) from error
    except Exception as error:
        # deltalake raises plain exceptions for what its reader of rows raised below.
        if isinstance(error, WhichhalfError) or not _is_of_storage(error):
            raise
        raise explained(what, doing, error, advice) from error


def explained(what: str, doing: str, error: BaseException, advice: str = AGAIN) -> WhichhalfError:
    """The error for a person."""
    text = str(error)
    said = f"{what}: {doing}: {_first(text)}"
    if getattr(error, "errno", None) in _DISK_NUMBERS or _DISK.search(text):
        return LakeError(
            f"{said}\nThe disk is full. Make room (`whichhalf lake vacuum` frees what nothing"
            f" needs), then run again. {STANDS}"
        )
    if isinstance(error, EngineError) and not _is_of_s3(text):
        return _of_engine(what, doing, error)
    if _CREDENTIALS.search(text):
        return RemoteError(
            f"{said}\nThe S3 server refuses these credentials: expired, revoked, or without the"
            f" right. Renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, then"
            f" run again. {STANDS}"
        )
    if _UNREACHABLE.search(text):
        return RemoteError(
            f"{said}\nThe storage did not answer as it should. Look at AWS_ENDPOINT_URL and the"
            f" network, then run again. {STANDS}"
        )
    return LakeError(f"{said} {advice}".rstrip())


def is_known(text: str) -> bool:
    """Whether an engine's words are about the disk, the memory or the S3 server."""
    if _is_of_s3(text) and (_CREDENTIALS.search(text) or _UNREACHABLE.search(text)):
        return True
    return bool(_DISK.search(text) or _MEMORY.search(text))


def _of_engine(what: str, doing: str, error: EngineError) -> WhichhalfError:
    if _MEMORY.search(str(error)):
        return EngineError(
            f"{what}: {doing}: it needs more memory than the engine may use. Raise [project]"
            f" memory_limit_percent, or lower [project] threads, then run again. {STANDS}\n{error}"
        )
    return EngineError(f"{what}: {doing}: {error}")


def _is_of_storage(error: Exception) -> bool:
    text = str(error)
    found = any(words.search(text) for words in (_DISK, _CREDENTIALS, _UNREACHABLE))
    return found and (_is_of_s3(text) or "os error" in text)


def _is_of_s3(text: str) -> bool:
    return "S3" in text or "AWS Error" in text


def _first(text: str) -> str:
    return re.split(r"\n", text, maxsplit=1)[0][:300]
