"""API keys as an operator makes, changes and revokes them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Sequence
from itertools import count

import pytest
from msgspec.structs import replace

from cursor_api.domain.api_key import ApiKey, KeyTerms, digest_of
from cursor_api.domain.errors import Fault, FaultKind, StoreAwayError, StoreError
from cursor_api.domain.periods import Moment, Span
from cursor_api.domain.permission import Permission
from cursor_api.domain.quota import Counters, Limits, Unknown
from cursor_api.service.access import keys as keys_module
from cursor_api.service.access.keys import ApiKeys, KeyParts, NewKey
from cursor_api.stores.memory_keys import MemoryKeyStore
from cursor_api.stores.memory_limits import MemoryLimitStore
from tests.fakes import StillClock

AWAY = StoreAwayError("The database cannot be reached.")
DAY = Limits(requests_per_day=5)
SPAN = Moment(0.0, Span("1970-01-01", 0.0, 86_400.0))


class LeavingStore(MemoryKeyStore):
    """One that may be away, or hang; `is_changed` by others until it is loaded."""

    is_away = False
    is_hung = False
    is_changed = False
    looks_count = 0

    async def has_changed(self) -> bool:
        """What is scripted."""
        self.looks_count += 1
        if self.is_away:
            raise AWAY
        while self.is_hung:
            await asyncio.sleep(0.001)
        return self.is_changed

    async def load(self) -> Sequence[ApiKey]:
        """What there is."""
        if self.is_away:
            raise AWAY
        self.is_changed = False
        return await super().load()


class House:
    """Keys with a clock in hand; secrets are told apart by a number."""

    def __init__(self) -> None:
        self.store = LeavingStore()
        self.clock = StillClock()
        self.limits = MemoryLimitStore(self.clock)
        self._numbers = count(1)
        self.is_shared_up: bool | None = None
        self.keys = self.open()

    def open(self) -> ApiKeys:
        """The same store in another process."""
        parts = KeyParts(
            self.store, self.limits, self.clock, self._random, lambda: self.is_shared_up
        )
        keys = ApiKeys(parts)
        keys.is_loaded = True  # there is nothing yet
        return keys

    def _random(self, bytes_count: int) -> bytes:
        return next(self._numbers).to_bytes(bytes_count, "big")

    async def create(self, name: str = "Alice", **terms: object) -> NewKey:
        """A new one."""
        return await self.keys.create(KeyTerms(name, **terms))  # type: ignore[arg-type]

    def find(self, new: NewKey) -> ApiKey | None:
        """The key that this secret opens."""
        caller = self.keys.find_caller(digest_of(new.secret.reveal()))
        return caller.key if caller else None


@pytest.fixture
def house() -> House:
    """Without a key."""
    return House()


async def refusal(wanted: Awaitable[object]) -> Fault:
    """What it fails with."""
    with pytest.raises(Fault) as caught:
        await wanted
    return caught.value


async def test_a_new_key_opens_at_once_and_is_stored_without_its_secret(house: House) -> None:
    """Its caller has the key's id, its permission and what it may do."""
    new = await house.create(owner="team", role=Permission.ADMIN)
    caller = house.keys.find_caller(digest_of(new.secret.reveal()))
    assert caller is not None
    assert (caller.name, caller.is_admin, caller.key) == ("alice", True, new.key)
    stored = (await house.store.load())[0]
    assert stored == new.key
    assert stored.digest == hashlib.sha256(new.secret.reveal().encode()).digest()
    assert new.secret.reveal() not in repr(stored)
    assert new.secret.reveal().startswith(stored.hint)
    assert house.keys.find_caller(digest_of("sk-ca-other")) is None
    assert set(house.keys.digests) == {stored.digest}


async def test_ids_are_given_or_made_and_never_twice(house: House) -> None:
    """Records call a key by it."""
    assert [(await house.create()).key.id for _ in range(3)] == ["alice", "alice-2", "alice-3"]
    fault = await refusal(house.keys.create(KeyTerms("Bob"), "alice"))
    assert fault.kind is FaultKind.CONFLICT
    assert (await house.keys.create(KeyTerms("Bob"), "b")).key.id == "b"
    assert (await refusal(house.keys.create(KeyTerms("Bob"), "operator"))).param == "id"
    assert [key.id for key in house.keys.all] == ["alice", "alice-2", "alice-3", "b"]
    assert repr(house.keys) == "ApiKeys(4)"


async def test_a_key_is_never_called_as_another_caller_is(house: House) -> None:
    """Neither by a given id nor by a made one; whoever would be called so is told what to do."""
    house.keys.keep_apart(["Anna"])
    fault = await refusal(house.keys.create(KeyTerms("x"), "anna"))
    assert (fault.kind, fault.param) == (FaultKind.CONFLICT, "id")
    assert "CLIENT_TOKENS" in fault.message
    assert (await house.create("Anna")).key.id == "anna-2"
    await house.create("Bob")
    with pytest.raises(StoreError, match=r"the name bob is the id of an API key.*key delete bob"):
        house.keys.keep_apart(["Bob", "carol"])
    assert (await house.create("Carol")).key.id == "carol"
    assert (await house.create("Anna")).key.id == "anna-3"


