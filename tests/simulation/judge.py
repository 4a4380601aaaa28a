"""What must hold of every request in every simulated world.

Each rule is a generator of sentences, one for each breach; `judge` asks them all. A rule names a
promise and looks at facts: what the simulated Cursor did, what the clients' sockets got, what the
gateway recorded. It never asks the gateway's own code what would have been right, but for one
table: which code and status stand for a kind of fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cursor_api.dialects.openai.faults import FAULTS, PASSTHROUGH_FAULTS
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Status
from cursor_api.service.access.admission import AdmissionOptions
from tests.simulation.callers import End, question_of
from tests.simulation.case import Case
from tests.simulation.judge_world import WORLD_RULES
from tests.simulation.plan import OPERATOR_KEY, Call, Flaw, Manner
from tests.simulation.plays import Fate
from tests.simulation.told import read_told
from tests.simulation.world import CLOCK_S, Refusal, World

Breaches = Iterator[str]

# What a request gets that is not whole when the gateway ends.
TURNED_AWAY = 503
# Said without asking anybody, before anything else is looked at.
UNASKED = {FaultKind.UPSTREAM_UNAVAILABLE, FaultKind.CLIENT_OUTDATED}
# Fates after which no answer can be whole.
UNWHOLE = {Fate.REFUSED, Fate.BROKEN}
# Promised: an upstream is closed within a second of its client's leaving. A few latencies of 50 ms
# lie between a leaving and what is seen of it.
NOTICE_S = 1.0 + 4 * 0.05
# Until the watch over a response looks: its first look, and one a second.
TICKS_S = 1.25 + 0.1
# The estimate's rule.
BYTES_PER_TOKEN, TOKENS_PER_MESSAGE = 4, 4


def judge(world: World) -> list[str]:
    """All breaches, those that were seen while the world lasted first."""
    breaches = list(world.violations)
    for call in world.plan.calls:
        breaches.extend(f"request #{call.tag}: {one}" for one in _judge_call(world, call))
    for rule in WORLD_RULES:
        breaches.extend(rule(world))
    return breaches


def _judge_call(world: World, call: Call) -> Breaches:
    seen = world.seen.get(call.tag)
    if seen is None:
        yield "it never ended for its client"
        return
    attempts = [one for one in world.attempts if one.tag == call.tag]
    entries = world.records.get(call.tag, [])
    case = Case(world, call, seen, read_told(seen), attempts, entries)
    for rule in RULES if entries else RULES_UNRECORDED:
        yield from rule(case)


def _is_well_formed(case: Case) -> Breaches:
    """Every refusal says why and when to come again; a 200 is an answer."""
    yield from case.told.flaws
    seen, told = case.seen, case.told
    if seen.status is None:
        return
    code = told.error["code"] if told.error else None
    if seen.status in {429, 503} and "retry-after" not in seen.headers:
        yield f"status {seen.status} without Retry-After"
    if seen.status == 500 or code == "internal_error":
        yield "the gateway failed inside"
    if seen.status != 200 and seen.end is End.WHOLE and not code:
        yield f"status {seen.status} without an error: {bytes(seen.body)!r}"
    if seen.status == 200 and seen.end is End.WHOLE and not told.is_done and not told.error:
        yield "an answer that ends without [DONE] and without an error"
    if told.is_done and told.finish_reasons != ["stop"]:
        yield f"a whole answer with the finish reasons {told.finish_reasons}"


def _was_not_whole(case: Case) -> bool:
    """Whether the stop may have found a half of it; the rest never comes, or a second later."""
    return case.call.flaw is Flaw.HALF_SENT or case.call.manner is Manner.DRIBBLED


def _was_refused_early(case: Case) -> Breaches:
    """What is not recorded was refused before the relay, for a reason, or its client left."""
    seen, call = case.seen, case.call
    if seen.status == 200:
        yield "it was answered and is not recorded"
    if case.attempts:
        yield "it was tried and is not recorded"
    if seen.status is None:
        if seen.end is not End.LEFT and not case.is_after_stop:
            yield f"it got no response: {seen.end.value}"
    elif _was_not_whole(case) and case.is_after_stop and seen.status == TURNED_AWAY:
        return
    elif not _is_refusal_true(case) and seen.status != case.early_status:
        yield f"it was refused with {seen.status}, and had {call.flaw.value} wrong"


def _is_refusal_true(case: Case) -> bool:
    """Whether a refusal for want of room, or at the end of all, is what it says."""
    world, refusal = case.world, case.world.refusals.get(case.call.tag)
    limits = world.settings.admission
    if refusal is None:
        return False
    wrong_count = sum(call.flaw in {Flaw.WRONG_KEY, Flaw.NO_KEY} for call in world.plan.calls)
    is_full = refusal.count > limits.requests_max or refusal.stream_count > limits.streams_max
    reasons = {
        "concurrency_exceeded": refusal.of_caller_count > limits.caller_requests_max
        or (case.call.key != OPERATOR_KEY and _is_share_full(refusal, limits)),
        "too_many_wrong_keys": wrong_count >= world.settings.lockout.wrong_keys_max,
        "overloaded": is_full or case.is_after_stop,
    }
    if case.told.error is None:
        return any(reasons.values())  # its client left before it had read which
    return reasons.get(case.told.error["code"], False)


def _is_share_full(refusal: Refusal, limits: AdmissionOptions) -> bool:
    """Whether a client key had more than its share of requests or of streams."""
    percent = limits.caller_percent
    return (
        refusal.of_caller_count * 100 > limits.requests_max * percent
        or refusal.of_caller_stream_count * 100 > limits.streams_max * percent
    )


def _is_recorded_once(case: Case) -> Breaches:
    """Every request that was taken has one record, of its end."""
    statuses = [record.status for _, record in case.entries]
    if len(statuses) != 1 or statuses[0] is Status.PENDING:
        yield f"its records are {[status.value for status in statuses]}"
    if case.early_status is not None:
        yield f"it is recorded, with {case.call.flaw.value}"
    ids = {record.id for _, record in case.entries}
    if len(ids) > 1:
        yield "its records have several ids"
    if case.seen.headers.get("x-request-id", case.record.id) not in ids:
        yield "its client got another request's id"


def _is_success_true(case: Case) -> Breaches:
    """Success is a whole answer, from the upstream to the client, where one was there for it."""
    if case.record.status is not Status.SUCCESS:
        if case.told.is_whole:
            yield f"recorded as {case.record.status.value}, and its client got a whole answer"
        return
    if case.seen.end is End.WHOLE and not case.told.is_whole:
        yield "recorded as success, and its client got no whole answer"
    if case.seen.end is End.CUT and not case.may_be_cut:
        yield "recorded as success, and its client was cut off"
    if not case.attempts or case.attempts[-1].play.fate in UNWHOLE:
        yield f"recorded as success, after {[one.play.name for one in case.attempts]}"


def _is_failure_told(case: Case) -> Breaches:
    """Who is cut off is told why, unless he left or nothing could be told; who left, left."""
    if case.record.status is Status.FAILED and case.seen.end is End.CUT and not case.may_be_cut:
        yield "recorded as failed, and its client was told nothing"
    is_left = case.seen.end is End.LEFT
    if case.record.status is Status.CANCELLED and not is_left and not case.may_be_cut:
        yield "recorded as cancelled, and its client never left"


def _is_text_true(case: Case) -> Breaches:
    """What a client got is what one attempt said, from its beginning, in order, once."""
    told = case.told
    if not told.text and not told.reasoning:
        return
    if not case.attempts:
        yield "an answer from nowhere"
        return
    said = case.attempts[-1].text
    if told.is_whole:
        if (told.reasoning, told.text) != (case.reasoning, said):
            yield f"a whole answer of {told.text!r}, where {said!r} was said"
        return
    if not said.startswith(told.text) or not case.reasoning.startswith(told.reasoning):
        yield f"it got {told.text!r}, where {said!r} was said"
    if told.text and told.reasoning != case.reasoning:
        yield "it got text before its reasoning's end"


def _is_fault_consistent(case: Case) -> Breaches:
    """Client and record are told the same of a failure, and of a caller's mistake what it is."""
    record, error = case.record, case.told.error
    if record.status is not Status.FAILED:
        return
    if record.error_kind is None:
        yield "it failed, and its record does not say why"
        return
    kind = record.error_kind
    shape = (PASSTHROUGH_FAULTS if case.is_own else FAULTS)[kind]
    if error is not None and error["code"] != shape.code:
        yield f"its client was told {error['code']}, its record says {kind.value}"
    if error is not None and case.seen.status not in {200, shape.status}:
        yield f"{kind.value} with the status {case.seen.status}"
    if case.mistake not in {None, kind} and kind not in UNASKED:
        yield f"it failed with {kind.value}, and had {case.call.flaw.value} wrong"


