"""Who is on duty: loading, watching, changing, remembering."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from cursor_api.domain.act import ActKind
from cursor_api.domain.credential import Credential, CredentialChange, Secret
from cursor_api.domain.credential_health import CredentialHealth, Preferences
from cursor_api.domain.errors import BindingNotStoredError, StoreAwayError, StoreError
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.service.credentials import roster as roster_module
from cursor_api.service.credentials.roster import digest
from tests.endpoints import FAKE
from tests.unit.service.credentials.roster_house import A, B, House
from tests.waiting import until


async def test_a_start_serves_what_the_store_has() -> None:
    """And shows the secrets to whoever hides them, first."""
    house = House(A, B)
    assert await house.roster.start() == 2
    assert house.serving == "ab"
    assert house.loaded == ["a", "b"]


async def test_a_reload_replaces_the_pool_whole_or_not_at_all() -> None:
    """A broken file never empties a working pool."""
    house = House(A)
    await house.roster.start()
    house.store.error = StoreError("line 3 is bad")
    with pytest.raises(StoreError):
        await house.roster.reload()
    assert house.serving == "a"


async def test_known_credentials_serve_when_only_new_checksums_cannot_be_stored() -> None:
    """A read-only disk stops the new token, not the old ones."""
    house = House(A, B)
    house.store.error = BindingNotStoredError("read-only", [A])
    with pytest.raises(BindingNotStoredError):
        await house.roster.start()
    assert house.serving == "a"


async def test_those_of_the_settings_serve_while_the_store_is_away() -> None:
    """From the start; the store's join them as soon as it is back."""
    house = House(A)
    house.roster.configure([B])
    house.store.error = StoreAwayError("no connection")
    with pytest.raises(StoreAwayError):
        await house.roster.start()
    assert house.serving == "b"
    house.store.error = None
    await house.roster.reload()
    assert house.serving == "ab"


async def test_the_pools_memory_outlives_a_restart_without_secrets() -> None:
    """Cooldowns, preferences and counts; named by a digest."""
    first = House(A, B)
    await first.roster.start()
    first.cool()
    first.pool.set_preferences("b", Preferences(priority=7))
    await first.roster.save()
    assert set(first.memory.state) == {digest(A.secret), digest(B.secret)}
    assert "token-a" not in repr(first.memory.state)
    second = House(A, B, memory=first.memory)
    await second.roster.start()
    assert second.pool.get_slot("b").preferences.priority == 7
    assert "m" in second.pool.get_slot("a").cooldowns


async def test_a_lost_memory_is_a_warning() -> None:
    """Everybody is healthy until shown otherwise."""
    house = House(A)
    house.memory.error = StoreError("damaged")
    assert await house.roster.start() == 1
    assert [event for event, _ in house.observer.warnings] == ["the pool's memory cannot be read"]


async def test_saving_happens_only_after_a_change_and_is_tried_again_after_a_failure() -> None:
    """And a failure is told once, not at every try."""
    house = House(A)
    await house.roster.start()
    await house.roster.save()
    assert house.memory.save_count == 0
    house.cool()
    house.memory.error = StoreError("disk full")
    await house.roster.save()
    await house.roster.save()
    assert len(house.observer.warnings) == 1
    house.memory.error = None
    await house.roster.save()
    await house.roster.save()
    assert house.memory.save_count == 1


async def test_what_the_owner_prefers_at_another_gateway_counts_here_too() -> None:
    """Whether this one has something to save or not; what was changed here last stays."""
    house = House(A, B)
    await house.roster.start()
    liked = (Preferences(priority=7), CredentialHealth())
    house.memory.state = {digest(A.secret): liked}
    house.memory.is_others = True
    await house.roster.save()
    assert house.pool.get_slot("a").preferences.priority == 7
    assert house.pool.get_slot("b").preferences.priority == 0
    house.memory.others = {digest(B.secret): liked}
    house.cool()
    await house.roster.save()
    assert house.pool.get_slot("b").preferences.priority == 7
    assert house.observer.warnings == []


