"""A lack is a skip here, and a failure where all must run."""

from __future__ import annotations

import pytest

from required import lacking


def test_skipped_or_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHICHHALF_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no server"):
        lacking("no server")
    monkeypatch.setenv("WHICHHALF_REQUIRE", "all")
    with pytest.raises(pytest.fail.Exception, match="no server, and WHICHHALF_REQUIRE=all"):
        lacking("no server")