def _is_fault_true(case: Case) -> Breaches:
    """A failure that blames an upstream is one that happened there."""
    record, kind, attempts = case.record, case.record.error_kind, case.attempts
    if record.status is not Status.FAILED or kind is None or case.mistake is not None:
        return
    if case.is_broken_off:
        return
    if record.first_delta_ms is None:
        if not record.attempts or record.attempts[-1].fault is not kind:
            return  # nobody was asked, or could be: see judge_world.py
        began_at = case.world.clock.world_time(record.attempts[-1].started_at)
        is_networks = kind in {FaultKind.UNREACHABLE, FaultKind.UPSTREAM_TIMEOUT}
        if is_networks and _is_cut_off(case.world, began_at):
            return
        if not attempts or attempts[-1].at < began_at - CLOCK_S:
            yield f"it failed with {kind.value}, and never reached an upstream that was there"
            return
    last = attempts[-1]
    if kind not in last.play.kinds:
        yield f"it failed with {kind.value}, where the upstream did: {last.play.name}"


def _is_cut_off(world: World, at: float) -> bool:
    return any(
        one.is_refusing is not None
        and one.from_at - world.plan.limits.first_s <= at <= one.until_at + 1
        for one in world.plan.outages
    )


def _is_usage_true(case: Case) -> Breaches:
    """What is counted is what was said; this wire has no figures of its own."""
    record, call, told = case.record, case.call, case.told
    if record.usage is None:
        # Who left before anybody was asked has used nothing.
        was_asked = record.status is Status.CANCELLED and record.credential_alias != ""
        if record.status is Status.SUCCESS or was_asked:
            yield "it has no usage"
        return
    size_bytes = len(question_of(call).encode())
    message_count = 1
    if call.tag % 3 == 0:
        size_bytes, message_count = size_bytes + len("Be brief."), 2
    if record.usage.input_count != _tokens(size_bytes) + TOKENS_PER_MESSAGE * message_count:
        yield f"its input is counted as {record.usage.input_count}"
    said = case.reasoning + case.attempts[-1].text if case.attempts else ""
    most, least = _tokens(len(said.encode())), _tokens(len((told.reasoning + told.text).encode()))
    counted = record.usage.output_count
    if not least <= counted <= most or (record.status is Status.SUCCESS and counted != most):
        yield f"its output is counted as {counted}, and {least} of {most} reached its client"
    if told.is_whole and (call.includes_usage or not call.is_stream):
        shown = [(one["prompt_tokens"], one["completion_tokens"]) for one in told.usages]
        if shown != [(record.usage.input_count, counted)]:
            yield f"its client was told the usage {shown}, its record has {record.usage}"