async def test_a_removed_credential_that_comes_back_has_its_past() -> None:
    """Undo is a whole undo."""
    house = House(A, B)
    await house.roster.start()
    house.cool()
    await house.roster.remove("a")
    assert house.serving == "b"
    await house.roster.add(tuple(house.roster.recognise("a")))
    assert house.serving == "ba"
    assert "m" in house.pool.get_slot("a").cooldowns


async def test_a_renamed_credential_keeps_its_state() -> None:
    """The secret is what it is known by."""
    house = House(A)
    await house.roster.start()
    house.cool()
    await house.roster.update("a", CredentialChange(alias="work"))
    assert "m" in house.pool.get_slot("work").cooldowns


async def test_texts_are_read_and_replaced_through_the_store() -> None:
    """What is replaced serves at once."""
    house = House(A)
    await house.roster.start()
    assert (await house.roster.read_text()).etag == "etag"
    await house.roster.replace_text("x y", None, "etag")
    assert house.serving == "xy"


async def test_changes_are_noticed_and_a_bad_one_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An editor's save serves soon; a broken file leaves the old state and one warning."""
    monkeypatch.setattr(roster_module, "LOOK_EVERY_S", 0.005)
    house = House(A)
    await house.roster.start()
    watching = asyncio.create_task(house.roster.watch())
    house.store.credentials.append(B)
    house.store.is_changed = True
    await until(lambda: house.observer.notices == ["credentials reloaded"])
    assert house.serving == "ab"
    house.store.error = StoreError("line 1 is bad")
    for _ in range(3):
        house.store.is_changed = True
        await until(lambda: house.observer.warnings and not house.store.is_changed)
    assert house.serving == "ab"
    assert len(house.observer.warnings) == 1
    house.store.error = None
    house.store.is_changed = True
    await until(lambda: len(house.observer.notices) == 2)
    house.cool()
    await until(lambda: house.memory.save_count)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_a_bug_in_one_step_of_the_watch_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told once with its traceback; the other steps go on, and so does it once it can."""
    monkeypatch.setattr(roster_module, "LOOK_EVERY_S", 0.005)
    monkeypatch.setattr(roster_module, "SAVE_EVERY_S", 0.0)
    house = House(A)
    await house.roster.start()
    house.cool()
    house.memory.error = bug = RuntimeError("a bug in the store of the state")
    watching = asyncio.create_task(house.roster.watch())
    house.store.credentials.append(B)
    house.store.is_changed = True
    await until(lambda: house.serving == "ab" and house.observer.warnings)
    [(event, facts)] = house.observer.warnings
    assert event == "the watch failed to save the pool's memory, and will try again"
    assert facts == {"exc_info": bug}
    house.memory.error = None
    house.store.error = TypeError("a bug in the store of credentials")
    house.store.is_changed = True
    await until(lambda: house.memory.save_count and len(house.observer.warnings) > 1)
    assert house.memory.save_count == 1
    assert house.observer.warnings[1][0].startswith("the watch failed to look for changed")
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_expiry_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three days before, and again when it has come."""
    monkeypatch.setattr(roster_module, "LOOK_EVERY_S", 0.005)
    monkeypatch.setattr(roster_module, "WARN_EVERY_S", 0.0)
    house = House(Credential("soon", Secret("e30.eyJleHAiOjIwMDB9.x"), "", FAKE))  # exp: 2000
    await house.roster.start()
    watching = asyncio.create_task(house.roster.watch())
    await asyncio.sleep(0.03)
    house.clock.seconds = 2000.0
    await asyncio.sleep(0.03)
    watching.cancel()
    details = [facts["detail"] for _, facts in house.observer.warnings]
    assert details == ["expires within three days", "has expired"]


async def test_the_stores_own_warnings_reach_the_operator_once() -> None:
    """A file that others can read, say."""
    house = House(A)
    told = Notice(NoticeCode.OLD_MOUNT, "the token file was replaced outside", {"path": "f"})
    house.store.warnings = (told,)
    await house.roster.start()
    await house.roster.reload()
    assert [event for event, _ in house.observer.warnings] == [told.text]


