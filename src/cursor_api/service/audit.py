"""Keeps what operators did, and tells it.

An act that cannot be kept has been done all the same: it is told in the log, in full.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from cursor_api.domain.act import SUBJECT_LENGTH_MAX, Act, ActKind, ActQuery, KeptAct
from cursor_api.domain.errors import StoreError
from cursor_api.ports.audit import AuditStore
from cursor_api.ports.process import Clock, Observer


class ActPage(Struct, frozen=True):
    """Acts, the last one first; `continue_from` is the `before` of the next page, None: no more."""

    acts: Sequence[KeptAct]
    continue_from: int | None


class Audit:
    """What operators did here and wherever else the same store is used."""

    def __init__(self, store: AuditStore, clock: Clock, observer: Observer) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer

    def __repr__(self) -> str:
        return f"Audit({self._store!r})"

    async def note(self, actor: str, kind: ActKind, subject: str) -> None:
        """Somebody has done this."""
        act = Act(self._clock.now(), actor, kind.value, subject[:SUBJECT_LENGTH_MAX])
        try:
            await self._store.add_act(act)
        except StoreError as error:
            self._observer.warn(
                "what an operator did could not be kept",
                actor=act.actor,
                act=act.kind,
                subject=act.subject,
                detail=error.message,
            )

    async def page(self, query: ActQuery) -> ActPage:
        """Some of what is kept; raises StoreError."""
        found = await self._store.find_acts(query._replace(acts_max=query.acts_max + 1))
        acts = found[: query.acts_max]
        return ActPage(acts, acts[-1].number if len(found) > len(acts) else None)
