"""Files of Segment calls, plain, gzipped, cut into pieces: every line is told of, once."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_calls import CONFIG, LEFT_OUT, SOURCE, call, read

from whichhalf.collect.events import segment
from whichhalf.collect.events.json_lines import read_lines, read_pieces
from whichhalf.collect.reading import Parsed
from whichhalf.errors import BadDataError

ODD = call(messageId=LEFT_OUT)  # a line without an id


def ids(parsed: Parsed) -> list[str]:
    return parsed.rows["message_id"].to_pylist()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends(tmp_path: Path, end: bytes) -> None:
    parsed = read(tmp_path, call(messageId="a"), "", call(messageId="b"), end=end)
    assert (ids(parsed), parsed.dropped, parsed.lines) == (["a", "b"], {"blank": 1}, 3)


def test_last_line_without_end_and_mark_before_the_first(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    path.write_bytes(b"\xef\xbb\xbf" + f"{call(messageId='a')}\n{call(messageId='b')}".encode())
    assert ids(segment.read_file(path, SOURCE, CONFIG)) == ["a", "b"]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_a_file_without_lines(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "calls"
    path.write_bytes(content)
    parsed = segment.read_file(path, SOURCE, CONFIG)
    assert (parsed.lines, parsed.rows.num_rows) == (0, 0)


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    """Members written one after the other are one stream (`cat a.gz b.gz`)."""
    path = tmp_path / "calls.txt"
    lines = [f"{call(messageId=name)}\n".encode() for name in "ab"]
    path.write_bytes(b"".join(map(gzip.compress, lines)))
    assert ids(segment.read_file(path, SOURCE, CONFIG)) == ["a", "b"]


@pytest.mark.parametrize("cut", [3, 9, 40])
def test_broken_gzip_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "calls.gz"
    path.write_bytes(gzip.compress(f"{call()}\n".encode())[:-cut])
    with pytest.raises(BadDataError, match=r"calls\.gz: the gzip stream is broken"):
        segment.read_file(path, SOURCE, CONFIG)


def test_identical_lines_without_an_id_are_several_events(tmp_path: Path) -> None:
    parsed = read(tmp_path, ODD, call(), ODD, ODD)
    odd = ids(parsed)
    assert len(set(odd)) == 4
    assert ids(read(tmp_path, ODD, call(), ODD, ODD)) == odd  # and are the same ones when reloaded
    assert ids(read(tmp_path, ODD, call(), ODD, ODD, ODD))[:4] == odd  # or when the file grew


def test_many_small_files_share_a_piece_and_keep_their_lines(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n:03}.jsonl" for n in range(50)]
    for number, path in enumerate(paths):
        path.write_text(f"{call(messageId=str(number + 1))}\n" * (number % 3) + "{bad\n")
    assert len(list(read_pieces(paths))) == 1
    found = list(segment.read_files(paths, SOURCE, CONFIG))
    assert [path for path, _parsed in found] == paths
    for number, (_path, parsed) in enumerate(found):
        assert ids(parsed) == [str(number + 1)] * (number % 3)
        assert [bad.position for bad in parsed.bad] == [number % 3 + 1]


@pytest.mark.parametrize("size", [1, 200, 1000, 10**6])
def test_a_file_over_several_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """The size of pieces changes nothing: positions, ordinals of identical lines, what is bad."""
    lines = [ODD, "", call(messageId="a"), "{bad", ODD, call(messageId="b"), ODD] * 3
    whole = read(tmp_path, *lines)
    monkeypatch.setattr("whichhalf.collect.events.json_lines._READ_BYTES", 97)
    monkeypatch.setattr(segment, "read_pieces", partial(read_pieces, chunk_bytes=size))
    cut = segment.read_file(tmp_path / "calls.jsonl", SOURCE, CONFIG)
    assert ids(cut) == ids(whole)
    assert (cut.lines, cut.bad, cut.dropped) == (whole.lines, whole.bad, whole.dropped)
    assert cut.positions is not None and whole.positions is not None
    assert cut.positions.to_pylist() == whole.positions.to_pylist()


LINE_LIKE = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20).map(str.encode),
    st.sampled_from([call().encode(), ODD.encode(), b"", b"{}", b"\r", b"{bad", b"\xff"]),
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    ).flatmap(
        lambda value: st.sampled_from(
            ["type", "event", "messageId", "anonymousId", "userId", "previousId", "sentAt",
             "receivedAt", "originalTimestamp", "timestamp", "properties", "traits", "context"]
        ).map(lambda name: call(**{name: value}).encode())
    ),
)  # fmt: skip


@settings(max_examples=15)
@given(content=st.lists(LINE_LIKE, max_size=8).map(b"\n".join), size=st.sampled_from([1, 64, 9999]))
def test_every_line_is_told_of(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, size: int
) -> None:
    """Whatever bytes a file holds: lines == events + bad + blank, and nothing is raised."""
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(content)
    if content.startswith(b"\x1f\x8b"):
        return
    parsed = segment.read_file(path, SOURCE, CONFIG)
    unmarked = content.removeprefix(b"\xef\xbb\xbf")
    lines = unmarked.count(b"\n") + (not unmarked.endswith(b"\n") and bool(unmarked))
    assert parsed.lines == lines
    places = [bad.position for bad in parsed.bad]
    assert parsed.positions is not None
    places += parsed.positions.to_pylist()
    assert len(set(places)) == len(places) == lines - parsed.dropped["blank"]
    cut = list(read_lines(path, size))
    assert sum(piece.rows.num_rows + len(piece.bad) for piece in cut) == lines