async def test_a_refresh_sees_a_change_at_its_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store trusts a file that stood still for two looks; a person waits for no third."""
    monkeypatch.setattr(roster_module, "LOOK_AGAIN_S", 0.001)
    house = House(A)
    await house.roster.start()
    assert not await house.roster.refresh()
    house.store.credentials.append(B)
    looks = iter([False, True, False])

    async def has_changed() -> bool:
        return next(looks)

    monkeypatch.setattr(house.store, "has_changed", has_changed)
    assert await house.roster.refresh()
    assert house.serving == "ab"


async def test_what_somebody_else_changed_in_the_store_is_noted() -> None:
    """By the aliases; what the roster itself loads at the start or changes is not."""
    house = House(A, B)
    await house.roster.start()
    house.store.credentials[:] = [replace(A, secret=Secret("another-token")), replace(B, alias="c")]
    house.store.is_changed = True
    assert await house.roster.reload_if_changed()
    assert house.noted == [
        (ActKind.CREDENTIAL_ADDED, "c"),
        (ActKind.CREDENTIAL_REMOVED, "b"),
        (ActKind.CREDENTIAL_CHANGED, "a"),
    ]
    await house.roster.reload()
    assert len(house.noted) == 3


async def test_two_who_look_at_once_note_a_change_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch, and whoever asks for what it has not seen yet."""
    house = House(A)
    await house.roster.start()

    async def has_changed() -> bool:
        is_changed = house.store.is_changed
        await asyncio.sleep(0)
        return is_changed

    monkeypatch.setattr(house.store, "has_changed", has_changed)
    house.store.credentials.append(B)
    house.store.is_changed = True
    looks = (house.roster.reload_if_changed() for _ in range(2))
    assert sorted(await asyncio.gather(*looks)) == [False, True]
    assert house.noted == [(ActKind.CREDENTIAL_ADDED, "b")]


async def test_trouble_lasts_until_the_store_is_right_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refresh says so each time, though the file is looked at only once."""
    monkeypatch.setattr(roster_module, "LOOK_AGAIN_S", 0.001)
    house = House(A)
    await house.roster.start()
    house.store.error = StoreError("line 1 is bad")
    house.store.is_changed = True
    for _ in range(3):
        with pytest.raises(StoreError, match="line 1"):
            await house.roster.refresh()
    assert house.store.load_count == 2
    assert str(house.roster.trouble) == "line 1 is bad"
    house.store.error = None
    house.store.is_changed = True
    assert await house.roster.refresh()
    assert house.roster.trouble is None
    assert house.roster.credential_count == 1


async def test_a_credential_that_leaves_by_the_editor_may_come_back_too() -> None:
    """A line that is commented out for a while loses nothing; the memory is bounded."""
    house = House(A, B)
    await house.roster.start()
    house.pool.set_preferences("a", Preferences(priority=7))
    await house.roster.replace_text("b", None, None)
    assert house.serving == "b"
    await house.roster.replace_text("a b", None, None)
    assert house.pool.get_slot("a").preferences.priority == 7


async def test_what_is_remembered_of_the_gone_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest gone is forgotten first."""
    monkeypatch.setattr(roster_module, "KEPT_MAX", 2)
    house = House()
    await house.roster.start()
    for name in "abcd":
        await house.roster.replace_text(name, None, None)
        house.pool.set_preferences(name, Preferences(priority=7))
    await house.roster.replace_text("a b c", None, None)
    assert [slot.preferences.priority for slot in house.pool.slots] == [0, 0, 7]


async def test_a_check_is_the_stores() -> None:
    """Nothing is loaded for it."""
    house = House(A)
    await house.roster.check(tuple(house.roster.recognise("x")), "y")
    house.store.error = StoreError("no")
    with pytest.raises(StoreError):
        await house.roster.check(tuple(house.roster.recognise("x")), "y")
    assert house.store.load_count == 0
    assert house.roster.warnings == ()
