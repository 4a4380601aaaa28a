"""Credentials that several nodes share: what the owner sets, and a database that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import StoreAwayError
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.ports.credential_rows import PreferenceStep, Taken
from cursor_api.service.credentials import roster as roster_module
from cursor_api.service.credentials.roster import CANNOT_LOOK, Roster, RosterParts
from cursor_api.service.credentials.use_cases import PreferenceChange
from tests.unit.service.credentials.roster_house import A, B, House, ScriptedMemory
from tests.waiting import until

HIGH, LOW = Preferences(priority=5), Preferences(priority=-5)
AWAY = StoreAwayError("The database is away.")


class ScriptedShared:
    """What is preferred, or an error."""

    def __init__(self) -> None:
        self.given: Sequence[Credential] = ()
        self.preferences: Mapping[Secret, Preferences] = {}
        self.preferred: list[str] = []
        self.error: StoreAwayError | None = None

    async def prefer(self, alias: str, change: PreferenceStep) -> Preferences:
        """From what is scripted."""
        if self.error:
            raise self.error
        self.preferred.append(alias)
        return change(self.preferences.get(A.secret, Preferences()))

    async def take_over(self, given: Sequence[tuple[Credential, Preferences]]) -> Taken:
        """Nothing."""
        raise NotImplementedError(given)

    async def reseal(self) -> int:
        """Nothing."""
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing."""


def share(house: House) -> tuple[Roster, ScriptedShared]:
    """A roster whose store is a database."""
    shared = ScriptedShared()
    parts = RosterParts(
        *(house.store, house.memory, house.pools, house.clock, house.observer),
        *(lambda _: None, house.note, shared),
    )
    return Roster(parts), shared


async def test_what_is_set_at_another_node_counts_here() -> None:
    """More than what this one remembers; and this one notes nothing that it has not done."""
    house = House(A, B)
    roster, shared = share(house)
    shared.preferences = {A.secret: HIGH}
    await roster.start()
    assert house.pools.get_slot("a").preferences == HIGH
    assert house.pools.get_slot("b").preferences == Preferences()
    shared.preferences = {A.secret: LOW}
    house.store.is_changed = True
    house.store.credentials = [A]
    assert await roster.reload_if_changed()
    assert house.pools.get_slot("a").preferences == LOW
    assert house.noted == []


async def test_what_is_set_here_is_kept_before_it_counts() -> None:
    """Where it cannot be kept, nothing changes."""
    house = House(A)
    roster, shared = share(house)
    await roster.start()
    await roster.prefer("a", Preferences(), lambda _: HIGH)
    assert shared.preferred == ["a"]
    shared.error = AWAY
    with pytest.raises(StoreAwayError):
        await roster.prefer("a", HIGH, lambda _: LOW)
    assert house.pools.get_slot("a").preferences == HIGH


async def test_what_another_node_has_set_meanwhile_stays() -> None:
    """Only what is meant is changed."""
    house = House(A)
    roster, shared = share(house)
    await roster.start()
    shared.preferences = {A.secret: Preferences(priority=5, is_enabled=False)}
    await roster.prefer("a", Preferences(), PreferenceChange(weight=3).apply)
    expected = Preferences(priority=5, weight=3, is_enabled=False)
    assert house.pools.get_slot("a").preferences == expected


async def test_what_a_file_remembers_does_not_undo_it() -> None:
    """Another process of this machine saves its memory in the same file."""
    memory = ScriptedMemory()
    house = House(A, memory=memory)
    roster, shared = share(house)
    shared.preferences = {A.secret: HIGH}
    await roster.start()
    slot = house.pools.get_slot("a")
    memory.others = {roster.digest(A): (LOW, slot.health)}
    await roster.save()
    assert memory.save_count == 1
    assert slot.preferences == HIGH


async def test_a_database_that_is_away_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known serves on, until the database is back."""
    monkeypatch.setattr(roster_module, "LOOK_EVERY_S", 0.002)
    house = House(A)
    roster, _ = share(house)
    await roster.start()
    house.store.error = AWAY
    house.store.credentials.append(B)
    watching = asyncio.create_task(roster.watch())
    for _ in range(3):
        house.store.is_changed = True
        await until(lambda: not house.store.is_changed)
    assert house.observer.warnings == [(CANNOT_LOOK, {"detail": str(AWAY)})]
    assert house.serving == "a"
    house.store.error = None
    house.store.is_changed = True
    await until(lambda: house.serving == "ab")
    watching.cancel()


async def test_those_of_a_setting_need_no_database() -> None:
    """They serve from the start, and the database's join them when it is back."""
    house = House(A, B)
    roster, shared = share(house)
    shared.given = [B]
    house.store.error = AWAY
    with pytest.raises(StoreAwayError):
        await roster.start()
    assert house.serving == "b"
    house.store.error = None
    await roster.reload()
    assert house.serving == "ab"


async def test_what_a_database_has_for_others_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and shown for as long as it is so; the database tells of itself when it is away."""
    monkeypatch.setattr(roster_module, "WARN_EVERY_S", 0.0)
    monkeypatch.setattr(roster_module, "LOOK_EVERY_S", 0.002)
    house, notice = House(A), Notice(NoticeCode.ROW_NO_KEY, "2 are sealed", {})
    answers = count()

    async def find_unread() -> Sequence[Notice]:
        if next(answers) == 1:
            raise AWAY
        return [notice]

    parts = (house.store, house.memory, house.pools, house.clock, house.observer)
    roster = Roster(RosterParts(*parts, lambda _: None, house.note, find_unread=find_unread))
    await roster.start()
    watching = asyncio.create_task(roster.watch())
    await until(lambda: next(answers) > 5)
    watching.cancel()
    assert roster.warnings == (notice,)
    assert house.observer.warnings == [("2 are sealed", {})]
