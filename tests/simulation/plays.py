"""What the simulated Cursor does with one request, and what may truthfully be said of it.

A `Play` is drawn before it is played, so that the judge knows more than the gateway can see.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cursor_api.domain.errors import FaultKind
from cursor_api.simulator.faults import Faults, HttpBody

# Above every time limit that a scenario sets.
FOR_EVER_S = 4000.0


class Fate(enum.Enum):
    """How far an answer can come."""

    WHOLE = "whole"
    # Whole, with something behind its end that a reader may meet or not.
    EITHER = "either"
    # Not one piece of text.
    REFUSED = "refused"
    # Some text, and never the end.
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Play:
    """`kinds` are the faults that it may be told as; empty where it is whole."""

    name: str
    fate: Fate = Fate.WHOLE
    kinds: frozenset[FaultKind] = frozenset()
    change: Mapping[str, object] = field(default_factory=dict)
    # The credential was refused, and until how many seconds later it said that it would be.
    is_credentials: bool = False
    wait_s: float | None = None

    def faults(self, tokens_per_s: float) -> Faults:
        """For the simulator."""
        return Faults(tokens_per_s=tokens_per_s, **self.change)  # type: ignore[arg-type]  # the tables' keys are its fields


@dataclass(frozen=True, slots=True)
class Limits:
    """The gateway's timeouts in this scenario, in seconds; every wait here is far from them."""

    first_s: float
    idle_s: float


Draw = Callable[[random.Random, Limits], Play]


def _refused(name: str, *kinds: FaultKind, **change: object) -> Draw:
    return lambda _chance, _limits: Play(name, Fate.REFUSED, frozenset(kinds), change)


def _broken(name: str, *kinds: FaultKind, **change: object) -> Draw:
    return lambda _chance, _limits: Play(name, Fate.BROKEN, frozenset(kinds), change)


def _whole(name: str, **change: object) -> Draw:
    return lambda _chance, _limits: Play(name, change=change)


def _either(name: str, **change: object) -> Draw:
    kinds = frozenset({FaultKind.PROTOCOL_ERROR})
    return lambda _chance, _limits: Play(name, Fate.EITHER, kinds, change)


def _http_error(chance: random.Random, _limits: Limits) -> Play:
    # Where the body is Connect's, its code says more than a 502.
    status, *kinds = chance.choice(
        (
            (500, FaultKind.UPSTREAM_ERROR),
            (502, FaultKind.UPSTREAM_ERROR, FaultKind.UPSTREAM_OVERLOADED),
            (503, FaultKind.UPSTREAM_OVERLOADED),
            (529, FaultKind.UPSTREAM_OVERLOADED),
            (504, FaultKind.UPSTREAM_TIMEOUT),
        )
    )
    body = chance.choice(tuple(HttpBody))
    wait_s = chance.choice((None, None, 1, 30))
    change = {"http_error": 1.0, "http_status": status, "http_body": body, "retry_after_s": wait_s}
    return Play(f"{status} {body.value}", Fate.REFUSED, frozenset(kinds), change)


def _late_reset(chance: random.Random, limits: Limits) -> Play:
    wait_s = limits.first_s * chance.choice((0.1, 0.5))
    change = {"silence": 1.0, "silence_s": wait_s}
    kinds = frozenset({FaultKind.UNREACHABLE})
    return Play(f"reset after {wait_s:g} s of silence", Fate.REFUSED, kinds, change)


def silence(_chance: random.Random, _limits: Limits) -> Play:
    """Nothing at all, for longer than anybody waits."""
    kinds = frozenset({FaultKind.UPSTREAM_TIMEOUT})
    return Play("silence", Fate.REFUSED, kinds, {"silence": 1.0, "silence_s": FOR_EVER_S})


def _stall(chance: random.Random, limits: Limits) -> Play:
    is_long = chance.random() < 0.5
    stall_s = FOR_EVER_S if is_long else limits.idle_s * 0.5
    change = {"stall_mid_stream": 1.0, "stall_s": stall_s, "fault_after_count": 3}
    if is_long:
        kinds = frozenset({FaultKind.UPSTREAM_TIMEOUT})
        return Play("stall for ever", Fate.BROKEN, kinds, change)
    return Play(f"stall of {stall_s:g} s", change=change)


def _late_text(chance: random.Random, limits: Limits) -> Play:
    wait_s = limits.first_s * chance.choice((0.1, 0.5))
    where = chance.choice(("first_text_delay_s", "headers_delay_s"))
    return Play(f"{where} {wait_s:g}", change={where: wait_s})


def _never_text(_chance: random.Random, _limits: Limits) -> Play:
    """The prompt's echo, and then nothing."""
    kinds = frozenset({FaultKind.UPSTREAM_TIMEOUT})
    return Play("no text, ever", Fate.REFUSED, kinds, {"first_text_delay_s": FOR_EVER_S})


