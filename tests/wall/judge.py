"""What a played scenario has to answer for: complaints, none where all is as it must be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cursor_api.dialects.openai.faults import FAULTS
from cursor_api.domain.errors import SCOPES, FaultKind, Scope
from tests.wall.house import Played, Seen
from tests.wall.scenario import Ask, Attempt, Expect, Leave, Shape
from tests.wall.ways import Got, Way

# How the SDK tells a status.
SDK_ERRORS: Final = {
    400: "BadRequestError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    429: "RateLimitError",
    500: "InternalServerError",
    502: "InternalServerError",
    503: "InternalServerError",
    504: "InternalServerError",
}
# An error inside a stream has no status.
SDK_STREAM_ERROR: Final = "APIError"
SUSPICIONS: Final = {FaultKind.CREDENTIAL_SILENT.value, FaultKind.CREDENTIAL_FAILING.value}
# What a scenario takes, with the time that it lets pass.
UPTIME_S_MAX: Final = 300.0
BYTES_PER_TOKEN: Final = 4


def judge(played: Played) -> list[str]:
    """All that is not as the scenario says, each in a sentence that names the way of asking."""
    found = [f"{len(played.seen)} requests"] if not played.seen else []
    for number, seen in enumerate(played.seen, 1):
        said = f"{played.way.name}, request {number}: "
        match seen.step:
            case Ask(expect):
                found += [said + one for one in _judge_answer(played, seen, expect)]
                found += [said + one for one in _judge_attempts(played.way, seen, expect)]
                found += [said + one for one in _judge_record(seen, expect)]
            case Leave(attempts):
                found += [said + one for one in _judge_leaving(played, seen, attempts)]
    return found + [f"{played.way.name}, afterwards: {one}" for one in _judge_standing(played)]


def _judge_answer(played: Played, seen: Seen, expect: Expect) -> Iterator[str]:
    got, way, text = seen.got, played.way, played.scenario.text
    shape = seen_shape(expect.shape, way)
    if got.shape is not shape:
        yield f"the answer is {got.shape.value} ({got.status} {got.code}), not {shape.value}"
        return
    status = 200 if shape is not Shape.REFUSED else expect.status
    if (got.status, got.code) != (status, expect.code):
        yield f"{got.status} {got.code!r} instead of {status} {expect.code!r}"
    if shape is Shape.WHOLE and got.text != text:
        yield f"other text: {len(got.text)} characters, not the simulator's {len(text)}"
    if shape is Shape.BROKEN and not (got.text and text.startswith(got.text)):
        yield f"the text is no beginning of the simulator's: {got.text[:60]!r}"
    if way.is_sdk:
        error = {Shape.REFUSED: SDK_ERRORS.get(expect.status), Shape.BROKEN: SDK_STREAM_ERROR}
        if got.error != error.get(shape, ""):
            yield f"the SDK raised {got.error or 'nothing'}"
    elif got.headers is not None:
        yield from _judge_headers(dict(got.headers), shape, expect)


def _judge_headers(headers: dict[str, str], shape: Shape, expect: Expect) -> Iterator[str]:
    retry_after = headers.get("retry-after")
    allowed = expect.retry_after_s if shape is Shape.REFUSED else None
    if (retry_after is None) != (allowed is None) or (
        retry_after is not None and allowed is not None and int(retry_after) not in allowed
    ):
        yield f"Retry-After is {retry_after}, and may be {allowed}"
    told = headers.get("x-should-retry")
    if shape is Shape.REFUSED and told != (None if expect.is_retry_invited else "false"):
        yield f"x-should-retry is {told}"


def seen_shape(shape: Shape, way: Way) -> Shape:
    """What is left of a shape where the answer comes in one piece."""
    is_one_status = shape in {Shape.BROKEN, Shape.LATE} and not way.is_stream
    return Shape.REFUSED if is_one_status else shape


def _judge_attempts(way: Way, seen: Seen, expect: Expect) -> Iterator[str]:
    recorded = tuple((one["alias"], one["fault"] or "") for one in seen.record["attempts"])
    if recorded != expect.attempts:
        yield f"the record has the attempts {recorded}"
    told = seen.got.attempts
    begun = expect.attempts
    if expect.shape is Shape.BROKEN and way.is_stream:
        # The header leaves with the first text, when nothing is wrong yet.
        begun = (*begun[:-1], (begun[-1][0], ""))
    if expect.is_kept_alive and way.is_stream:
        begun = ()
    if seen.got.is_kept_alive is not (expect.is_kept_alive and way.is_stream):
        yield f"a comment came before anything else: {seen.got.is_kept_alive}"
    if told is not None and told != begun:
        yield f"x-attempts has {told}"
    asked = tuple(alias for alias, _ in expect.attempts) if expect.is_upstream_asked else ()
    if seen.upstream != asked:
        yield f"the upstream saw requests of {seen.upstream}"


def _judge_record(seen: Seen, expect: Expect) -> Iterator[str]:
    record, got = seen.record, seen.got
    kinds = [kind for kind, shape in FAULTS.items() if shape.code == expect.code]
    is_callers = bool(kinds) and all(SCOPES[kind] is Scope.REQUEST for kind in kinds)
    outcome = "success" if expect.shape is Shape.WHOLE else "failed"
    if is_callers and expect.shape is not Shape.BROKEN:
        outcome = "refused"
    if record["outcome"] != outcome:
        yield f"the record says {record['outcome']}"
    if (record["error_kind"] or "") not in ([kind.value for kind in kinds] or [""]):
        yield f"the record's fault is {record['error_kind']}"
    if got.headers is not None and record["id"] != got.headers.get("x-request-id"):
        yield "the record is another request's"
    durations = (record["duration_ms"], record["first_delta_ms"] or 0.0)
    if min(durations) < 0 or max(durations) > 60_000:
        yield f"the record's durations are {durations}"
    tokens = record["usage"] and record["usage"]["completion_tokens"]
    if expect.shape is Shape.WHOLE and tokens != count_tokens(got.text):
        yield f"the record counts {tokens} tokens, and {count_tokens(got.text)} were delivered"
    if got.completion_tokens is not None and tokens != got.completion_tokens:
        yield f"the answer's usage says {got.completion_tokens}, the record's {tokens}"
    if expect.shape in {Shape.REFUSED, Shape.LATE} and tokens:
        yield f"the record counts {tokens} tokens of an answer that never began"
    if expect.shape is Shape.BROKEN:
        yield from _judge_beginning(got, tokens)


def _judge_beginning(got: Got, tokens: int | None) -> Iterator[str]:
    """What was delivered of an answer that broke off counts; in one piece, what had come."""
    is_right = tokens == count_tokens(got.text) if got.shape is Shape.BROKEN else bool(tokens)
    if not is_right:
        yield f"the record counts {tokens} tokens of a beginning of {len(got.text)} characters"


def count_tokens(text: str) -> int:
    """The gateway's estimate: four bytes a token, rounded up."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def _judge_leaving(played: Played, seen: Seen, attempts: tuple[Attempt, ...]) -> Iterator[str]:
    record = seen.record
    if record["outcome"] != "cancelled":
        yield f"the record says {record['outcome']}"
    recorded = tuple((one["alias"], one["fault"] or "") for one in record["attempts"])
    if recorded != attempts:
        yield f"the record has the attempts {recorded}"
    tokens = record["usage"] and record["usage"]["completion_tokens"]
    if not tokens or tokens >= count_tokens(played.scenario.text):
        yield f"the record counts {tokens} tokens of an answer that was left in its middle"


