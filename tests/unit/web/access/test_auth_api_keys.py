"""API keys at the door: who they are, and what old ones are told."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import count

import pytest

from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind, StoreError
from cursor_api.domain.permission import Permission
from cursor_api.service.access.keys import ApiKeys, KeyParts
from cursor_api.stores.memory_limits import MemoryLimitStore
from cursor_api.web.access.auth import AccessOptions, Authenticator
from cursor_api.web.access.lockout import Lockout, LockoutOptions
from tests.fakes import StillClock
from tests.unit.service.access.test_keys import LeavingStore
from tests.unit.web.access.auth_stage import KEY, asked, read_own_credentials


class House:
    """An authenticator over API keys, with a clock in hand."""

    def __init__(
        self,
        options: AccessOptions | None = None,
        wrong_keys_max: int = 0,
        *,
        is_loaded: bool = True,
    ) -> None:
        self.clock = StillClock()
        numbers = count(1)
        store = LeavingStore()
        self.parts = KeyParts(
            store,
            MemoryLimitStore(self.clock),
            self.clock,
            lambda bytes_count: next(numbers).to_bytes(bytes_count, "big"),
            lambda: not store.is_away,
        )
        self.keys = ApiKeys(self.parts)
        self.store = store
        self.keys.is_loaded = is_loaded
        self.lockout = Lockout(
            LockoutOptions(wrong_keys_max, first_delay_s=60, delay_s_max=60, wait_s_max=0.01),
            self.clock,
        )
        self.options = options or AccessOptions(Secret(KEY))
        self.door = self.renew()

    def renew(self) -> Authenticator:
        """As after a change of the settings."""
        return Authenticator(self.options, self.lockout, read_own_credentials, b"salt", self.keys)

    async def create(self, name: str = "alice", role: Permission = Permission.CHAT) -> str:
        """A new key's secret."""
        return (await self.keys.create(KeyTerms(name, role=role))).secret.reveal()


async def test_an_api_key_is_let_in_by_either_header() -> None:
    """With what it may do."""
    house = House()
    secret = await house.create()
    for head in ({"authorization": f"Bearer {secret}"}, {"x_api_key": secret}):
        caller = await house.door.authenticate(asked(**head))
        assert (caller.name, caller.is_admin) == ("alice", False)
        assert caller.key is not None
        assert caller.key.id == "alice"
    with pytest.raises(Fault) as caught:
        await house.door.authenticate(asked(x_api_key=secret + "x"))
    assert caught.value.kind is FaultKind.UNAUTHENTICATED


async def test_an_admin_key_opens_what_the_operators_does() -> None:
    """A chat key does not."""
    house = House()
    admin, chat = await house.create("boss", Permission.ADMIN), await house.create()
    await house.door.require_admin(asked(x_api_key=admin))
    with pytest.raises(Fault) as caught:
        await house.door.require_admin(asked(x_api_key=chat))
    assert caught.value.kind is FaultKind.FORBIDDEN


async def test_a_revoked_key_is_out_at_once_and_told_why() -> None:
    """It is no wrong key: nobody is held up for it."""
    house = House(wrong_keys_max=1)
    secret = await house.create()
    await house.keys.revoke("alice")
    for _ in range(5):
        with pytest.raises(Fault, match="was revoked") as caught:
            await house.door.authenticate(asked(x_api_key=secret))
        assert (caught.value.kind, caught.value.code) == (
            FaultKind.UNAUTHENTICATED,
            "key_revoked",
        )
    assert "0 addresses with wrong keys" in repr(house.lockout)


async def test_a_known_key_goes_on_where_others_are_held_up() -> None:
    """After a change of the settings too; a new one there has to wait for its turn."""
    house = House(wrong_keys_max=1)
    secret, other = await house.create(), await house.create("bob")
    await house.door.authenticate(asked(x_api_key=secret))
    for number in range(2):
        with pytest.raises(Fault):
            await house.door.authenticate(asked(x_api_key=f"wrong-{number}"))
    with pytest.raises(Fault) as caught:
        await house.door.authenticate(asked(x_api_key=other))
    assert caught.value.kind is FaultKind.LOCKED_OUT
    assert (await house.door.authenticate(asked(x_api_key=secret))).name == "alice"
    assert (await house.renew().authenticate(asked(x_api_key=secret))).name == "alice"
    assert (await house.door.authenticate(asked("10.9.9.9", x_api_key=other))).name == "bob"