# How a whole endpoint fails.
OUTAGES: tuple[Draw, ...] = (
    _http_error,
    _http_error,
    _late_reset,
    silence,
    _never_text,
    _refused("reset before headers", FaultKind.UNREACHABLE, reset_before_headers=1.0),
    _refused("a web page", FaultKind.PROTOCOL_ERROR, wrong_content_type=1.0),
)

MISHAPS: tuple[Draw, ...] = (
    *OUTAGES,
    _refused("no text", FaultKind.INCOMPLETE, no_text=1.0),
    _refused(
        "error 52 before text", FaultKind.UPSTREAM_ERROR, error_before_text=1.0, error_number=52
    ),
    _refused(
        "error 43 before text", FaultKind.CONTEXT_TOO_LONG, error_before_text=1.0, error_number=43
    ),
    _refused("outdated", FaultKind.CLIENT_OUTDATED, error_before_text=1.0, error_number=28),
    _stall,
    _stall,
    _broken("reset mid", FaultKind.INCOMPLETE, reset_mid_stream=1.0),
    _broken("half-close mid", FaultKind.INCOMPLETE, half_close_mid_stream=1.0),
    _broken("body ends mid", FaultKind.INCOMPLETE, body_ends_mid_stream=1.0),
    _broken("error 13 mid", FaultKind.UPSTREAM_ERROR, error_mid_stream=1.0, error_number=13),
    _broken("reserved flag", FaultKind.PROTOCOL_ERROR, reserved_flag=1.0),
    _broken("oversized length", FaultKind.PROTOCOL_ERROR, oversized_length=1.0),
    _broken("bad gzip", FaultKind.PROTOCOL_ERROR, bad_gzip=1.0),
    _broken("gzip bomb", FaultKind.PROTOCOL_ERROR, gzip_bomb=1.0, gzip_bomb_bytes=300_000),
    _broken("malformed message", FaultKind.PROTOCOL_ERROR, malformed_message=1.0),
    _broken("missing end", FaultKind.INCOMPLETE, missing_end=1.0),
    _late_text,
    _whole("compressed end", compressed_end=1.0),
    _whole("byte by byte", split_bytes_max=1),
    _whole("in pieces of 20", split_bytes_max=20, split_pause_s=0.01),
    _whole("all gzip", gzip_bytes_min=0),
    _whole("ten frames a write", frames_per_write=10),
    _either("duplicate end", duplicate_end=1.0),
    _either("bytes behind the end", trailing_bytes=1.0),
)

GOOD = Play("good")


def refuse_for_a_while(chance: random.Random, wait_s: float, *, says_when: bool) -> Play:
    """A limit of the rate, with the seconds until it ends or without."""
    kinds = frozenset({FaultKind.RATE_LIMITED})
    if says_when:
        whole_s = max(1, int(-(-wait_s // 1)))
        change = {
            "http_error": 1.0,
            "http_status": 429,
            "retry_after_s": whole_s,
            "http_body": chance.choice(tuple(HttpBody)),
        }
        return Play(f"429, wait {whole_s} s", Fate.REFUSED, kinds, change, True, float(whole_s))
    number = chance.choice((7, 8, 22, 50))
    change = {"error_before_text": 1.0, "error_number": number}
    return Play(f"error {number}", Fate.REFUSED, kinds, change, is_credentials=True)


def refuse_by_number(chance: random.Random, kind: FaultKind) -> Play:
    """What else is said of a credential, in the stream or by HTTP."""
    numbers, status = {
        FaultKind.QUOTA_EXHAUSTED: ((9, 10, 41), 402),
        FaultKind.CREDENTIAL_REJECTED: ((2, 11, 12, 38), 401),
        FaultKind.CREDENTIAL_FORBIDDEN: ((4, 17, 53), 403),
        FaultKind.CREDENTIAL_BLOCKED: ((52,), None),
    }[kind]
    change: dict[str, object]
    if status is not None and chance.random() < 0.5:
        # A page would be a firewall's, which judges no credential.
        change = {"http_error": 1.0, "http_status": status, "http_body": HttpBody.EMPTY}
        return Play(f"{status}", Fate.REFUSED, frozenset({kind}), change, is_credentials=True)
    number = chance.choice(numbers)
    change = {"error_before_text": 1.0, "error_number": number}
    if kind is FaultKind.CREDENTIAL_BLOCKED:
        change |= {"error_title": "Too many computers", "error_detail": "Sign out elsewhere."}
    name = f"error {number} ({kind.value})"
    return Play(name, Fate.REFUSED, frozenset({kind}), change, is_credentials=True)
