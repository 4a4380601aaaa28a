"""What must hold of every simulated world as a whole: of its credentials, its log, its secrets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

from cursor_api.domain.errors import SCOPES, FaultKind, Scope
from cursor_api.domain.record import RequestRecord, Status
from tests.simulation.accounts import AccountPlan, Temper
from tests.simulation.judge_failover import FAILOVER_RULES
from tests.simulation.world import World

Breaches = Iterator[str]

CREDENTIAL_ATTEMPTS_MAX = 10
# The least that a credential rests after a refusal which does not say how long: half of the first
# wait, for the jitter. What is not here rests until a person acts.
REST_S_MIN = {
    FaultKind.RATE_LIMITED: 15.0,
    FaultKind.QUOTA_EXHAUSTED: 450.0,
    FaultKind.CREDENTIAL_FORBIDDEN: 450.0,
}
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


def _slack_s(world: World) -> float:
    """From a lease to its whole request's arrival: a connection, and the way through buffers."""
    return 10 * world.plan.link_up.latency_s + 1e-6


def _is_resting_respected(world: World) -> Breaches:
    """Who was refused is not asked before its time, and not at all when only a person can help."""
    learned = {
        (tag, one.credential_alias): one.fault
        for tag, record in _ends(world)
        for one in record.attempts
    }
    slack_s = _slack_s(world)
    for refused in world.attempts:
        if not refused.play.is_credentials or refused.ended_at is None:
            continue
        (kind,) = refused.play.kinds
        if learned.get((refused.tag, refused.alias)) is not kind:
            continue  # its client left before the gateway heard it
        rest_s = refused.play.wait_s or REST_S_MIN.get(kind, math.inf)
        model = world.model_of(refused.tag)
        for other in world.attempts:
            is_same = other.token == refused.token and not world.is_resent(other)
            is_same &= kind not in REST_S_MIN or world.model_of(other.tag) == model
            is_within = refused.ended_at + slack_s < other.at < refused.ended_at + rest_s
            if (
                is_same
                and is_within
                and not _is_touched(world, refused.alias, refused.at, other.at)
            ):
                yield (
                    f"attempt {other.number} asks {other.alias} at {other.at:.3f}, which refused"
                    f" attempt {refused.number} at {refused.ended_at:.3f} with {kind.value}"
                )


def _is_touched(world: World, alias: str, from_at: float, until_at: float) -> bool:
    return any(name == alias and from_at <= at <= until_at for at, name in world.touched)


def _is_expiry_known(world: World) -> Breaches:
    """A token that has ended is not sent."""
    for attempt in world.attempts:
        plan = world.accounts[attempt.token].plan
        is_own = attempt.token == plan.credential.secret.reveal()
        is_late = attempt.at > plan.from_at + _slack_s(world) and not world.is_resent(attempt)
        if plan.temper is Temper.EXPIRING and is_own and is_late:
            yield f"attempt {attempt.number} sends a token that ended at {plan.from_at}"


def _well(world: World) -> list[AccountPlan]:
    """Accounts that nothing was ever wrong with, and that the operator left alone."""
    touched = {alias for _, alias in world.touched}
    # Whoever was silent where another one was answered rests too.
    silent = {one.alias for one in world.tries() if one.fault is FaultKind.UPSTREAM_TIMEOUT}
    return [
        account.plan
        for account in world.accounts.values()
        if account.plan.temper in {Temper.HEALTHY, Temper.SLOW}
        and account.plan.alias not in touched | silent
        and account.plan.wishes.is_enabled
        and account.plan.wishes.concurrency_max is None
    ]


def _is_nobody_starved(world: World) -> Breaches:
    """No request fails for want of a credential while one is well that it did not try."""
    pins = {call.tag: call.pinned for call in world.plan.calls}
    for tag, record in _ends(world):
        if record.status is not Status.FAILED or record.error_kind not in NOBODY:
            continue
        if len(record.attempts) >= CREDENTIAL_ATTEMPTS_MAX or world.is_broken_off(tag):
            continue
        tried = {one.credential_alias for one in record.attempts}
        for plan in _well(world):
            if plan.alias not in tried and pins[tag] in {None, plan.alias}:
                yield (
                    f"request #{tag} failed with {record.error_kind.value} after {sorted(tried)},"
                    f" while {plan.alias} was well"
                )


def _is_rotation_fair(world: World) -> Breaches:
    """In turn means in turn: nobody who is well waits for longer than two rounds."""
    if world.plan.variables["POOL_POLICY"] != "round_robin" or world.touched:
        return
    pinned = {call.tag for call in world.plan.calls if call.pinned}
    top = max(one.wishes.priority for one in world.plan.accounts)
    tier = [one for one in world.plan.accounts if one.wishes.priority == top]
    aliases = {one.alias for one in tier}
    turns = [one for one in world.attempts if one.tag not in pinned and one.alias in aliases]
    round_count = sum(one.wishes.weight for one in tier)
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
    _is_expiry_known,
    *FAILOVER_RULES,
    _is_nobody_starved,
    _is_rotation_fair,
    _are_secrets_kept,
    _is_log_calm,
    _is_every_attempt_known,
)
