"""Lines of plain and gzipped JSON lines files, a bounded piece at a time."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.reading import Bad, Raw
from whichhalf.errors import BadDataError

CHUNK_BYTES = 64 * 2**20  # of text; the memory of a load is a small multiple of it
_NEWLINE, _RETURN = 10, 13
_MARK = b"\xef\xbb\xbf"  # editors put it before a file of UTF-8
_BEYOND_ASCII = 128
IntArray = np.ndarray[tuple[int], np.dtype[np.int32]]
ByteArray = np.ndarray[tuple[int], np.dtype[np.uint8]]
_READ_BYTES = 2**18
_INFLATES = 12  # at most about as many times as long as its gzip is a file of JSON lines
LINES = pa.schema([("position", pa.int64()), ("line", pa.string())])
PIECE = pa.schema([("file", pa.int32()), *LINES])


@dataclass(frozen=True)
class Lines:
    """rows: schema LINES, one a line that is text. bad: lines that are no UTF-8."""

    rows: pa.Table
    bad: tuple[Bad, ...]


@dataclass(frozen=True)
class Piece:
    """Lines of one file or of several, about CHUNK_BYTES of text.

    paths: the files, in order. rows: schema PIECE; `file` is an index of `paths`. bad: by file.
    """

    paths: tuple[Path, ...]
    rows: pa.Table
    bad: dict[int, tuple[Bad, ...]]


def read_pieces(
    paths: Sequence[Path],
    chunk_bytes: int = CHUNK_BYTES,
    *,
    refused: dict[Path, BadDataError] | None = None,
) -> Iterator[Piece]:
    """Yield the lines of files in order: many small files share a piece, a large one has many.

    refused: takes the files that cannot be read to their end; without it the first of them raises.
    """
    held: list[tuple[Path, Lines]] = []
    size = 0
    for path in paths:
        held.append((path, raw_lines([])))  # a file without lines is told of too
        for lines in _readable(path, chunk_bytes, refused):
            held.append((path, lines))
            size += lines.rows["line"].nbytes
            if size >= chunk_bytes:
                yield joined(held)
                held, size = [], 0
    if held:
        yield joined(held)


def _readable(
    path: Path, chunk_bytes: int, refused: dict[Path, BadDataError] | None
) -> Iterator[Lines]:
    """The lines of a file up to its end, or to where it cannot be read."""
    try:
        yield from read_lines(path, chunk_bytes)
    except BadDataError as error:
        if refused is None:
            raise
        refused[path] = error


def joined(parts: Sequence[tuple[Path, Lines]]) -> Piece:
    """Put lines of files together, in their order."""
    paths = tuple(dict.fromkeys(path for path, _lines in parts))
    rows, bad = [], dict[int, tuple[Bad, ...]]()
    for path, lines in parts:
        file = paths.index(path)
        files = pa.array(np.full(lines.rows.num_rows, file, np.int32))
        rows.append(pa.table([files, *lines.rows.columns], schema=PIECE))
        bad[file] = (*bad.get(file, ()), *lines.bad)
    return Piece(paths, pa.concat_tables(rows), bad)


def read_lines(path: Path, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Lines]:
    """Yield the lines of a file in order; positions count from 1 over the whole file.

    BadDataError where the file is missing or its gzip stream is broken: what came before the break
    has been yielded by then.
    """
    position = 1
    for chunk in _chunks(path, chunk_bytes):
        lines = _split(chunk, position)
        yield lines
        position += lines.rows.num_rows + len(lines.bad)


def raw_lines(raws: Sequence[Raw]) -> Lines:
    """Lines that were set aside, as read_lines would yield them."""
    columns = [[raw.position for raw in raws], [f"{raw.text}\n" for raw in raws]]
    return Lines(pa.table(columns, schema=LINES), ())


def lines_at(path: Path, positions: set[int]) -> dict[int, str]:
    """Return the text of some lines of a file, by position."""
    found: dict[int, str] = {}
    for lines in read_lines(path):
        wanted = pc.is_in(lines.rows["position"], pa.array(sorted(positions)))
        for row in lines.rows.filter(wanted).to_pylist():
            found[row["position"]] = row["line"].rstrip("\n")
    return found


def _chunks(path: Path, chunk_bytes: int) -> Iterator[pa.Buffer]:
    """A file's text in pieces of whole lines; gzip is known by its first bytes, not by its name."""
    from isal import igzip, isal_zlib

    inflating = cast("type[Exception]", isal_zlib.error)  # its stub says: an instance
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
            likely = os.fstat(file.fileno()).st_size * (_INFLATES if is_gzip else 1) + 1
            file.seek(0)
            stream: BufferedIOBase = igzip.IGzipFile(fileobj=file) if is_gzip else file
            yield from _whole_lines(stream, chunk_bytes, min(likely, chunk_bytes))
    except FileNotFoundError:
        raise BadDataError(f"{path}: no such file. Check `files` of the source.") from None
    except (EOFError, gzip.BadGzipFile, inflating) as error:
        raise BadDataError(
            f"{path}: the gzip stream is broken: {error}. Fetch the file again and load it: what is"
            " stored of it already will count as duplicate."
        ) from None
    except OSError as error:
        raise BadDataError(f"{path}: cannot be read: {error.strerror or error}.") from None


