"""The run lock among hosts: a lease by the database's clock, lost before anything goes wrong."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from whichhalf.control import LEASES, Control
from whichhalf.errors import ConfigError, LakeError, RemoteError, WhichhalfError


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A control store of each kind."""
    if request.param == "sqlite":
        return tmp_path / "control.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return request.node.name


def test_one_at_a_time(where: Path | str, name: str) -> None:
    ours, theirs = Control(where), Control(where)
    with ours.lease(name, 0) as lease:
        lease.check()
        with (
            pytest.raises(WhichhalfError, match=r"Another run holds the lease .*process"),
            theirs.lease(name, 0.1),
        ):
            raise AssertionError("two at once")
        with theirs.lease("another", 0):
            lease.check()
    with theirs.lease(name, 0) as lease:
        lease.check()
    ours.close()
    theirs.close()


def test_who_waits_gets_it(where: Path | str, name: str) -> None:
    ours, theirs = Control(where), Control(where)
    got: list[float] = []

    def wait() -> None:
        with theirs.lease(name, 30):
            got.append(time.monotonic())

    with ours.lease(name, 0):
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.5)
        assert not got
        let_go = time.monotonic()
    waiting.join(30)
    assert got[0] >= let_go
    ours.close()
    theirs.close()


def test_it_is_renewed_while_it_is_held(where: Path | str, name: str) -> None:
    ours, theirs = Control(where), Control(where)
    with ours.lease(name, 0, seconds=0.9) as lease:
        with pytest.raises(WhichhalfError), theirs.lease(name, 1.5):
            raise AssertionError("it lapsed")
        lease.check()
    ours.close()
    theirs.close()


def test_who_slept_finds_out_before_the_next_commit(where: Path | str, name: str) -> None:
    """As if the machine had slept: the lease lapsed, another took it."""
    ours, theirs = Control(where), Control(where)
    with ours.lease(name, 0) as slept:
        with ours._begin() as connection:
            connection.execute(update(LEASES).values(expires_at=0).where(LEASES.c.name == name))
        with pytest.raises(LakeError, match=r"The run lock was lost.*Nothing more was committed"):
            slept.check()
        with theirs.lease(name, 0) as lease:
            with pytest.raises(LakeError, match=r"now it is .*process"):
                slept.check()
            slept.release()  # gives back nothing that is another's
            lease.check()
    ours.close()
    theirs.close()


def test_a_holder_that_was_killed_keeps_nobody_out_for_long(where: Path | str, name: str) -> None:
    ours = Control(where)
    with ours.lease(name, 0):
        with ours._begin() as connection:
            dead = {"token": "of a killed process", "expires_at": LEASES.c.expires_at - 59.5}
            connection.execute(update(LEASES).values(**dead).where(LEASES.c.name == name))
        with ours.lease(name, 10) as lease:
            lease.check()
    ours.close()


@pytest.mark.parametrize(
    ("where", "error", "says"),
    [
        ("no url", ConfigError, "is no URL"),
        ("mysql://host/x", ConfigError, "no control store"),
        ("postgresql://me:secret@127.0.0.1:1/x", RemoteError, "does not answer"),
    ],
)
def test_a_store_that_cannot_be(where: str, error: type[WhichhalfError], says: str) -> None:
    with pytest.raises(error, match=says) as refused:
        Control(where)
    assert "secret" not in str(refused.value)
