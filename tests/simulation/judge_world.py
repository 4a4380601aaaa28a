"""What must hold of every simulated world as a whole: of its credentials, its log, its secrets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

from cursor_api.domain.errors import SCOPES, FaultKind, Scope
from cursor_api.domain.record import RequestRecord, Status
from tests.simulation.accounts import AccountPlan, Temper
from tests.simulation.judge_failover import FAILOVER_RULES, suspicions
from tests.simulation.world import CLOCK_S, Attempt, World

Breaches = Iterator[str]

CREDENTIAL_ATTEMPTS_MAX = 10
# The least that a credential rests after a refusal which does not say how long: half of the first
# wait, for the jitter. What is not here rests until a person acts.
REST_S_MIN = {
    FaultKind.RATE_LIMITED: 15.0,
    FaultKind.QUOTA_EXHAUSTED: 450.0,
    FaultKind.CREDENTIAL_FORBIDDEN: 450.0,
}
# How the failure of who waited in the queue begins.
WAITED = "All credentials were in use for"
# Between the end of one request and the next one's arrival.
FREE_S_MAX = 0.3
# Faults that say "nobody could": untrue while somebody could.
NOBODY = {
    FaultKind.NO_CREDENTIALS,
    FaultKind.OVERLOADED,
    *(kind for kind, scope in SCOPES.items() if scope is Scope.CREDENTIAL),
}


def _ends(world: World) -> Iterator[tuple[int, RequestRecord]]:
    for tag, entries in world.records.items():
        if tag is not None and entries[-1][1].status is not Status.PENDING:
            yield tag, entries[-1][1]


def _pooled(world: World) -> list[Attempt]:
    """Attempts with the pool's credentials: of a caller's own nothing is remembered."""
    return [one for one in world.attempts if not world.is_own(one.tag)]


def _slack_s(world: World) -> float:
    """From a lease to its whole request's arrival: a connection, and the way through buffers."""
    return 10 * world.plan.link_up.latency_s + 1e-6


def _learned(world: World) -> dict[tuple[int, str], FaultKind | None]:
    """What the gateway heard of each attempt: nothing where its client left before."""
    return {
        (tag, one.credential_alias): one.fault
        for tag, record in _ends(world)
        for one in record.attempts
    }


def _is_resting_respected(world: World) -> Breaches:
    """Who was refused is not asked before its time, and not at all when only a person can help."""
    learned = _learned(world)
    slack_s = _slack_s(world)
    pooled = _pooled(world)
    for refused in pooled:
        if not refused.play.is_credentials or refused.ended_at is None:
            continue
        (kind,) = refused.play.kinds
        if learned.get((refused.tag, refused.alias)) is not kind:
            continue
        rest_s = refused.play.wait_s or REST_S_MIN.get(kind, math.inf)
        model = world.model_of(refused.tag)
        for other in pooled:
            is_same = other.token == refused.token
            is_same &= kind not in REST_S_MIN or world.model_of(other.tag) == model
            is_within = refused.ended_at + slack_s < other.at < refused.ended_at + rest_s - CLOCK_S
            if (
                is_same
                and is_within
                and not _is_touched(world, refused.alias, refused.at, other.at)
            ):
                yield (
                    f"attempt {other.number} asks {other.alias} at {other.at:.3f}, which refused"
                    f" attempt {refused.number} at {refused.ended_at:.3f} with {kind.value}"
                )


def _is_probe_alone(world: World) -> Breaches:
    """Behind a rest one request finds out whether it is over; the others wait for that."""
    learned = _learned(world)
    slack_s = _slack_s(world)
    pooled = _pooled(world)
    for refused in pooled:
        if not refused.play.kinds & REST_S_MIN.keys() or refused.ended_at is None:
            continue
        if learned.get((refused.tag, refused.alias)) not in refused.play.kinds:
            continue
        model = world.model_of(refused.tag)
        same = [
            one for one in pooled if one.token == refused.token and world.model_of(one.tag) == model
        ]
        # What is under way at a refusal, or began before it was known, may end the rest, too.
        until = refused.ended_at + slack_s
        if any(one.at <= until < (one.ended_at or math.inf) + slack_s for one in same):
            continue
        after = sorted((one for one in same if one.at > until), key=lambda one: one.at)
        for probe, other in pairwise(after[:2]):
            is_during = other.at < (probe.ended_at or math.inf) - slack_s
            if is_during and not _is_touched(world, refused.alias, refused.at, other.at):
                yield f"attempt {other.number} is made beside the probe {probe.number}"


def _is_touched(world: World, alias: str, from_at: float, until_at: float) -> bool:
    return any(name == alias and from_at <= at <= until_at for at, name in world.touched)


def _is_expiry_known(world: World) -> Breaches:
    """A token that has ended is not sent."""
    if world.has_jumped:
        return  # the gateway's clock was not the world's
    for attempt in _pooled(world):
        plan = world.accounts[attempt.token].plan
        is_own = attempt.token == plan.credential.secret.reveal()
        is_late = attempt.at > plan.from_at + _slack_s(world)
        if plan.temper is Temper.EXPIRING and is_own and is_late:
            yield f"attempt {attempt.number} sends a token that ended at {plan.from_at}"


def _untroubled(world: World) -> set[str]:
    """Accounts that nothing was ever wrong with, and that the operator left alone."""
    touched = {alias for _, alias in world.touched}
    # Whoever failed where another one was answered rests too.
    suspects = {failed.alias for failed, _ in suspicions(world)}
    plans = [account.plan for account in world.accounts.values()]
    well = {one.alias for one in plans if one.temper in {Temper.HEALTHY, Temper.SLOW}}
    return well - touched - suspects


