"""Lines of plain and gzipped JSON lines files, a bounded piece at a time."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.reading import Bad, Raw
from whichhalf.errors import BadDataError

CHUNK_BYTES = 40 * 2**20  # of text; the memory of a load is a small multiple of it
_NEWLINE = 10
_MARK = b"\xef\xbb\xbf"  # editors put it before a file of UTF-8
_BEYOND_ASCII = 128
IntArray = np.ndarray[tuple[int], np.dtype[np.int32]]
_READ_BYTES = 4 * 2**20
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
    for chunk in _whole_lines(_content(path), chunk_bytes):
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


def _content(path: Path) -> Iterator[bytes]:
    """Pieces of a file's text; gzip is known by its first bytes, not by its name."""
    from isal import igzip, isal_zlib

    inflating = cast("type[Exception]", isal_zlib.error)  # its stub says: an instance
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = igzip.IGzipFile(fileobj=file) if is_gzip else file
            if first := stream.read(_READ_BYTES).removeprefix(_MARK):
                yield first
            while piece := stream.read(_READ_BYTES):
                yield piece
    except FileNotFoundError:
        raise BadDataError(f"{path}: no such file. Check `files` of the source.") from None
    except (EOFError, gzip.BadGzipFile, inflating) as error:
        raise BadDataError(
            f"{path}: the gzip stream is broken: {error}. Fetch the file again and load it: what is"
            " stored of it already will count as duplicate."
        ) from None
    except OSError as error:
        raise BadDataError(f"{path}: cannot be read: {error.strerror or error}.") from None


def _whole_lines(pieces: Iterator[bytes], chunk_bytes: int) -> Iterator[bytes]:
    """Join pieces into chunks that end at a line's end; the last line may lack one."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size < chunk_bytes or b"\n" not in piece:
            held.append(piece)
            continue
        end = piece.rindex(b"\n") + 1
        yield b"".join([*held, piece[:end]])
        held, size = [piece[end:]], len(piece) - end
    if size:
        rest = b"".join(held)
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def _split(chunk: bytes, first: int) -> Lines:
    """Cut a chunk at its line ends; a line with bytes that are no UTF-8 is bad.

    The lines are views of the chunk, line end included: JSON allows it, and nothing is copied.
    """
    if b"\r" in chunk:
        chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(chunk)]
    lines = pa.StringArray.from_buffers(len(ends), buffers[1], buffers[2])
    positions = np.arange(first, first + len(ends), dtype=np.int64)
    try:
        lines.validate(full=True)
        return Lines(pa.table([positions, lines], schema=LINES), ())
    except pa.ArrowInvalid:
        pass  # some line is no UTF-8
    bad = _bad_bytes(chunk, offsets, first)
    good = np.ones(len(ends), bool)
    good[[item.position - first for item in bad]] = False
    kept = pa.BinaryArray.from_buffers(pa.binary(), len(ends), buffers).filter(pa.array(good))
    return Lines(pa.table([positions[good], kept.cast(pa.string())], schema=LINES), bad)


def _bad_bytes(chunk: bytes, offsets: IntArray, first: int) -> tuple[Bad, ...]:
    """The lines of a chunk that are no UTF-8; only those beyond ASCII are looked at."""
    highest = np.maximum.reduceat(np.frombuffer(chunk, np.uint8), offsets[:-1])
    bad: list[Bad] = []
    for index in np.flatnonzero(highest >= _BEYOND_ASCII).tolist():
        line = chunk[offsets[index] : offsets[index + 1] - 1]
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            shown = line.decode("utf-8", "backslashreplace")
            detail = f"byte {error.start}: {error.reason}"
            bad.append(Bad(first + index, "not_utf8", detail, shown))
    return tuple(bad)
