"""Credentials that nodes share, by the rules of the token files; more is in the contract."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from cursor_api.domain.credential import Credential, CredentialChange, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import NoTextError, StoreError, UnknownCredentialError
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.ports.credential_rows import CredentialRow, Decide, Taken
from cursor_api.upstreams.cursor.token_files.rows import RowCredentialStore
from tests.unit.upstreams.cursor.token_files.token_folder import checksum

FIRST = Preferences(priority=5, weight=2)


class MemoryRows:
    """Implements ports.CredentialRows for one who asks."""

    def __init__(self, rows: Sequence[CredentialRow] = ()) -> None:
        self.rows = list(rows)
        self.warnings: Sequence[Notice] = ()
        self.load_count = 0

    async def load(self) -> Sequence[CredentialRow]:
        """All."""
        self.load_count += 1
        return self.rows

    async def look(self) -> Sequence[CredentialRow]:
        """All."""
        return self.rows

    async def has_changed(self) -> bool:
        """By nobody."""
        return False

    async def edit(self, decide: Decide, *, is_long: bool = False) -> Sequence[CredentialRow]:
        """At once."""
        del is_long
        self.rows = list(decide(self.rows))
        return self.rows

    async def reseal(self) -> int:
        """All of them."""
        return len(self.rows)

    async def close(self) -> None:
        """Nothing."""


def store(rows: MemoryRows, folder: Path) -> RowCredentialStore:
    """A store whose new devices count from 1000."""
    numbers = itertools.count(1000)
    return RowCredentialStore(rows, folder / ".token", lambda: checksum(next(numbers)))


async def test_what_the_owner_sets_goes_with_the_credential(tmp_path: Path) -> None:
    """Through a new name and a new token, which both keep its row."""
    rows = MemoryRows()
    one = store(rows, tmp_path)
    await one.add("a::x\nb::y")
    await one.prefer("a", lambda _: FIRST)
    assert one.preferences[Secret("x")] == FIRST
    await one.update("a", CredentialChange(alias="c", secret=Secret("z")))
    assert [(row.name, row.preferences) for row in rows.rows] == [
        ("c", FIRST),
        ("b", Preferences()),
    ]
    before = [row.id for row in rows.rows]
    await one.load()
    assert one.preferences == {Secret("z"): FIRST, Secret("y"): Preferences()}
    await one.add("d::w")
    assert [row.id for row in rows.rows][:2] == before
    with pytest.raises(UnknownCredentialError):
        await one.prefer("a", lambda _: FIRST)


async def test_a_check_leaves_what_is_new_to_the_next_load(tmp_path: Path) -> None:
    """Another node's change, which would be overlooked."""
    rows = MemoryRows()
    one = store(rows, tmp_path)
    await one.check("a::x")
    await one.add("a::x")
    with pytest.raises(StoreError, match="there already"):
        await one.check("b::x")
    assert rows.load_count == 0


async def test_taking_over_adds_what_is_not_there(tmp_path: Path) -> None:
    """Under another name where its own is taken; twice, it does nothing."""
    one = store(MemoryRows(), tmp_path)
    await one.add("a::x\nb::y")
    given = [
        (Credential("a", Secret("x"), checksum(1)), FIRST),
        (Credential("b", Secret("z"), checksum(2)), FIRST),
    ]
    taken = await one.take_over(given)
    assert taken.known == ("a",)
    assert taken.added[0].startswith("b-")
    assert (await one.load())[2] == Credential(taken.added[0], Secret("z"), checksum(2), "cursor")
    assert one.preferences[Secret("z")] == FIRST
    assert await one.take_over(given) == Taken((), ("a", "b"))
    assert await one.reseal() == 3


async def test_two_rows_that_say_the_same(tmp_path: Path) -> None:
    """The first counts; the other one is told, and stays. Two tokens of one account are fine."""
    rows = MemoryRows(
        [
            CredentialRow("1", "a", Secret("x"), checksum(1)),
            CredentialRow("2", "a", Secret("y"), checksum(2)),
            CredentialRow("3", "c", Secret("x"), checksum(3)),
            CredentialRow("4", "user_1", Secret("v"), checksum(4)),
            CredentialRow("5", "user_1", Secret("w"), checksum(5)),
        ]
    )
    one = store(rows, tmp_path)
    assert [credential.secret.reveal() for credential in await one.load()] == ["x", "v", "w"]
    assert [warning.code for warning in one.warnings] == [NoticeCode.ROW_DOUBLE] * 2
    await one.remove("a")
    assert {row.id for row in rows.rows} == {"2", "3", "4", "5"}


async def test_files_that_were_not_copied_are_told(tmp_path: Path) -> None:
    """As long as the database has none."""
    one = store(MemoryRows(), tmp_path)
    await one.load()
    assert not one.warnings
    (tmp_path / ".token").write_text("a::x\n")
    assert [warning.code for warning in one.warnings] == [NoticeCode.NOT_COPIED]
    await one.add("b::y")
    await one.load()
    assert not one.warnings


async def test_files_that_cannot_be_looked_at(tmp_path: Path) -> None:
    """Are no reason not to serve."""
    one = store(MemoryRows(), tmp_path / ("x" * 300))
    await one.load()
    assert not one.warnings


async def test_there_is_no_text(tmp_path: Path) -> None:
    """It says where credentials are, and how they are changed."""
    one = store(MemoryRows(), tmp_path)
    for call in (one.read_text(), one.replace_text("")):
        with pytest.raises(NoTextError, match=r"in the database .* `cursor-api token`"):
            await call