def _well(world: World) -> list[AccountPlan]:
    """Those of them that can always serve."""
    untroubled = _untroubled(world)
    return [
        account.plan
        for account in world.accounts.values()
        if account.plan.alias in untroubled
        and account.plan.preferences.is_enabled
        and account.plan.preferences.concurrency_max is None
    ]


def _is_nobody_starved(world: World) -> Breaches:
    """No request fails for want of a credential while one is well that it did not try."""
    pins = {call.tag: call.pinned for call in world.plan.calls}
    for tag, record in _ends(world):
        if record.status is not Status.FAILED or record.error_kind not in NOBODY:
            continue
        if len(record.attempts) >= CREDENTIAL_ATTEMPTS_MAX or world.is_broken_off(tag):
            continue
        if world.is_own(tag):
            continue
        tried = {one.credential_alias for one in record.attempts}
        for plan in _well(world):
            if plan.alias not in tried and pins[tag] in {None, plan.alias}:
                yield (
                    f"request #{tag} failed with {record.error_kind.value} after {sorted(tried)},"
                    f" while {plan.alias} was well"
                )


def _is_waiting_worth(world: World) -> Breaches:
    """Nobody waits in vain for a credential at its limit while it has room."""
    if any(one.is_refusing is False for one in world.plan.outages):
        return  # who connects without an answer holds a credential that seems to have room
    limited = {
        plan.alias: plan.preferences.concurrency_max
        for plan in (account.plan for account in world.accounts.values())
        if plan.alias in _untroubled(world) and plan.preferences.is_enabled
    }
    for tag, record in _ends(world):
        if record.error is None or not record.error.startswith(WAITED):
            continue
        pinned, ended_at = world.calls[tag].pinned, world.records[tag][-1][0]
        tried = {one.credential_alias for one in record.attempts}
        for alias, most in limited.items():
            if most is None or alias in tried or pinned not in {None, alias}:
                continue
            begin_at = ended_at - world.settings.queue.wait_s
            free_s = _longest_free_s(world, alias, most, (begin_at, ended_at))
            if free_s > FREE_S_MAX + _slack_s(world):
                yield f"request #{tag} waited in vain for {alias}, which had room for {free_s:g} s"


def _longest_free_s(world: World, alias: str, most: int, span: tuple[float, float]) -> float:
    """How long a credential had fewer requests than it may, at a stretch, within a span."""
    begin_at, until = span
    # An answer's credential is held until its client has it all.
    last = {one.tag: one.number for one in world.attempts}
    held = [
        (one.at, world.records[one.tag][-1][0] if one.number == last[one.tag] else one.ended_at)
        for one in _pooled(world)
        if one.alias == alias
    ]
    spans = [(from_at, until if to is None else to) for from_at, to in held]
    moments = sorted(
        {begin_at, until} | {at for pair in spans for at in pair if begin_at < at < until}
    )
    longest_s = free_s = 0.0
    for before, after in pairwise(moments):
        used = sum(from_at <= before and to >= after for from_at, to in spans)
        free_s = free_s + after - before if used < most else 0.0
        longest_s = max(longest_s, free_s)
    return longest_s


def _is_rotation_fair(world: World) -> Breaches:
    """In turn means in turn: nobody who is well waits for longer than two rounds."""
    if world.plan.variables["POOL_POLICY"] != "round_robin" or world.touched:
        return
    pinned = {call.tag for call in world.plan.calls if call.pinned}
    top = max(one.preferences.priority for one in world.plan.accounts)
    tier = [one for one in world.plan.accounts if one.preferences.priority == top]
    aliases = {one.alias for one in tier}
    turns = [one for one in _pooled(world) if one.tag not in pinned and one.alias in aliases]
    round_count = sum(one.preferences.weight for one in tier)
    for plan in _well(world):
        if plan.alias not in aliases:
            continue
        places = [-1, *(at for at, one in enumerate(turns) if one.alias == plan.alias), len(turns)]
        gap = max(after - before for before, after in pairwise(places))
        if gap > 2 * round_count + 2:
            yield f"{plan.alias} waited for {gap} turns in a round of {round_count}"


def _are_secrets_kept(world: World) -> Breaches:
    """No credential and no key in what was sent to clients or logged."""
    log, sent = world.log.getvalue(), bytes(world.sent)
    for secret in world.secrets:
        if secret in log:
            yield f"the log has the secret {secret}"
        if secret.encode() in sent:
            yield f"a client was sent the secret {secret}"


def _is_log_calm(world: World) -> Breaches:
    """Nothing in the log says that the gateway failed inside."""
    for line in world.log.getvalue().splitlines():
        is_loud = '"level": "error"' in line or '"level": "critical"' in line
        if is_loud or "py.warnings" in line or "failed inside" in line:
            yield f"the log says: {line[:500]}"


def _is_every_attempt_known(world: World) -> Breaches:
    """Nobody asks the upstream for nobody, and every answer of it ends."""
    tags = {call.tag for call in world.plan.calls}
    for attempt in world.attempts:
        if attempt.tag not in tags:
            yield f"attempt {attempt.number} is for no request"
        if attempt.outcome is None:
            yield f"attempt {attempt.number} never ended"


WORLD_RULES: tuple[Callable[[World], Breaches], ...] = (
    _is_resting_respected,
    _is_probe_alone,
    _is_expiry_known,
    *FAILOVER_RULES,
    _is_nobody_starved,
    _is_waiting_worth,
    _is_rotation_fair,
    _are_secrets_kept,
    _is_log_calm,
    _is_every_attempt_known,
)
