"""What must hold of failover in every simulated world: how often, whom again, when not at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

from cursor_api.domain.errors import SCOPES, FaultKind, Scope
from cursor_api.domain.record import Status
from tests.simulation.accounts import Temper
from tests.simulation.world import CLOCK_S, Attempt, Try, World

Breaches = Iterator[str]

REFUSALS_MAX = 10
# Retries before any request was counted.
RESERVE_COUNT = 2
# What an endpoint's own wish can hold it for.
HOLD_S_MAX = 300.0
# Whoever answered so lately is not down: a credential not yet tried is asked then.
ANSWERING_S = 30.0
# The least that a credential rests that failed where another one was answered.
SUSPICION_S_MIN = 15.0
# How long is waited before another attempt at the most.
RETRY_WAIT_S_MAX = 2.0
# With these an endpoint says itself that it wants to be left alone.
BUSY = FaultKind.UPSTREAM_OVERLOADED
HOLDING = {BUSY, FaultKind.CLIENT_OUTDATED}
# These say nothing of the model that was asked for.
WHOLE_KINDS = {FaultKind.UNREACHABLE, FaultKind.CLIENT_OUTDATED}
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


def _unanswered(world: World) -> list[tuple[float, Try]]:
    """Failures that are the endpoint's, and when that is known: nobody answered the request."""
    return sorted(
        (
            (world.records[tag][-1][0], one)
            for tag, tries in _by_request(world).items()
            if not any(one.is_answered for one in tries)
            for one in tries
            if _is_endpoints(one)
        ),
        key=lambda each: each[0],
    )


def suspicions(world: World) -> Iterator[tuple[Try, Try]]:
    """Tries of the pool's credentials that failed, each with the other one's that was answered."""
    for tag, tries in _by_request(world).items():
        answered = tries[-1]
        if not answered.is_answered or world.is_own(tag):
            continue
        for one in tries:
            if _is_endpoints(one) and one.alias != answered.alias:
                yield one, answered


def _answers(world: World) -> list[float]:
    """When answers began."""
    return [one.ended_at for one in world.tries() if one.is_answered]


def _is_answering(answers: list[float], at: float) -> bool:
    """Whether the endpoint has answered somebody in the half minute before."""
    return any(at - ANSWERING_S - TIE_S <= one <= at + TIE_S for one in answers)


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
    """An outage is not made worse: retries are a share of the requests.

    To go on to another account is none while the endpoint answers somebody.
    """
    renewed = {alias for _, alias in world.touched}
    answers = _answers(world)
    retry_count = sum(
        _is_endpoints(before)
        and not (
            after.alias not in {one.alias for one in tries[: after.place]} - renewed
            and world.settings.failover.retry_percent
            and _is_answering(answers, before.ended_at)
        )
        for tries in _by_request(world).values()
        for before, after in pairwise(tries)
    )
    request_count = sum(tag is not None for tag in world.records)
    percent = world.settings.failover.retry_percent
    most = request_count * percent / 100 + (RESERVE_COUNT if percent else 0)
    if retry_count > most:
        yield f"{retry_count} retries for {request_count} requests, where {most:g} are allowed"


def _is_breaker_heeded(world: World) -> Breaches:
    """An endpoint, or a model of it, that failed so often in a row is left alone for a while."""
    models = {world.model_of(one.tag) for one in world.tries()}
    for model in (None, *sorted(models)):
        yield from _is_one_breaker_heeded(world, model)


def _is_one_breaker_heeded(world: World, model: str | None) -> Breaches:
    """None: the breaker of the whole endpoint, for which only a failure to reach it counts."""
    options = world.settings.breaker

    def counts(one: Try) -> bool:
        if model is None:
            return one.fault in WHOLE_KINDS
        return one.fault not in WHOLE_KINDS and _is_endpoints(one)

    def concerns(one: Try) -> bool:
        return model is None or world.model_of(one.tag) == model

    tries = [one for one in world.tries() if concerns(one)]
    well = [(one.ended_at, one) for one in tries if not _is_endpoints(one)]
    failed = [each for each in _unanswered(world) if concerns(each[1])]
    # A model's failure shows that the endpoint is reached; a failure to reach it tells of no model.
    well += [each for each in failed if model is None and not counts(each[1])]
    failed = [each for each in failed if counts(each[1])]
    ends = sorted(at for at, _ in well)
    row: list[tuple[float, Try]] = []
    for at, one in sorted([*well, *failed], key=lambda each: each[0]):
        row = [*row, (at, one)] if counts(one) else []
        if not row or len(row) != options.failure_count:
            continue
        # Whoever is answered meanwhile, or refused by name, closes it again.
        closed_at = next((end for end in ends if end >= row[0][0] - TIE_S), math.inf)
        # Where it was left alone already, by its own wish, what ends then changes nothing.
        if closed_at <= at + TIE_S or any(each.fault in HOLDING for _, each in row):
            continue
        until = min(at + options.open_s, closed_at)
        for other in tries:
            if at + CLOCK_S < other.began_at < until - CLOCK_S:
                yield (
                    f"request #{other.tag} asked at {other.began_at:.3f}, where"
                    f" {model or 'the endpoint'} had failed {len(row)} times in a row by {at:.3f}"
                )


