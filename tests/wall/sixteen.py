"""The sixteen: what a gateway meets in a bad week, and what its client must see then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cursor_api.options.said import Words
from cursor_api.simulator.faults import Faults
from tests.wall.flapping import FLAPPING
from tests.wall.scenario import (
    FINE,
    FOREVER_S,
    MIDDLE,
    Afterwards,
    Ask,
    Attempt,
    Expect,
    Row,
    Scenario,
    Shape,
)

WORK: Final[Mapping[str, str]] = {"x-credential": "work"}


def whole(*attempts: Attempt) -> Ask:
    """A request that is answered in the end."""
    return Ask(Expect(attempts=attempts))


def broken(status: int, code: str, *attempts: Attempt) -> Ask:
    """A request whose answer breaks off after it has begun."""
    return Ask(Expect(shape=Shape.BROKEN, status=status, code=code, attempts=attempts))


LIMITED = Faults(http_error=1, http_status=429)
LIMITED_7_S = Faults(http_error=1, http_status=429, retry_after_s=7)
FAILED = Faults(http_error=1, http_status=500)
OVERLOADED = Faults(http_error=1, http_status=503)
CUT = Faults(half_close_mid_stream=1, fault_after_count=MIDDLE)
TOO_LONG = Faults(error_before_text=1, error_number=43)
REFUSED = Faults(
    error_before_text=1,
    error_number=29,
    error_title="Request refused",
    error_detail="The prompt was filtered by the content policy of the model's provider.",
)


def refusal(status: int, code: str, fault: str) -> Ask:
    """A caller's mistake: answered at once, and not to be repeated."""
    return Ask(
        Expect(
            shape=Shape.REFUSED,
            status=status,
            code=code,
            is_retry_invited=False,
            attempts=(("work", fault),),
        )
    )