def _tokens(size_bytes: int) -> int:
    return -(-size_bytes // BYTES_PER_TOKEN)


def _are_attempts_true(case: Case) -> Breaches:
    """What the record says was tried is what was tried, in order."""
    tried = [one.credential_alias for one in case.record.attempts]
    if case.record.status is Status.CANCELLED or case.is_broken_off:
        tried.append(case.record.credential_alias)
    left = iter(tried)
    for attempt in case.attempts:
        if attempt.alias not in left:
            yield f"attempt {attempt.number} with {attempt.alias} is not among {tried}"


def _is_header_true(case: Case) -> Breaches:
    """`x-attempts` tells what was tried, and only the operator is told the names."""
    header = case.seen.headers.get("x-attempts")
    if case.told.is_kept_alive:
        if header is not None:
            yield f"its client was told {header} before its answer began"
        return
    if header is None:
        if case.seen.is_event_stream and not case.seen.body:
            return  # cut before it could be seen what had begun it
        if case.record.attempts and case.seen.status is not None:
            yield "its client was not told what was tried"
        return
    is_operator = case.is_own or case.call.key == OPERATOR_KEY
    items = [item.split(";")[0] for item in header.split(", ")]
    names = [f'"{one.credential_alias}"' for one in case.record.attempts]
    if items != (names if is_operator else ["credential"] * len(names)):
        yield f"its client was told {header}, where {names} were tried"


def _is_silence_broken(case: Case) -> Breaches:
    """A stream that is long without text is begun by a comment; others have a status of their own.

    An answer in one piece has it always.
    """
    seen, record = case.seen, case.record
    if seen.status is None or not seen.body:
        return
    keep_alive_s = case.world.settings.web.inference.stream.keep_alive_s
    silent_ms = record.duration_ms if record.first_delta_ms is None else record.first_delta_ms
    silent_s = (silent_ms or 0.0) / 1000
    is_late = case.call.is_stream and silent_s > keep_alive_s + TICKS_S
    if is_late and not (seen.status == 200 and case.told.is_kept_alive):
        yield f"it was silent for {silent_s:.1f} s, and then answered with {seen.status}"
    if case.told.is_kept_alive and (not case.call.is_stream or silent_s < keep_alive_s - CLOCK_S):
        yield f"silence was broken after {silent_s:.1f} s"


def _is_leaving_noticed(case: Case) -> Breaches:
    """A client that leaves ends its request, and the upstream's, within a second."""
    if case.seen.end is not End.LEFT:
        return
    left_at, ended_at = case.seen.ended_at, case.entries[-1][0]
    if ended_at > left_at + NOTICE_S:
        yield f"its client left at {left_at:.3f}, it went on until {ended_at:.3f}"
    if case.record.status is Status.SUCCESS:
        return  # what is behind a whole answer is neither waited for nor cut off
    for attempt in case.attempts:
        if attempt.ended_at is None or attempt.ended_at > left_at + NOTICE_S:
            yield f"its client left at {left_at:.3f}, its upstream at {attempt.ended_at}"


Rule = Callable[[Case], Breaches]

RULES: tuple[Rule, ...] = (
    _is_well_formed,
    _is_recorded_once,
    _is_success_true,
    _is_failure_told,
    _is_text_true,
    _is_fault_consistent,
    _is_fault_true,
    _is_usage_true,
    _are_attempts_true,
    _is_header_true,
    _is_silence_broken,
    _is_leaving_noticed,
)
RULES_UNRECORDED: tuple[Rule, ...] = (_is_well_formed, _was_refused_early)
