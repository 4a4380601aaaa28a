"""What must hold of failover in every simulated world: how often, whom again, when not at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

from cursor_api.domain.errors import SCOPES, FaultKind, Scope
from tests.simulation.world import CLOCK_S, Attempt, Try, World

Breaches = Iterator[str]

REFUSALS_MAX = 10
# Retries before any request was counted.
RESERVE_COUNT = 2
# What an endpoint's own wish can hold it for.
HOLD_S_MAX = 300.0
# With these an endpoint says itself that it wants to be left alone.
HOLDING = {FaultKind.UPSTREAM_OVERLOADED, FaultKind.CLIENT_OUTDATED}
# Of what ends within this the order is not known.
TIE_S = 1e-4


def _by_request(world: World) -> dict[int, list[Try]]:
    found: dict[int, list[Try]] = {}
    for one in world.tries():
        found.setdefault(one.tag, []).append(one)
    return {tag: sorted(tries, key=lambda one: one.place) for tag, tries in found.items()}


def _is_endpoints(one: Try) -> bool:
    """Whether it blames the endpoint, and had not begun to answer."""
    is_blamed = one.fault is not None and SCOPES[one.fault] is Scope.ENDPOINT
    return is_blamed and not one.is_answered


def _is_search_bounded(world: World) -> Breaches:
    """So many tries and no more, and nobody is asked again who refused or was silent."""
    renewed = {alias for _, alias in world.touched}
    for tag, tries in _by_request(world).items():
        told = [f"{one.alias}: {one.fault and one.fault.value}" for one in tries]
        if sum(_is_endpoints(one) for one in tries) > world.settings.failover.attempt_count_max:
            yield f"request #{tag} tried a failing endpoint too often: {told}"
        if len(tries) > REFUSALS_MAX + world.settings.failover.attempt_count_max:
            yield f"request #{tag} tried too often: {told}"
        spent: set[str] = set()
        for one in tries:
            if one.alias in spent - renewed:
                yield f"request #{tag} asked {one.alias} again: {told}"
            is_refusal = one.fault is not None and SCOPES[one.fault] is Scope.CREDENTIAL
            if is_refusal or one.fault is FaultKind.UPSTREAM_TIMEOUT:
                spent.add(one.alias)


def _is_budget_kept(world: World) -> Breaches:
    """An outage is not made worse: retries are a share of the requests."""
    retry_count = sum(
        _is_endpoints(before)
        for tries in _by_request(world).values()
        for before, _ in pairwise(tries)
    )
    request_count = sum(tag is not None for tag in world.records)
    percent = world.settings.failover.retry_percent
    most = request_count * percent / 100 + (RESERVE_COUNT if percent else 0)
    if retry_count > most:
        yield f"{retry_count} retries for {request_count} requests, where {most:g} are allowed"


def _is_breaker_heeded(world: World) -> Breaches:
    """An endpoint that failed so often in a row is left alone for a while."""
    options = world.settings.breaker
    tries = world.tries()
    well = sorted(one.ended_at for one in tries if not _is_endpoints(one))
    row: list[Try] = []
    for one in sorted(tries, key=lambda one: one.ended_at):
        row = [*row, one] if _is_endpoints(one) else []
        if not row or len(row) != options.failure_count:
            continue
        # Whoever is answered meanwhile, or refused by name, closes it again.
        closed_at = next((at for at in well if at >= row[0].ended_at - TIE_S), math.inf)
        # Where it was left alone already, by its own wish, what ends then changes nothing.
        if closed_at <= one.ended_at + TIE_S or any(each.fault in HOLDING for each in row):
            continue
        until = min(one.ended_at + options.open_s, closed_at)
        for other in tries:
            if one.ended_at + CLOCK_S < other.began_at < until - CLOCK_S:
                yield (
                    f"request #{other.tag} asked at {other.began_at:.3f}, where the endpoint had"
                    f" failed {len(row)} times in a row by {one.ended_at:.3f}"
                )


def _is_wait_heeded(world: World) -> Breaches:
    """An endpoint that asks for time gets it."""
    if not world.settings.breaker.failure_count:
        return
    slack_s = 10 * world.plan.link_up.latency_s + CLOCK_S
    for asking in world.attempts:
        wait_s = asking.play.change.get("retry_after_s")
        is_busy = asking.play.kinds == frozenset({FaultKind.UPSTREAM_OVERLOADED})
        if not is_busy or not isinstance(wait_s, int) or not _is_learned(world, asking):
            continue
        heard_at = (asking.ended_at or 0.0) + slack_s
        others = [
            one.ended_at
            for one in world.tries()
            if one.ended_at > heard_at - 2 * slack_s and not _is_endpoints(one)
        ]
        until = min((asking.ended_at or 0.0) + wait_s, *others, float("inf"))
        for other in world.attempts:
            if heard_at < other.at < until:
                yield f"attempt {other.number} at {other.at:.3f}, where {asking.number} said: wait"


def _is_learned(world: World, attempt: Attempt) -> bool:
    """Whether the gateway heard of a refusal: its client may have left before."""
    return any(
        one.tag == attempt.tag and one.alias == attempt.alias and one.fault in attempt.play.kinds
        for one in world.tries()
    )


def _is_patience_bounded(world: World) -> Breaches:
    """Silence is waited for as long as the settings say, and no longer."""
    limits = world.plan.limits
    for attempt in world.attempts:
        if attempt.play.kinds != frozenset({FaultKind.UPSTREAM_TIMEOUT}):
            continue
        # A stall comes behind three pieces of text, two a second at the slowest.
        most_s = limits.first_s + limits.idle_s + 5.0
        if world.calls[attempt.tag].read_pause_s:
            continue
        if attempt.ended_at is not None and attempt.ended_at - attempt.at > most_s:
            yield f"attempt {attempt.number} was waited for, {attempt.ended_at - attempt.at:g} s"


def _is_closed_door_true(world: World) -> Breaches:
    """Nobody is told that the endpoint fails where it does not."""
    options = world.settings.breaker
    failures = [one for one in world.tries() if _is_endpoints(one)]
    for tag, entries in world.records.items():
        kind = entries[-1][1].error_kind
        if kind is not FaultKind.UPSTREAM_UNAVAILABLE:
            continue
        ended_at = entries[-1][0]
        hold_s = max(options.open_s, HOLD_S_MAX) + world.plan.limits.first_s
        if not any(ended_at - hold_s <= one.ended_at <= ended_at + CLOCK_S for one in failures):
            yield f"request #{tag} was told that the endpoint fails, and it had not"


FAILOVER_RULES: tuple[Callable[[World], Breaches], ...] = (
    _is_search_bounded,
    _is_budget_kept,
    _is_breaker_heeded,
    _is_wait_heeded,
    _is_patience_bounded,
    _is_closed_door_true,
)