async def test_a_key_that_is_revoked_while_it_waits_is_not_let_in() -> None:
    """It is judged when its turn comes."""
    house = House()
    house.lockout.options = LockoutOptions(
        wrong_keys_max=1, first_delay_s=0.01, delay_s_max=0.01, wait_s_max=5.0
    )
    secret = await house.create()
    for number in range(2):
        with pytest.raises(Fault):
            await house.door.authenticate(asked(x_api_key=f"wrong-{number}"))
    waiting = asyncio.create_task(house.door.authenticate(asked(x_api_key=secret)))
    await asyncio.sleep(0)
    await house.keys.revoke("alice")
    with pytest.raises(Fault, match="was revoked"):
        await waiting


async def test_while_nobody_knows_the_keys_a_right_one_is_not_called_wrong() -> None:
    """503, and no wrong key; what is no API key is one, and the operator goes on."""
    house = House(wrong_keys_max=1, is_loaded=False)
    for _ in range(3):
        with pytest.raises(Fault) as caught:
            await house.door.authenticate(asked(x_api_key="sk-ca-of-somebody"))
        assert (caught.value.kind, caught.value.code) == (
            FaultKind.LIMITS_UNAVAILABLE,
            "keys_unavailable",
        )
    assert "0 addresses with wrong keys" in repr(house.lockout)
    assert (await house.door.authenticate(asked(x_api_key=KEY))).is_admin
    with pytest.raises(Fault) as caught:
        await house.door.authenticate(asked(x_api_key="other"))
    assert caught.value.kind is FaultKind.UNAUTHENTICATED
    await house.keys.load()
    with pytest.raises(Fault) as caught:
        await house.door.authenticate(asked("10.9.9.9", x_api_key="sk-ca-of-somebody"))
    assert caught.value.kind is FaultKind.UNAUTHENTICATED


async def test_a_key_that_another_process_has_just_made_is_let_in() -> None:
    """The store is asked before it is called wrong; where it does not answer, nobody knows."""
    house = House(wrong_keys_max=1)
    other = House()
    other.keys = ApiKeys(house.parts)
    secret = await other.create()
    house.store.is_changed = True
    house.clock.seconds += 1
    assert (await house.door.authenticate(asked(x_api_key=secret))).name == "alice"
    house.store.is_away = True
    house.clock.seconds += 1
    with pytest.raises(Fault) as caught:
        await house.door.authenticate(asked(x_api_key="sk-ca-of-somebody"))
    assert caught.value.code == "keys_unavailable"
    assert "0 addresses with wrong keys" in repr(house.lockout)


async def test_while_the_keys_are_in_doubt_none_is_let_in() -> None:
    """503 for those that may have been revoked and for unknown ones; settings' keys go on."""
    house = House()
    secret = await house.create()
    house.store.is_away = True
    for _ in range(2):
        with contextlib.suppress(StoreError):
            await house.keys.has_changed()
        assert (await house.door.authenticate(asked(x_api_key=secret))).name == "alice"
        house.clock.seconds += 31
    for key in (secret, "sk-ca-of-somebody"):
        with pytest.raises(Fault) as caught:
            await house.door.authenticate(asked(x_api_key=key))
        assert caught.value.code == "keys_unavailable"
    assert (await house.door.authenticate(asked(x_api_key=KEY))).is_admin
    house.store.is_away = False
    await house.keys.has_changed()
    assert (await house.door.authenticate(asked(x_api_key=secret))).name == "alice"


async def test_the_keys_of_the_settings_come_first() -> None:
    """Whoever has the operator's key is the operator; in pass-through an API key is one too."""
    house = House(AccessOptions(Secret(KEY), is_passthrough=True))
    secret = await house.create()
    assert (await house.door.authenticate(asked(x_api_key=KEY))).name == "operator"
    assert (await house.door.authenticate(asked(x_api_key=secret))).key is not None
    assert (await house.door.authenticate(asked(x_api_key="own"))).name == "passthrough"
