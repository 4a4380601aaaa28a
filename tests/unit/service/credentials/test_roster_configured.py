"""Credentials that the configuration gives, besides those of the store."""

from __future__ import annotations

from collections.abc import Sequence

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.pool.pool import Pool
from cursor_api.ports.stores import PoolStateStore
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.roster import Roster, RosterParts
from cursor_api.service.inference.endpoints import Endpoint, Endpoints
from cursor_api.stores.files.pool_state import MemoryPoolStateStore
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from tests.endpoints import FAKE, FAKE_FORM, endpoint_of
from tests.fakes import ListObserver, ScriptedUpstream, TickingClock
from tests.unit.service.credentials.roster_house import note_nothing

STORED = Credential("a", Secret("secret-of-a"), f"{'A' * 8}{'0' * 64}", FAKE)


def key(alias: str, endpoint: str) -> Credential:
    """What is given for a server that asks for no key."""
    return Credential(alias, Secret("-"), endpoint=endpoint)


class Town:
    """A roster over several endpoints, and what outlives it."""

    def __init__(self, memory: PoolStateStore | None = None) -> None:
        self.memory = memory or MemoryPoolStateStore()
        self.observer = ListObserver()
        self.endpoints = Endpoints((), self.observer)
        self.pools = CredentialPools(self.endpoints)
        store = MemoryCredentialStore([STORED], lambda: "", forms=(FAKE_FORM,))
        self.roster = Roster(
            RosterParts(
                store,
                self.memory,
                self.pools,
                TickingClock(),
                self.observer,
                lambda _new: None,
                note_nothing,
            )
        )
        self.use([FAKE])

    def use(self, names: Sequence[str], *keys: Credential) -> None:
        """As after a change of the settings."""
        self.endpoints.replace([self.endpoints.get(name) or self._new(name) for name in names])
        self.roster.configure(keys)

    def _new(self, name: str) -> Endpoint:
        pool = Pool(TickingClock(), lambda: 0.5)
        return endpoint_of(ScriptedUpstream({}), pool, name=name)

    @property
    def serving(self) -> list[tuple[str, str]]:
        """Alias and endpoint of all."""
        return [(one.alias, one.endpoint) for one in self.pools.credentials]


async def test_they_follow_those_of_the_store() -> None:
    """The store's own aliases stay as their owner gave them."""
    town = Town()
    town.use([FAKE, "x"], key("a", "x"))
    assert town.serving == []
    assert await town.roster.start() == 1
    assert town.serving == [("a", FAKE), ("a-2", "x")]
    assert town.roster.credential_count == 2
    await town.roster.reload()
    assert town.serving == [("a", FAKE), ("a-2", "x")]


async def test_an_endpoint_goes_with_its_credentials_and_may_come_back() -> None:
    """What was learnt of them is still known then."""
    town = Town()
    await town.roster.start()
    town.use([FAKE, "x"], key("x", "x"))
    pool = town.endpoints["x"].pool
    town.pools.set_preferences("x", Preferences(priority=7))
    town.use([FAKE])
    assert town.serving == [("a", FAKE)]
    assert list(pool.credentials) == []
    town.use([FAKE, "x"], key("x", "x"))
    assert town.pools.get_slot("x").preferences.priority == 7


async def test_one_secret_at_two_endpoints_is_two_credentials() -> None:
    """Servers without keys of their own are all given the same text; a restart mixes nothing."""
    town = Town()
    both = key("x", "x"), key("y", "y")
    town.use([FAKE, "x", "y"], *both)
    await town.roster.start()
    town.pools.set_preferences("x", Preferences(priority=3))
    await town.roster.save()
    again = Town(town.memory)
    again.use([FAKE, "x", "y"], *both)
    await again.roster.start()
    assert again.serving == [("a", FAKE), ("x", "x"), ("y", "y")]
    priorities = [slot.preferences.priority for slot in again.pools.slots]
    assert priorities == [0, 3, 0]


async def test_a_configured_key_in_the_store_goes_nowhere_else() -> None:
    """Its owner put it into the wrong file, perhaps; where it is configured, it serves."""
    town = Town()
    await town.roster.start()
    town.use([FAKE, "x"], Credential("x", STORED.secret, endpoint="x"))
    assert town.serving == [("x", "x")]
    assert (
        "the credential 'a' serves nobody",
        {"detail": "its token is a key of [[upstream]] 'x'"},
    ) in (town.observer.warnings)
    await town.roster.reload()
    assert town.serving == [("x", "x")]
    town.use([FAKE])
    assert town.serving == [("a", FAKE)]
