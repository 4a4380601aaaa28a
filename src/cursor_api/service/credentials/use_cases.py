"""What the operator does with credentials: look, add, change, remove, test, clear.

Rules of this file:
- A credential is named by its alias. Its secret leaves only with `remove`, so that a mistake can
  be taken back; everything else shows masks.
- What can be known to be wrong is said before the store is asked, in terms of what was given.
- Whatever is stored serves when the call returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.domain.credential import (
    Credential,
    CredentialChange,
    GivenCredential,
    Secret,
)
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind, LineProblem, StoreError
from cursor_api.domain.problems import Notice, Problem, ProblemCode
from cursor_api.options.said import tell
from cursor_api.pool.slot import Slot
from cursor_api.ports.process import Clock
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.previews import Preview, preview_line
from cursor_api.service.credentials.report import (
    CredentialReport,
    Instant,
    UpstreamReport,
    instant,
    report,
    report_upstream,
)
from cursor_api.service.credentials.roster import Roster
from cursor_api.service.credentials.store_look import StoreLook
from cursor_api.service.credentials.trial import Trial, Trials
from cursor_api.service.inference.endpoints import Endpoints

# What the store calls a text that is not one of its files.
INPUT = "input"
# More than anybody pastes; a file of that size is mounted, or put in place as a whole.
ADDED_COUNT_MAX = 1000
_MANY = Problem(
    ProblemCode.MANY, f"more than {ADDED_COUNT_MAX} tokens at once", str(ADDED_COUNT_MAX)
)
_ALIAS_TAKEN = Problem(ProblemCode.ALIAS_TAKEN, "another credential has this alias")
_IMPOSSIBLE = Problem(ProblemCode.IMPOSSIBLE_ALIAS, "an alias that no address can hold")
# The event loop gets a turn after this many reports: 10,000 of them take a tenth of a second.
SLICE_COUNT = 250

# A browser takes these, in whatever spelling, out of an address before it is sent.
_NO_ALIASES = {".", ".."}


class Order(enum.Enum):
    """FILE: as in the token file. PRIORITY: those that are used first come first."""

    FILE = "file"
    PRIORITY = "priority"


class Trouble(Struct, frozen=True):
    """Why what is in the token files now cannot be used as it is; the old credentials serve on.

    `notice` says the message with a code, where no line is at fault.
    """

    message: str
    problems: tuple[LineProblem, ...]
    notice: Notice | None


class CredentialPage(Struct, frozen=True):
    """Some of all credentials. `now` is this machine's clock, by which the instants count.

    `warnings` are the texts of `notices`.
    """

    credentials: tuple[CredentialReport, ...]
    total_count: int
    now: Instant
    warnings: tuple[str, ...]
    notices: tuple[Notice, ...]
    trouble: Trouble | None
    upstreams: tuple[UpstreamReport, ...]


class Keep(enum.Enum):
    """For a part that may be None and shall stay as it is."""

    KEEP = enum.auto()


class PreferenceChange(Struct, frozen=True):
    """What the owner wants otherwise; a part that is None (or KEEP) stays as it is."""

    priority: int | None = None
    weight: int | None = None
    concurrency_max: int | Keep | None = Keep.KEEP
    is_enabled: bool | None = None

    def apply(self, preferences: Preferences) -> Preferences:
        """The preferences as they are then."""
        limit = self.concurrency_max
        return Preferences(
            priority=preferences.priority if self.priority is None else self.priority,
            weight=preferences.weight if self.weight is None else self.weight,
            concurrency_max=preferences.concurrency_max if isinstance(limit, Keep) else limit,
            is_enabled=preferences.is_enabled if self.is_enabled is None else self.is_enabled,
        )


class Undo(Struct, frozen=True, rename={"text": "tokens", "binding": "checksum"}):
    """What to add to have a removed credential back as it was. Holds the secret."""

    text: str
    binding: str

    def __repr__(self) -> str:
        return "Undo(…)"


class Removal(Struct, frozen=True):
    """A credential that was taken out."""

    removed: str
    undo: Undo


class CredentialParts(Struct, frozen=True):
    """What the use cases work with."""

    roster: Roster
    pools: CredentialPools
    trials: Trials
    endpoints: Endpoints
    clock: Clock


class Credentials:
    """The operator's use cases. Everything raises Fault(NOT_FOUND) for an unknown alias."""

    def __init__(self, parts: CredentialParts) -> None:
        self._roster = parts.roster
        self._pools = parts.pools
        self._trials = parts.trials
        self._endpoints = parts.endpoints
        self._clock = parts.clock
        self._store = StoreLook(parts.roster.refresh)

    async def list(self, order: Order, offset: int, count_max: int) -> CredentialPage:
        """Some of all, in order."""
        slots = list(self._pools.slots)
        if order is Order.PRIORITY:
            slots.sort(key=lambda slot: -slot.preferences.priority)
        # Their words now: in a pause below, an endpoint may go, and its credentials with it.
        shown = [(slot, self._pools.words_of(slot)) for slot in slots[offset : offset + count_max]]
        now = self._clock.now()
        reports: list[CredentialReport] = []
        for slot, words in shown:
            if len(reports) % SLICE_COUNT == SLICE_COUNT - 1:
                await asyncio.sleep(0)
            reports.append(report(slot, words, now))
        trouble = self._roster.trouble
        return CredentialPage(
            credentials=tuple(reports),
            total_count=len(slots),
            now=instant(now),
            warnings=tuple(notice.text for notice in self._roster.warnings),
            notices=tuple(self._roster.warnings),
            trouble=Trouble(trouble.message, trouble.problems, trouble.notice) if trouble else None,
            upstreams=tuple(
                report_upstream(name, endpoint.breakers, self._clock)
                for name, endpoint in self._endpoints.items()
            ),
        )

    async def catch_up(self) -> None:
        """Have what other processes and nodes have stored by now be known here, if that can be."""
        # Of a store that cannot be read the operator is told, on the page as well.
        with contextlib.suppress(StoreError):
            await self._store.look()

    async def look_for(self, alias: str) -> None:
        """Have one be known here that another process or node added a moment ago.

        Raises StoreError where it is not known and the store cannot tell.
        """
        try:
            self._pools.get_slot(alias)
        except Fault:
            await self._store.look()

    def get(self, alias: str) -> CredentialReport:
        """One of them."""
        slot = self._pools.get_slot(alias)
        return report(slot, self._pools.words_of(slot), self._clock.now())

    async def preview(self, text: str, binding: str | None = None) -> Preview:
        """What is recognised in each line, and what would keep it from being added.

        Raises StoreError when nothing could be added now, whatever it is.
        """
        lines, problems = await self._examine(text, binding)
        now = self._clock.now()
        return Preview(
            lines=tuple(preview_line(line, problems.get(line.line), now) for line in lines),
            can_add=bool(lines) and not problems,
        )

    async def add(self, text: str, binding: str | None = None) -> tuple[CredentialReport, ...]:
        """Add one or more tokens in any spelling; all of them or, with a StoreError, none."""
        lines, problems = await self._examine(text, binding)
        if problems:
            count = len(problems)
            message = tell("{count} lines cannot be added; nothing was changed.", count=count)
            if count == 1:
                message = tell("1 line cannot be added; nothing was changed.")
            raise StoreError(message, [problems[line] for line in sorted(problems)])
        added = await self._roster.add(lines, _own_binding(lines, binding))
        return tuple(self.get(credential.alias) for credential in added)

    async def change(
        self, alias: str, change: CredentialChange, wish: PreferenceChange
    ) -> CredentialReport:
        """Rename, renew and set preferences, all in one. A renewed credential keeps its own.

        Raises StoreError, and Fault(CONFLICT) for a new alias or token that is another's, and for
        anything but preferences of a credential that stands in the settings; nothing has changed
        then.
        """
        if wish != PreferenceChange():
            # What was set at another process of this machine a moment ago is what is changed.
            await self._roster.save()
        slot = self._pools.get_slot(alias)
        if slot.credential.is_configured and change.alias == alias:
            change = replace(change, alias=None)
        if change == CredentialChange():
            await self._prefer(alias, slot.preferences, wish)
            return self.get(alias)
        _refuse_configured(slot.credential)
        change, before = self._checked(slot, change), slot.preferences
        # First: a new token is in force at once, and is not taken back for want of room for these.
        await self._prefer(alias, before, wish)
        try:
            alias = (await self._roster.update(alias, change)).alias
        except StoreError:
            await self._take_back(alias, before, slot.preferences)
            raise
        if self._pools.get_slot(alias).preferences != slot.preferences:
            # A renewed one; where it cannot be saved, that is told and tried again.
            self._pools.set_preferences(alias, slot.preferences)
            await self._roster.save()
        return self.get(alias)

    async def _prefer(self, alias: str, known: Preferences, wish: PreferenceChange) -> None:
        if wish != PreferenceChange():
            await self._roster.prefer(alias, known, wish.apply)

    async def _take_back(self, alias: str, before: Preferences, wished: Preferences) -> None:
        """Have what was preferred before be preferred again, as far as the store takes it."""
        if before != wished:
            with contextlib.suppress(StoreError, Fault):
                await self._roster.prefer(alias, wished, lambda _: before)

    async def remove(self, alias: str) -> Removal:
        """Take it out of the files and the pool; gives what brings it back.

        Raises StoreError, and Fault(CONFLICT) for one that stands in the settings.
        """
        credential = self._pools.get_slot(alias).credential
        _refuse_configured(credential)
        await self._roster.remove(alias)
        return Removal(alias, Undo(f"{alias}::{credential.secret.reveal()}", credential.binding))

    def clear(self, alias: str) -> CredentialReport:
        """End its cooldowns and its quarantine."""
        self._pools.clear(alias)
        return self.get(alias)

    async def test(self, alias: str, model: str | None) -> Trial:
        """Ask the upstream with it, now; see `Trials.run`."""
        return await self._trials.run(alias, model)

    async def _examine(
        self, text: str, binding: str | None
    ) -> tuple[tuple[GivenCredential, ...], dict[int, LineProblem]]:
        """The lines that say something, and by line what keeps them from being added."""
        lines = tuple(islice(self._roster.recognise(text, binding), ADDED_COUNT_MAX + 1))
        problems = {
            line: LineProblem.of(INPUT, line, problem)
            for line, problem in self._find_problems(lines)
        }
        try:
            await self._roster.check(lines, _own_binding(lines, binding))
        except StoreError as error:
            if not error.problems or any(item.file != INPUT for item in error.problems):
                raise
            for item in error.problems:
                # About its binding the store says line 1, wherever the only token stands.
                line = lines[0].line if len(lines) == 1 else item.line
                problems.setdefault(line, replace(item, line=line))
        return lines, problems

    def _find_problems(self, lines: tuple[GivenCredential, ...]) -> Iterator[tuple[int, Problem]]:
        # Those of the configuration too, where nobody serves them.
        known = (*self._roster.configured, *self._pools.credentials)
        aliases = {credential.alias for credential in known}
        of_secrets = {credential.secret: credential.alias for credential in known}
        for line in lines:
            owner = of_secrets.get(Secret(line.secret))
            if owner is not None:
                yield line.line, _taken(owner)
            elif line.is_named and line.alias in aliases:
                yield line.line, _ALIAS_TAKEN
            elif line.alias in _NO_ALIASES:
                yield line.line, _IMPOSSIBLE
            elif line.problem is not None:
                yield line.line, line.problem
        if len(lines) > ADDED_COUNT_MAX:
            yield lines[-1].line, _MANY

    def _checked(self, slot: Slot, change: CredentialChange) -> CredentialChange:
        """The change with its token as it goes upstream; raises Fault when it cannot be made."""
        others = [one for one in self._pools.credentials if one is not slot.credential]
        alias = change.alias
        if alias in _NO_ALIASES:
            raise Fault(
                FaultKind.INVALID_REQUEST, tell("An alias cannot be a dot or two."), param="alias"
            )
        if alias and any(other.alias == alias for other in others):
            raise Fault(
                FaultKind.CONFLICT, tell("Another credential has this alias."), param="alias"
            )
        if change.secret is None:
            return change
        lines = tuple(self._roster.recognise(change.secret.reveal()))
        if len(lines) != 1:
            raise Fault(
                FaultKind.INVALID_REQUEST, tell("The new token has to be one line."), param="token"
            )
        token = Secret(lines[0].secret)
        with_secrets = (*others, *self._roster.configured)
        owner = next((other.alias for other in with_secrets if other.secret == token), None)
        if owner is not None:
            raise Fault(
                FaultKind.CONFLICT,
                tell("The credential {owner} has this token.", owner=repr(owner)),
                param="token",
            )
        return replace(change, secret=token, binding=change.binding or lines[0].binding)


def _refuse_configured(credential: Credential) -> None:
    """What stands in the settings is nothing that this program writes."""
    if credential.is_configured:
        raise Fault(
            FaultKind.CONFLICT,
            tell(
                "{alias} comes from the settings: from [[upstream]] {upstream} in cursor-api.toml,"
                " or from TOKENS. Change it there.",
                alias=repr(credential.alias),
                upstream=credential.endpoint,
            ),
            param="alias",
        )


def _taken(owner: str) -> Problem:
    text = f"this token is there already, as {owner!r}"
    return Problem(ProblemCode.TAKEN, text, owner)


def _own_binding(lines: tuple[GivenCredential, ...], given: str | None) -> str | None:
    """The binding that comes with the only credential, if it has one."""
    return given or (lines[0].binding if len(lines) == 1 else None)