def _is_wait_heeded(world: World) -> Breaches:
    """A model that asks for time gets it, from the end of the request that nobody answered."""
    if not world.settings.breaker.failure_count:
        return
    slack_s = 10 * world.plan.link_up.latency_s + CLOCK_S
    for asking in world.attempts:
        wait_s = asking.play.change.get("retry_after_s")
        is_busy = asking.play.kinds == frozenset({FaultKind.UPSTREAM_OVERLOADED})
        if not is_busy or not isinstance(wait_s, int) or not _is_learned(world, asking):
            continue
        if any(one.is_answered for one in world.tries() if one.tag == asking.tag):
            continue
        heard_at = world.records[asking.tag][-1][0] + slack_s
        model = world.model_of(asking.tag)
        others = [
            one.ended_at
            for one in world.tries()
            if one.ended_at > heard_at - 2 * slack_s
            and not _is_endpoints(one)
            and world.model_of(one.tag) == model
        ]
        until = min((asking.ended_at or 0.0) + wait_s, *others, float("inf"))
        for other in world.attempts:
            if heard_at < other.at < until and world.model_of(other.tag) == model:
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
    """Nobody is told that the endpoint, or the model, fails where it does not."""
    options = world.settings.breaker
    failures = _unanswered(world)
    for tag, entries in world.records.items():
        kind = entries[-1][1].error_kind
        if kind is not FaultKind.UPSTREAM_UNAVAILABLE:
            continue
        ended_at = entries[-1][0]
        hold_s = max(options.open_s, HOLD_S_MAX) + world.plan.limits.first_s
        model = None if tag is None else world.model_of(tag)
        if not any(
            ended_at - hold_s <= at <= ended_at + CLOCK_S
            and (one.fault in WHOLE_KINDS or world.model_of(one.tag) == model)
            for at, one in failures
        ):
            yield f"request #{tag} was told that the endpoint fails, and it had not"


def _steady(world: World) -> set[str]:
    """Aliases that can serve at any moment: nothing ever came between them and an answer."""
    faulty = {one.alias for one in world.tries() if one.fault is not None}
    touched = {alias for _, alias in world.touched}
    plans = [account.plan for account in world.accounts.values()]
    well = {
        one.alias
        for one in plans
        if one.temper in {Temper.HEALTHY, Temper.SLOW}
        and one.preferences.is_enabled
        and one.preferences.concurrency_max is None
    }
    return set() if "" in touched else well - faulty - touched


def _do_suspects_rest(world: World) -> Breaches:
    """Who failed where another one was answered is left alone for a while."""
    steady, all_tries = _steady(world), world.tries()
    for failed, answered in suspicions(world):
        if answered.alias not in steady:
            continue  # or the last one would rest
        from_at, model = answered.ended_at, world.model_of(failed.tag)
        for other in all_tries:
            is_within = from_at + CLOCK_S < other.began_at < from_at + SUSPICION_S_MIN - CLOCK_S
            is_same = other.alias == failed.alias and world.model_of(other.tag) == model
            is_touched = any(
                alias == failed.alias and failed.began_at <= at <= other.began_at
                for at, alias in world.touched
            )
            if is_within and is_same and not is_touched and not world.is_own(other.tag):
                yield (
                    f"request #{other.tag} asked {failed.alias} at {other.began_at:.3f}, which had"
                    f" failed where {answered.alias} was answered at {from_at:.3f}"
                )


def _is_one_bad_account_harmless(world: World) -> Breaches:
    """While the endpoint answers, no request fails that left a steady credential unasked."""
    failover, breaker = world.settings.failover, world.settings.breaker
    steady, answers, all_counted = _steady(world), _answers(world), _unanswered(world)
    for tag, tries in _by_request(world).items():
        record, last = world.records[tag][-1][1], tries[-1]
        is_failed = record.status is Status.FAILED and record.error_kind is last.fault
        failed_count = sum(_is_endpoints(one) for one in tries)
        if not is_failed or not _is_endpoints(last) or last.fault in HOLDING - {BUSY}:
            continue
        if failed_count >= failover.attempt_count_max or not failover.retry_percent:
            continue
        if world.calls[tag].pinned or world.is_own(tag):
            continue
        until = last.ended_at + RETRY_WAIT_S_MAX
        counted = [one for at, one in all_counted if at <= until and one.tag != tag]
        may_be_open = breaker.failure_count and (
            len(counted) + failed_count >= breaker.failure_count
            or any(one.fault in HOLDING for one in counted)
        )
        unasked = steady - {one.alias for one in tries}
        if unasked and not may_be_open and _is_answering(answers, last.ended_at - 2 * TIE_S):
            yield f"request #{tag} failed with {record.error_kind}, and {unasked} were not asked"


FAILOVER_RULES: tuple[Callable[[World], Breaches], ...] = (
    _is_search_bounded,
    _is_budget_kept,
    _is_breaker_heeded,
    _is_wait_heeded,
    _is_patience_bounded,
    _is_closed_door_true,
    _do_suspects_rest,
    _is_one_bad_account_harmless,
)
