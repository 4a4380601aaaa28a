"""Why no credential can serve a request now, and whether it is worth waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.slot import Hindrance, Slot

# What ends with a request that is under way.
_IN_USE: Final = frozenset({Hindrance.BUSY, Hindrance.PROBING})


def is_in_use(
    slots: Iterable[Slot], model: str, tried: AbstractSet[Credential], now: float
) -> bool:
    """Whether one that is not among those `tried` may come free: another request has it."""
    return any(
        slot.credential not in tried and slot.find_hindrance(model, now) in _IN_USE
        for slot in slots
    )


def explain(slots: Sequence[Slot], model: str, tried: AbstractSet[Credential], now: float) -> Fault:
    """Why none of these can serve: RATE_LIMITED, OVERLOADED or NO_CREDENTIALS."""
    hindrances = Counter(
        slot.find_hindrance(model, now) for slot in slots if slot.credential not in tried
    )
    counted = ", ".join(
        f"{count} {hindrance.value}" for hindrance, count in hindrances.items() if hindrance
    )
    has_use = hindrances[Hindrance.BUSY] or hindrances[Hindrance.PROBING]
    # Of those tried, too: where all have refused, the first to be back is to be waited for.
    back_at = [
        slot.cooldowns[model].until_at
        for slot in slots
        if slot.find_hindrance(model, now) is Hindrance.COOLING
    ]
    if hindrances[Hindrance.COOLING] or (back_at and not has_use):
        return Fault(
            FaultKind.RATE_LIMITED,
            f"No credential can serve {model} right now ({counted or 'all refused'}).",
            retry_after_s=min(back_at) - now,
        )
    if has_use:
        return Fault(
            FaultKind.OVERLOADED, f"All credentials are in use ({counted}).", retry_after_s=1
        )
    return Fault(
        FaultKind.NO_CREDENTIALS,
        f"No credential can serve ({counted or 'all refused'}); look at /tokeninfo.",
    )