async def test_wrong_terms_make_no_key(house: House) -> None:
    """Nothing is stored."""
    assert (await refusal(house.create(zone="Mars"))).param == "time_zone"
    assert list(await house.store.load()) == []


async def test_an_expired_key_is_told_so(house: House) -> None:
    """By its own time, to the second."""
    new = await house.create(expires_at=house.clock.now() + 10)
    house.clock.seconds += 9.9
    assert house.find(new) == new.key
    house.clock.seconds += 0.1
    with pytest.raises(Fault, match="has expired") as caught:
        house.find(new)
    assert (caught.value.kind, caught.value.code) == (FaultKind.UNAUTHENTICATED, "key_expired")


async def test_a_revoked_key_is_told_so_for_ever(house: House) -> None:
    """Once is enough, and nothing brings it back."""
    new = await house.create()
    revoked = await house.keys.revoke("alice")
    assert revoked.revoked_at == house.clock.now()
    house.clock.seconds += 5
    assert await house.keys.revoke("alice") == revoked
    with pytest.raises(Fault, match="was revoked") as caught:
        house.find(new)
    assert caught.value.code == "key_revoked"
    for again in (house.keys.change("alice", new.key.terms), house.keys.rotate("alice")):
        assert (await refusal(again)).kind is FaultKind.CONFLICT


async def test_a_rotated_key_has_another_secret(house: House) -> None:
    """The one before opens no longer, or for as long as was said."""
    first = await house.create(limits=DAY)
    second = await house.keys.rotate("alice")
    assert house.find(first) is None
    assert house.find(second) == second.key
    third = await house.keys.rotate("alice", 60.0)
    assert house.find(second) == house.find(third) == third.key
    assert (third.key.id, third.key.limits, third.key.version) == ("alice", DAY, 3)
    house.clock.seconds += 60
    assert house.find(second) is None
    assert house.find(third) == third.key
    for wrong in (-1.0, float("nan"), 1e9):
        assert (await refusal(house.keys.rotate("alice", wrong))).param == "keep_old_s"


async def test_a_change_holds_from_the_next_request_on(house: House) -> None:
    """Of whom only one was first, it is the version that tells."""
    new = await house.create()
    changed = await house.keys.change("alice", new.key.terms._replace(models=("m",)), 1)
    assert house.find(new) == changed
    assert (changed.models, changed.version) == (("m",), 2)
    late = await refusal(house.keys.change("alice", new.key.terms, 1))
    assert late.kind is FaultKind.PRECONDITION_FAILED
    assert (await refusal(house.keys.change("alice", KeyTerms("")))).param == "name"
    assert (await refusal(house.keys.change("bob", new.key.terms))).kind is FaultKind.NOT_FOUND


async def test_what_has_expired_can_be_renamed_and_prolonged(house: House) -> None:
    """But not be given another end in the past."""
    new = await house.create(expires_at=house.clock.now() + 1)
    house.clock.seconds += 5
    renamed = await house.keys.change("alice", new.key.terms._replace(name="Old"))
    assert renamed.expires_at == new.key.expires_at
    wrong = renamed.terms._replace(expires_at=house.clock.now() - 1)
    assert (await refusal(house.keys.change("alice", wrong))).param == "expires_at"
    await house.keys.change("alice", renamed.terms._replace(expires_at=None))
    assert house.find(new) is not None


async def test_only_a_dead_key_is_deleted(house: House) -> None:
    """Its secret is nobody's then."""
    new = await house.create()
    assert (await refusal(house.keys.delete("alice"))).kind is FaultKind.CONFLICT
    await house.keys.revoke("alice")
    await house.keys.delete("alice")
    assert house.find(new) is None
    assert (await refusal(house.keys.delete("alice"))).kind is FaultKind.NOT_FOUND
    assert list(await house.store.load()) == []


async def test_what_another_process_changed_holds_soon(house: House) -> None:
    """Revoked there, it is out here; and who was second is told, and sees what is."""
    new = await house.create()
    other = house.open()
    await other.load()
    await other.revoke("alice")
    assert house.find(new) is not None
    fault = await refusal(house.keys.change("alice", new.key.terms))
    assert fault.kind is FaultKind.CONFLICT
    with pytest.raises(Fault, match="revoked"):
        house.find(new)
    await other.create(KeyTerms("Bob"))
    await house.keys.load()
    assert len(house.keys.all) == 2


