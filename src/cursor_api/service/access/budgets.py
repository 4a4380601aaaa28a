"""Which API keys have used most of their budgets, or all: looked at beside the requests.

Rules of this file:
- Only keys that were used here since the last look are asked about: a store of another machine is
  not asked for each of ten thousand keys every few seconds.
- What is reserved here for requests under way is not used yet.
- What was found holds until the period is over, or the budget another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from cursor_api.domain.alert import Alert, AlertKind
from cursor_api.domain.api_key import ApiKey, KeyState
from cursor_api.domain.errors import StoreError
from cursor_api.domain.periods import Unit
from cursor_api.ports.process import Clock
from cursor_api.service.access.quota import Quota, budget_in_words

LOOK_S: Final = 5.0
# In one look; the others wait for the next ones.
KEYS_MAX: Final = 500
# Of a hundred; from here on a budget is nearly spent.
NEARLY: Final = 80


class _Use(Struct, frozen=True):
    """What a key had used of its budget in a period. `is_full`: a request did not fit any more."""

    used: int
    unit: Unit
    period: str
    is_full: bool


class BudgetWatch:
    """Looks again and again. `find_key` gives a key as it is now."""

    def __init__(
        self, quota: Quota, find_key: Callable[[str], ApiKey | None], clock: Clock
    ) -> None:
        self._quota = quota
        self._find_key = find_key
        self._clock = clock
        self._uses: dict[str, _Use] = {}

    def __repr__(self) -> str:
        return f"BudgetWatch({len(self._uses)})"

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Ask about the keys that were used since the last look."""
        for key_id in list(self._quota.touched)[:KEYS_MAX]:
            # Before it is asked about: what is used meanwhile is for the next look.
            self._quota.touched.discard(key_id)
            key = self._find_key(key_id)
            try:
                used = await self._quota.find_budget_used(key) if key else None
            except StoreError:
                # Away, which others tell: the next look asks again.
                self._quota.touched.add(key_id)
                return
            if key is None or key.limits.budget is None or used is None:
                continue
            period = key.moment(self._clock.now()).period
            name = period.name if period else ""
            is_full = self._quota.full.pop(key_id, None) == name
            before = self._uses.get(key_id)
            if before is not None and before.period == name:
                is_full = is_full or before.is_full
            self._uses[key_id] = _Use(used, key.limits.budget.unit, name, is_full)

    def find(self) -> Iterator[Alert]:
        """Budgets that are nearly spent now, and those that are spent."""
        now = self._clock.now()
        for key_id, use in list(self._uses.items()):
            key = self._find_key(key_id)
            alerts = None if key is None else _judge(key, use, now)
            if alerts is None:
                del self._uses[key_id]
            else:
                yield from alerts


def _judge(key: ApiKey, use: _Use, now: float) -> list[Alert] | None:
    """What is to be told of a key; None where what is known of it does not count any more."""
    budget, period = key.limits.budget, key.moment(now).period
    if budget is None or period is None or key.state(now) is not KeyState.ACTIVE:
        return None
    if (budget.unit, period.name) != (use.unit, use.period):
        return None
    percent = use.used * 100 // budget.amount
    if percent < NEARLY:
        return []
    words = budget_in_words(key.limits)
    text = f"The API key {key.id} has used {percent} % of its budget of {words}"
    found = [Alert(AlertKind.BUDGET_NEARLY_SPENT, key.id, f"{text}.")]
    if use.used >= budget.amount or use.is_full:
        ends_at = datetime.fromtimestamp(period.ends_at, UTC)
        until = f"{ends_at:%Y-%m-%d %H:%M} UTC"
        found.append(
            Alert(AlertKind.BUDGET_SPENT, key.id, f"{text}: requests are refused until {until}.")
        )
    return found
