"""The operator's use cases over stores that forget, for tests of what they do."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from cursor_api.domain.credential import Credential, Secret
from cursor_api.pool.pool import Pool
from cursor_api.ports.stores import PoolStateStore
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.roster import Roster, RosterParts
from cursor_api.service.credentials.trial import Trials
from cursor_api.service.credentials.use_cases import CredentialParts, Credentials, Order
from cursor_api.service.inference.search import Collaborators
from cursor_api.stores.files.pool_state import MemoryPoolStateStore
from cursor_api.telemetry.observer import LogObserver
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from tests.endpoints import FAKE, FAKE_FORM, catalog_of, endpoints_of
from tests.fakes import ListLog, ScriptedUpstream, TickingClock
from tests.unit.service.credentials.roster_house import note_nothing


def checksum(number: int) -> str:
    """A device of the known form."""
    return f"AAAAAAAA{number:064x}"


@dataclass
class Office:
    """The use cases over a memory store with the credentials `names`."""

    names: str = "ab"
    devices: itertools.count[int] = field(default_factory=lambda: itertools.count(1000))
    memory: PoolStateStore = field(default_factory=MemoryPoolStateStore)

    def __post_init__(self) -> None:
        own = [
            Credential(name, Secret(f"token-of-{name}"), checksum(number), FAKE)
            for number, name in enumerate(self.names)
        ]
        self.clock = TickingClock()
        self.pool = Pool(self.clock, lambda: 0.5)
        endpoints = endpoints_of(ScriptedUpstream({}), self.pool)
        self.endpoints = endpoints
        self.pools = CredentialPools(endpoints)
        self.pools.replace(own)
        self.store = MemoryCredentialStore(
            own, lambda: checksum(next(self.devices)), forms=(FAKE_FORM,)
        )
        self.roster = Roster(
            RosterParts(
                self.store,
                self.memory,
                self.pools,
                self.clock,
                LogObserver(),
                lambda _credentials: None,
                note_nothing,
            )
        )
        trials = Trials(
            Collaborators(catalog_of(), endpoints, ListLog(), self.clock, lambda: 0.5), self.pools
        )
        self.credentials = Credentials(
            CredentialParts(self.roster, self.pools, trials, endpoints, self.clock)
        )

    async def aliases(self, order: Order = Order.FILE, offset: int = 0, limit: int = 100) -> str:
        """The aliases of a page, spaces between."""
        page = await self.credentials.list(order, offset, limit)
        return " ".join(item.alias for item in page.credentials)

    async def tokens(self) -> list[str]:
        """The lines of the token file."""
        return (await self.store.read_text()).token_text.splitlines()