async def test_under_other_limits_it_is_counted_anew(house: House) -> None:
    """What was counted while there were none would be missing."""
    new = await house.create(limits=DAY)
    await house.limits.seed("alice", Counters().on(SPAN))
    await house.keys.change("alice", new.key.terms._replace(name="A."))
    assert not isinstance(await house.limits.find("alice", DAY), Unknown)
    await house.keys.change("alice", new.key.terms._replace(zone="Asia/Tokyo"))
    assert isinstance(await house.limits.find("alice", DAY), Unknown)
    await house.limits.seed("alice", Counters().on(SPAN))
    stored = (await house.store.load())[0]
    await house.store.put(replace(stored, limits=Limits(tokens_per_day=1), version=4))
    await house.keys.load()
    assert isinstance(await house.limits.find("alice", DAY), Unknown)


async def test_keys_are_in_doubt_when_nobody_has_been_heard_for_a_minute(house: House) -> None:
    """Neither the store nor the other nodes; one of them is enough, and so is being alone."""

    async def look(
        seconds: float, *, is_away: bool = True, is_shared_up: bool | None = False
    ) -> tuple[bool, bool]:
        house.clock.seconds += seconds
        house.store.is_away, house.is_shared_up = is_away, is_shared_up
        with contextlib.suppress(StoreError):
            await house.keys.has_changed()
        return house.keys.is_current, house.keys.is_in_doubt("alice")

    await house.keys.load()
    assert await look(0, is_away=False, is_shared_up=True) == (True, False)
    assert await look(1000, is_shared_up=True) == (False, False)
    assert await look(60) == (False, False)
    assert await look(1) == (False, True)
    assert await look(1000, is_shared_up=None) == (False, False)
    assert await look(0) == (False, True)
    assert await look(0, is_shared_up=True) == (False, False)
    assert await look(0, is_away=False) == (True, False)
    assert await look(60) == (False, False)
    assert await look(1) == (False, True)


async def test_what_another_process_has_just_made_is_known_to_whoever_asks(house: House) -> None:
    """Many who ask at once, as guessers do, are one question."""
    await house.keys.load()
    new = await house.open().create(KeyTerms("Alice"))
    house.store.is_changed = True
    assert house.find(new) is None
    house.clock.seconds += 1
    assert all(await asyncio.gather(*(house.keys.catch_up() for _ in range(50))))
    assert house.find(new) is not None
    assert house.store.looks_count == 1


async def test_what_is_seen_to_have_changed_is_known_only_when_it_is_loaded(house: House) -> None:
    """Whoever comes in between looks himself: the key that he has may be what has changed."""
    await house.keys.load()
    new = await house.open().create(KeyTerms("Alice"))
    house.store.is_changed = True
    asking = asyncio.create_task(house.keys.catch_up())
    house.clock.seconds += 1
    assert await house.keys.has_changed()
    assert await asking
    assert house.find(new) is not None


async def test_nothing_is_current_while_the_store_hangs_or_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has waited is told soon, and who comes next at once; until the store answers again."""
    monkeypatch.setattr(keys_module, "ASK_S", 0.01)
    await house.keys.load()
    house.clock.seconds += 1
    house.store.is_hung = True
    assert not await house.keys.catch_up()
    assert not await house.keys.catch_up()
    assert house.store.looks_count == 1
    house.store.is_hung = False
    await house.keys.has_changed()
    assert house.keys.is_current
    house.clock.seconds += 1
    house.store.is_away = True
    assert not await house.keys.catch_up()
    with pytest.raises(StoreAwayError):
        await house.keys.load()
    house.store.is_away = False
    await house.keys.has_changed()
    assert await house.keys.catch_up()


async def test_what_another_process_has_just_made_or_changed_can_be_changed_here(
    house: House,
) -> None:
    """It is neither unknown, nor is whoever has read it there told to read it again."""
    other = house.open()
    await house.keys.load()
    made = await other.create(KeyTerms("Alice"))
    house.store.is_changed = True
    house.clock.seconds += 1
    assert await house.keys.get("alice") == made.key
    await other.change("alice", KeyTerms("Alice B."))
    house.store.is_changed = True
    house.clock.seconds += 1
    assert (await house.keys.get("alice", version=2)).name == "Alice B."
    with pytest.raises(Fault) as caught:
        await house.keys.get("nobody")
    assert caught.value.kind is FaultKind.NOT_FOUND
    house.store.is_away = True
    house.clock.seconds += 1
    with pytest.raises(StoreAwayError):
        await house.keys.get("nobody")
    assert (await house.keys.get("alice")).version == 2


async def test_a_revocation_and_a_new_secret_need_not_be_told_twice(house: House) -> None:
    """Changed at another process a moment before: what is meant is done all the same."""
    await house.create()
    other = house.open()
    await other.load()
    await other.change("alice", KeyTerms("A."))
    rotated = await house.keys.rotate("alice")
    assert (rotated.key.name, rotated.key.version) == ("A.", 3)
    assert (await other.revoke("alice")).name == "A."
    # Neither does it undo anything.
    assert (await house.keys.revoke("alice")).version == 4
    await other.load()
    with pytest.raises(Fault, match="is revoked"):
        await other.rotate("alice")