def _judge_standing(played: Played) -> Iterator[str]:
    scenario, health = played.scenario, played.health
    after, bytes_max = scenario.after, scenario.upstream_bytes_max
    if health.active_count or health.upstream_active_count:
        yield f"{health.active_count} requests and {health.upstream_active_count} upstream run"
    if health.total_count != len(played.seen):
        yield f"{health.total_count} requests were counted, of {len(played.seen)}"
    if not 0 <= health.uptime_s < UPTIME_S_MAX:
        yield f"the gateway says that it has run for {health.uptime_s} s"
    if health.is_breaker_open is not after.is_breaker_open:
        yield f"the breaker is {'open' if health.is_breaker_open else 'closed'}"
    if bytes_max is not None and health.upstream_bytes_max > bytes_max:
        yield f"the gateway took {health.upstream_bytes_max} bytes of an answer"
    for alias in scenario.credentials:
        for said in _judge_health(played, alias):
            yield f"{alias} {said}"


def _judge_health(played: Played, alias: str) -> Iterator[str]:
    health, after = played.health.credentials[alias], played.scenario.after
    if health["active_count"]:
        yield f"has {health['active_count']} leases"
    causes = [one["cause"] for one in health["cooldowns"] if one["phase"] == "waiting"]
    cause = after.resting.get(alias)
    if causes != ([cause] if cause else []):
        yield f"rests because of {causes}, not of {cause}"
    if (health["quarantine"] is not None) is not (alias in after.quarantined):
        yield f"is in quarantine: {health['quarantine']}"
    faults = [fault for seen in played.seen for one, fault in attempts_of(seen) if one == alias]
    blames = [fault for fault in faults if fault and SCOPES[FaultKind(fault)] is Scope.CREDENTIAL]
    # Silence and failures are blamed on a credential where another one was answered.
    blamed_count = len(blames) + (cause in SUSPICIONS)
    counts = (health["success_count"], health["failure_count"])
    if counts != (faults.count(""), blamed_count):
        yield f"has {counts[0]} successes and {counts[1]} failures after {faults}"


def attempts_of(seen: Seen) -> tuple[Attempt, ...]:
    """What a step must have tried."""
    return seen.step.expect.attempts if isinstance(seen.step, Ask) else seen.step.attempts
