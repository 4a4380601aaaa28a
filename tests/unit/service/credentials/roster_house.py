"""A roster over a scripted store and a scripted memory, for tests of what it makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from cursor_api.domain.act import ActKind
from cursor_api.domain.credential import (
    Credential,
    CredentialChange,
    FileTexts,
    GivenCredential,
    Secret,
    Spelling,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.problems import Notice
from cursor_api.pool.lease import Ask
from cursor_api.pool.pool import Pool
from cursor_api.pool.slot import LeaseOutcome
from cursor_api.ports.stores import PoolState
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.roster import Roster, RosterParts
from tests.endpoints import FAKE, endpoints_of
from tests.fakes import ScriptedUpstream, TickingClock

FAULT = LeaseOutcome(is_success=False, fault=Fault(FaultKind.RATE_LIMITED, "", retry_after_s=9999))


def credential(name: str) -> Credential:
    """One whose parts share a name."""
    return Credential(name, Secret(f"token-{name}"), f"sum-{name}", FAKE)


A, B = credential("a"), credential("b")


class ScriptedStore:
    """A list of credentials that the test edits, or an error."""

    def __init__(self, *credentials: Credential) -> None:
        self.credentials = list(credentials)
        self.error: Exception | None = None
        self.warnings: Sequence[Notice] = ()
        self.is_changed = False
        self.load_count = 0

    async def load(self) -> Sequence[Credential]:
        """What is scripted."""
        self.load_count += 1
        self.is_changed = False
        if self.error:
            raise self.error
        return tuple(self.credentials)

    async def has_changed(self) -> bool:
        """What is scripted."""
        return self.is_changed

    async def read_text(self) -> FileTexts:
        """A made-up text."""
        return FileTexts("tokens", "list", "etag")

    async def replace_text(
        self, tokens: str, token_list: str | None = None, *, if_match: str | None = None
    ) -> FileTexts:
        """One credential a line."""
        self.credentials = [credential(name) for name in tokens.split()]
        return FileTexts(tokens, token_list or "", if_match or "")

    def recognise(self, text: str, binding: str | None = None) -> Iterator[GivenCredential]:
        """One line that says something."""
        yield GivenCredential(1, text, None, False, text, binding, Spelling.BARE, False)

    def spell(self, given: Sequence[GivenCredential]) -> str:
        """The lines as they are."""
        return "\n".join(line.text for line in given)

    async def add(
        self, text: str, *, binding: str | None = None, if_match: str | None = None
    ) -> Sequence[Credential]:
        """One more."""
        assert (binding, if_match) == (None, None)
        self.credentials.append(credential(text))
        return self.credentials[-1:]

    async def check(self, text: str, *, binding: str | None = None) -> None:
        """What is scripted."""
        assert (text, binding) == ("x", "y")
        if self.error:
            raise self.error

    async def remove(self, alias: str, *, if_match: str | None = None) -> None:
        """One less."""
        assert if_match is None
        self.credentials = [item for item in self.credentials if item.alias != alias]

    async def update(
        self, alias: str, change: CredentialChange, *, if_match: str | None = None
    ) -> Credential:
        """Renamed."""
        assert (alias, if_match) == (self.credentials[0].alias, None)
        old = self.credentials[0]
        self.credentials[0] = replace(old, alias=change.alias or "")
        return self.credentials[0]


class ScriptedMemory:
    """Keeps a state, or fails."""

    def __init__(self, state: PoolState | None = None) -> None:
        self.state = state or {}
        self.error: Exception | None = None
        self.save_count = 0
        self.others: PoolState = {}
        self.is_others = False

    async def load(self) -> PoolState:
        """What was kept."""
        self.is_others = False
        if self.error:
            raise self.error
        return self.state

    async def save(self, state: PoolState) -> None:
        """Keep it."""
        if self.error:
            raise self.error
        self.state = state
        self.save_count += 1

    async def merge(self, state: PoolState) -> PoolState:
        """Keep it; `others` is what another gateway has saved."""
        await self.save(state)
        self.is_others = False
        self.state = {**state, **self.others}
        return self.state if self.others else state

    async def has_changed(self) -> bool:
        """Whether another gateway has saved."""
        return self.is_others


class ListObserver:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.warnings: list[tuple[str, dict[str, object]]] = []

    def notice(self, event: str, /, **facts: object) -> None:
        """Keep it."""
        assert facts
        self.notices.append(event)

    def warn(self, event: str | Notice, /, **facts: object) -> None:
        """Keep it."""
        self.warnings.append((str(event), facts))


async def note_nothing(_kind: ActKind, _aliases: str) -> None:
    """For tests that are about other things."""


class House:
    """A roster over scripts."""

    def __init__(self, *credentials: Credential, memory: ScriptedMemory | None = None) -> None:
        self.store = ScriptedStore(*credentials)
        self.memory = memory or ScriptedMemory()
        self.clock = TickingClock()
        self.pool = Pool(self.clock, lambda: 0.5)
        self.pools = CredentialPools(endpoints_of(ScriptedUpstream({}), self.pool))
        self.observer = ListObserver()
        self.loaded: list[str] = []
        self.noted: list[tuple[ActKind, str]] = []
        self.roster = Roster(
            RosterParts(
                self.store,
                self.memory,
                self.pools,
                self.clock,
                self.observer,
                self._on_load,
                self.note,
            )
        )

    async def note(self, kind: ActKind, aliases: str) -> None:
        """Keep it."""
        self.noted.append((kind, aliases))

    def _on_load(self, credentials: Sequence[Credential]) -> None:
        self.loaded += [item.alias for item in credentials]

    @property
    def serving(self) -> str:
        """The aliases in the pool."""
        return "".join(item.alias for item in self.pool.credentials)

    def cool(self) -> None:
        """The first credential is limited for a long time."""
        self.pool.lease(Ask("m")).settle(FAULT)