ROWS: Final[tuple[Row, ...]] = (
    Scenario(
        key="429-with-retry-after",
        name=Words(
            "429 with Retry-After: 7; then that credential is asked for by name",
            "429 带 Retry-After: 7；随后指名使用该凭据",
        ),
        credentials={"work": (LIMITED_7_S,), "home": FINE},
        steps=(
            whole(("work", "rate_limited"), ("home", "")),
            Ask(
                Expect(
                    shape=Shape.REFUSED,
                    status=429,
                    code="rate_limit_exceeded",
                    retry_after_s=range(1, 8),
                ),
                headers=WORK,
            ),
        ),
        after=Afterwards(resting={"work": "rate_limited"}),
    ),
    Scenario(
        key="429-persistent",
        name=Words("429 from every credential, twice", "所有凭据都返回 429，两次请求"),
        credentials={"work": (LIMITED,), "home": (LIMITED,)},
        steps=(
            Ask(
                Expect(
                    shape=Shape.REFUSED,
                    status=429,
                    code="rate_limit_exceeded",
                    # Whoever is back first is so in 15 to 30 seconds.
                    retry_after_s=range(15, 31),
                    attempts=(("work", "rate_limited"), ("home", "rate_limited")),
                )
            ),
            # Nobody is asked.
            Ask(
                Expect(
                    shape=Shape.REFUSED,
                    status=429,
                    code="rate_limit_exceeded",
                    retry_after_s=range(5, 31),
                )
            ),
        ),
        after=Afterwards(resting={"work": "rate_limited", "home": "rate_limited"}),
    ),
    Scenario(
        key="500-once",
        name=Words("500 once, one credential", "一次 500，仅一个凭据"),
        credentials={"work": (FAILED, Faults())},
        steps=(whole(("work", "upstream_error"), ("work", "")),),
    ),
    Scenario(
        key="503-persistent",
        name=Words("503 from everybody, four requests", "全部返回 503，四次请求"),
        credentials={"work": (OVERLOADED,), "home": (OVERLOADED,)},
        steps=(
            Ask(
                overloaded := Expect(
                    shape=Shape.REFUSED,
                    status=503,
                    code="upstream_overloaded",
                    retry_after_s=range(1, 31),
                    attempts=tuple(
                        (alias, "upstream_overloaded") for alias in ("work", "home", "work")
                    ),
                )
            ),
            # The budget of retries is spent: one attempt a request.
            *(
                Ask(
                    Expect(
                        shape=overloaded.shape,
                        status=overloaded.status,
                        code=overloaded.code,
                        retry_after_s=overloaded.retry_after_s,
                        attempts=((alias, "upstream_overloaded"),),
                    )
                )
                for alias in ("home", "work")
            ),
            # Five in a row: the breaker is open.
            Ask(
                Expect(
                    shape=Shape.REFUSED,
                    status=503,
                    code="upstream_unavailable",
                    retry_after_s=range(1, 31),
                )
            ),
        ),
        after=Afterwards(is_breaker_open=True),
    ),
    Scenario(
        key="reset-before-headers",
        name=Words("connection reset before the headers", "响应头之前连接被重置"),
        credentials={"work": (Faults(reset_before_headers=1),), "home": FINE},
        steps=(whole(("work", "unreachable"), ("home", "")),),
        after=Afterwards(resting={"work": "credential_failing"}),
    ),
    Scenario(
        key="no-response",
        name=Words("no response at all; then another request", "完全没有响应；随后再次请求"),
        credentials={"work": (Faults(silence=1),), "home": FINE},
        steps=(whole(("work", "upstream_timeout"), ("home", "")), whole(("home", ""))),
        after=Afterwards(resting={"work": "credential_silent"}),
    ),
    Scenario(
        key="first-token-late",
        name=Words(
            "headers at once, the first text too late", "响应头即时到达，第一段文字迟迟不来"
        ),
        credentials={"work": (Faults(first_text_delay_s=FOREVER_S),), "home": FINE},
        steps=(whole(("work", "upstream_timeout"), ("home", "")),),
        after=Afterwards(resting={"work": "credential_silent"}),
    ),
    Scenario(
        key="cut-in-the-middle",
        name=Words("connection cut in the middle; then another request", "中途断开；随后再次请求"),
        credentials={"work": (CUT,), "home": FINE},
        steps=(
            broken(502, "upstream_incomplete", ("work", "incomplete")),
            whole(("home", "")),
        ),
        deeper="tests/acceptance/test_byte_cuts.py",
    ),
    Scenario(
        key="stall-in-the-middle",
        name=Words("silence in the middle", "中途静默"),
        credentials={
            "work": (Faults(stall_mid_stream=1, fault_after_count=MIDDLE),),
            "home": FINE,
        },
        steps=(broken(504, "upstream_timeout", ("work", "upstream_timeout")),),
    ),
    Scenario(
        key="malformed-frame",
        name=Words("one malformed frame in the middle", "中途一个畸形帧"),
        credentials={
            "work": (Faults(malformed_message=1, fault_after_count=MIDDLE),),
            "home": FINE,
        },
        steps=(broken(502, "upstream_protocol_error", ("work", "protocol_error")),),
        deeper="tests/fuzz/test_fuzz_wire.py",
    ),
    Scenario(
        key="missing-end",
        name=Words("all the text, and no end of the stream", "文字齐全，但没有流结束标记"),
        credentials={"work": (Faults(missing_end=1),), "home": FINE},
        steps=(broken(502, "upstream_incomplete", ("work", "incomplete")),),
        deeper="tests/acceptance/test_byte_cuts.py",
    ),
    Scenario(
        key="context-too-long",
        name=Words("the conversation is too long", "上下文过长"),
        credentials={"work": (TOO_LONG,), "home": (TOO_LONG,)},
        steps=(refusal(400, "context_length_exceeded", "context_too_long"),),
    ),
    Scenario(
        key="content-refused",
        name=Words("the content is refused", "内容被拒绝"),
        credentials={"work": (REFUSED,), "home": (REFUSED,)},
        steps=(refusal(400, "content_policy_violation", "content_refused"),),
    ),
    Scenario(
        key="cut-with-no-second-route",
        name=Words(
            "cut in the middle, and no other credential; then another request",
            "中途断开且没有其他凭据；随后再次请求",
        ),
        credentials={"work": (CUT, Faults())},
        steps=(
            broken(502, "upstream_incomplete", ("work", "incomplete")),
            whole(("work", "")),
        ),
        deeper="tests/acceptance/test_byte_cuts.py",
    ),
    FLAPPING,
    Scenario(
        key="accounting-across-a-failover",
        name=Words(
            "accounting: refused, then failed, then answered",
            "记账：先被拒绝，再失败，然后得到回答",
        ),
        credentials={
            "work": (LIMITED,),
            "home": (FAILED,),
            "spare": FINE,
        },
        steps=(whole(("work", "rate_limited"), ("home", "upstream_error"), ("spare", "")),),
        after=Afterwards(resting={"work": "rate_limited", "home": "credential_failing"}),
    ),
)