def _whole_lines(stream: BufferedIOBase, chunk_bytes: int, room: int) -> Iterator[pa.Buffer]:
    """Cut a stream at line ends, near `chunk_bytes`; the last line gets an end where it lacks one.

    It is read into Arrow's own memory, in which it stays: fresh pages of the system's for every
    piece cost as much as inflating it. room: bytes to begin with.
    """
    rest = memoryview(stream.read(len(_MARK)).removeprefix(_MARK))
    while True:
        buffer = pa.allocate_buffer(max(room, 2 * len(rest) + 1))
        view = memoryview(buffer).cast("B")
        view[: len(rest)] = rest
        size = _filled(stream, view, len(rest))
        if size < len(view):
            break
        end = _after_last_line(view) if size >= chunk_bytes else 0
        if end:
            yield buffer.slice(0, end)
        rest, room = view[end:], chunk_bytes if end else room
    if size:
        if view[size - 1] != _NEWLINE:
            view[size] = _NEWLINE
            size += 1
        yield buffer.slice(0, size)


def _filled(stream: BufferedIOBase, view: memoryview, size: int) -> int:
    """Read until the view is full or the stream ends; return how much of it is filled."""
    while size < len(view) and (got := stream.readinto(view[size : size + _READ_BYTES])):
        size += got
    return size


def _after_last_line(view: memoryview) -> int:
    """Where the last whole line ends; 0 where there is none."""
    end = len(view)
    while end:
        start = max(end - _READ_BYTES, 0)
        if (found := bytes(view[start:end]).rfind(b"\n")) >= 0:
            return start + found + 1
        end = start
    return 0


def _split(chunk: pa.Buffer, first: int) -> Lines:
    """Cut a chunk at its line ends; a line with bytes that are no UTF-8 is bad.

    The lines are views of the chunk, line end included: JSON allows it, and nothing is copied.
    """
    text = np.frombuffer(chunk, np.uint8)
    low = np.flatnonzero(text <= _RETURN)  # line ends, and little else
    if np.any(text[low] == _RETURN):
        chunk = pa.py_buffer(chunk.to_pybytes().replace(b"\r\n", b"\n").replace(b"\r", b" "))
        text = np.frombuffer(chunk, np.uint8)
        low = np.flatnonzero(text <= _RETURN)
    ends = low[text[low] == _NEWLINE] + 1
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), chunk]
    lines = pa.StringArray.from_buffers(len(ends), buffers[1], buffers[2])
    positions = np.arange(first, first + len(ends), dtype=np.int64)
    try:
        lines.validate(full=True)
        return Lines(pa.table([positions, lines], schema=LINES), ())
    except pa.ArrowInvalid:
        pass  # some line is no UTF-8
    bad = _bad_bytes(text, offsets, first)
    good = np.ones(len(ends), bool)
    good[[item.position - first for item in bad]] = False
    kept = pa.BinaryArray.from_buffers(pa.binary(), len(ends), buffers).filter(pa.array(good))
    return Lines(pa.table([positions[good], kept.cast(pa.string())], schema=LINES), bad)


def _bad_bytes(text: ByteArray, offsets: IntArray, first: int) -> tuple[Bad, ...]:
    """The lines of a chunk that are no UTF-8; only those beyond ASCII are looked at."""
    highest = np.maximum.reduceat(text, offsets[:-1])
    bad: list[Bad] = []
    for index in np.flatnonzero(highest >= _BEYOND_ASCII).tolist():
        line = text[offsets[index] : offsets[index + 1] - 1].tobytes()
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            shown = line.decode("utf-8", "backslashreplace")
            detail = f"byte {error.start}: {error.reason}"
            bad.append(Bad(first + index, "not_utf8", detail, shown))
    return tuple(bad)
