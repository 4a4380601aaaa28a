"""Beyond the sixteen: bytes, connections, names, certificates, clocks, limits of the machine."""

from __future__ import annotations

from typing import Final

from cursor_api.options.said import Words
from cursor_api.simulator.cursor.refusals import UPDATE_REQUIRED
from cursor_api.simulator.faults import Faults, HttpBody
from tests.wall.kept import KEPT, thrice
from tests.wall.scenario import (
    FINE,
    MIDDLE,
    Afterwards,
    Ask,
    Attempt,
    Elapse,
    Expect,
    Jump,
    Leave,
    Place,
    Row,
    Scenario,
    Shape,
)
from tests.wall.sixteen import FAILED, WORK, broken, whole

HOUR_S: Final = 3600.0
REST_S: Final = 60
OPEN_S: Final = 30.0
# Fast enough for a test, and slow enough that what was sent has been read when something happens.
PACED: Final = 500.0


def resting() -> Ask:
    """A request by the name of a credential that rests: nobody is asked."""
    expect = Expect(
        shape=Shape.REFUSED,
        status=429,
        code="rate_limit_exceeded",
        retry_after_s=range(1, REST_S + 1),
    )
    return Ask(expect, headers=WORK)


def jumping(key: str, name: Words, seconds: float) -> Scenario:
    """The wall clock jumps while a credential rests for a minute, and the minute goes by."""
    limited = Faults(http_error=1, http_status=429, retry_after_s=REST_S)
    return Scenario(
        key=key,
        name=name,
        credentials={"work": (limited, Faults()), "home": FINE},
        steps=(
            whole(("work", "rate_limited"), ("home", "")),
            Jump(seconds),
            resting(),
            Elapse(REST_S + 1),
            Ask(Expect(attempts=(("work", ""),)), headers=WORK),
        ),
    )


def everybody(faults: Faults) -> dict[str, tuple[Faults, ...]]:
    """Two credentials that meet the same."""
    return {"work": (faults,), "home": (faults,)}


def busy(seconds: int) -> Faults:
    """The endpoint asks for so much time."""
    return Faults(http_error=1, http_status=503, retry_after_s=seconds)


ONE_WORK: Final[Attempt] = ("work", "")
BYTES = (
    Scenario(
        key="cut-at-a-byte",
        name=Words(
            "cut inside a frame, at byte 3,000 of the answer", "在回答的第 3000 字节处、帧内断开"
        ),
        credentials={"work": (Faults(half_close_mid_stream=1, cut_at_bytes=3000),), "home": FINE},
        steps=(broken(502, "upstream_incomplete", ("work", "incomplete")),),
        deeper="tests/acceptance/test_byte_cuts.py",
    ),
    Scenario(
        key="slow-bytes",
        name=Words(
            "byte by byte, for longer than silence may last", "逐字节到达，总时长超过静默时限"
        ),
        credentials={"work": (Faults(split_bytes_max=1, split_pause_s=0.001),)},
        steps=(whole(ONE_WORK),),
        # The echo of the prompt, which comes first, is slow as well.
        settings={"CURSOR_FIRST_TOKEN_TIMEOUT_S": "10"},
        text="Slowly, but all of it: 慢慢来。",
        deeper="tests/acceptance/test_byte_cuts.py",
    ),
    Scenario(
        key="gzip-bomb",
        name=Words("a frame that inflates to 64 MiB", "一个解压后为 64 MiB 的帧"),
        credentials={"work": (Faults(gzip_bomb=1, fault_after_count=MIDDLE),), "home": FINE},
        steps=(broken(502, "upstream_protocol_error", ("work", "protocol_error")),),
        # The simulator takes its time to deflate so much.
        settings={"CURSOR_FIRST_TOKEN_TIMEOUT_S": "10", "CURSOR_IDLE_TIMEOUT_S": "10"},
        deeper="tests/acceptance/test_bombs.py",
    ),
    Scenario(
        key="100-mb-frame",
        name=Words("a frame of 100 MB, really sent", "一个真实发送的 100 MB 帧"),
        credentials={
            "work": (
                Faults(
                    oversized_length=1,
                    oversized_bytes=100_000_000,
                    is_oversized_sent=True,
                    fault_after_count=MIDDLE,
                ),
            ),
            "home": FINE,
        },
        steps=(broken(502, "upstream_protocol_error", ("work", "protocol_error")),),
        # What lies in the buffers of two sockets; the gateway hangs up at the frame's head.
        upstream_bytes_max=16 * 1024 * 1024,
        deeper="tests/unit/wire/test_envelope.py",
    ),
    Scenario(
        key="duplicated-end",
        name=Words("the end of the stream twice, in one packet", "同一数据包中出现两个流结束标记"),
        credentials={"work": (Faults(duplicate_end=1, frames_per_write=10_000),)},
        steps=(broken(502, "upstream_protocol_error", ("work", "protocol_error")),),
        deeper="tests/contract/test_simulator_oracles.py",
    ),
    Scenario(
        key="contradicted-end",
        name=Words(
            "a clean end, and in the same packet another that tells of an error",
            "正常结束之后，同一数据包中又有一个报告错误的结束标记",
        ),
        credentials={"work": (Faults(contradicted_end=1, frames_per_write=10_000),)},
        steps=(broken(502, "upstream_protocol_error", ("work", "protocol_error")),),
        deeper="tests/contract/test_simulator_oracles.py",
    ),
    Scenario(
        key="malformed-at-once",
        name=Words("a malformed frame before any text", "尚无文字时出现畸形帧"),
        credentials={"work": (Faults(malformed_message=1, fault_after_count=0),), "home": FINE},
        steps=(whole(("work", "protocol_error"), ("home", "")),),
        after=Afterwards(resting={"work": "credential_failing"}),
        deeper="tests/fuzz/test_fuzz_wire.py",
    ),
)

CONNECTIONS = (
    Scenario(
        key="reset-after-headers",
        name=Words("connection reset between headers and text", "响应头之后、文字之前连接被重置"),
        credentials={
            "work": (Faults(reset_mid_stream=1, fault_after_count=0, first_text_delay_s=0.2),),
            "home": FINE,
        },
        steps=(whole(("work", "incomplete"), ("home", "")),),
        after=Afterwards(resting={"work": "credential_failing"}),
    ),
    Scenario(
        key="reset-in-the-middle",
        name=Words("connection reset in the middle", "中途连接被重置"),
        credentials={
            "work": (Faults(reset_mid_stream=1, fault_after_count=MIDDLE, tokens_per_s=PACED),),
            "home": FINE,
        },
        steps=(broken(502, "upstream_incomplete", ("work", "incomplete")),),
        deeper="tests/acceptance/test_byte_cuts.py",
    ),
    Scenario(
        key="reset-after-the-end",
        name=Words("connection reset after a whole answer", "完整回答之后连接被重置"),
        credentials={"work": (Faults(reset_after_end=1),)},
        steps=(whole(ONE_WORK), whole(ONE_WORK)),
        deeper="tests/acceptance/test_byte_cuts.py",
    ),
    *KEPT,
    Scenario(
        key="half-closed-before-text",
        name=Words("half-closed by the upstream before any text", "上游在文字之前半关闭连接"),
        credentials={"work": (Faults(half_close_mid_stream=1, fault_after_count=0),), "home": FINE},
        steps=(whole(("work", "incomplete"), ("home", "")),),
        after=Afterwards(resting={"work": "credential_failing"}),
    ),
    Scenario(
        key="half-closed-by-the-client",
        name=Words(
            "half-closed by the client: it counts as having left", "客户端半关闭连接：视为已离开"
        ),
        credentials={"work": (Faults(tokens_per_s=100),)},
        steps=(Leave((ONE_WORK,), is_half=True),),
        deeper="tests/acceptance/test_clients_errors.py",
    ),
    Scenario(
        key="client-leaves",
        name=Words("the client leaves in the middle", "客户端中途离开"),
        credentials={"work": (Faults(tokens_per_s=100),)},
        steps=(Leave((ONE_WORK,)),),
        deeper="tests/acceptance/test_clients_errors.py",
    ),
    Scenario(
        key="all-silent",
        name=Words("no response to any credential", "所有凭据都没有响应"),
        credentials=everybody(Faults(silence=1)),
        settings={"CURSOR_FIRST_TOKEN_TIMEOUT_S": "0.3"},
        steps=(
            Ask(
                Expect(
                    shape=Shape.REFUSED,
                    status=504,
                    code="upstream_timeout",
                    attempts=(("work", "upstream_timeout"), ("home", "upstream_timeout")),
                )
            ),
        ),
    ),
    Scenario(
        key="connection-refused",
        name=Words("connection refused", "连接被拒绝"),
        credentials=everybody(Faults()),
        steps=(thrice(502, "upstream_unreachable", "unreachable", is_upstream_asked=False),),
        place=Place.CLOSED_PORT,
        deeper="tests/unit/transport/test_client.py",
    ),
    Scenario(
        key="dns-failure",
        name=Words("the upstream's name has no address", "上游域名无法解析"),
        credentials=everybody(Faults()),
        steps=(thrice(502, "upstream_unreachable", "unreachable", is_upstream_asked=False),),
        place=Place.NO_NAME,
        deeper="tests/unit/transport/test_client.py",
    ),
    Scenario(
        key="tls-failure",
        name=Words(
            "a self-signed certificate: no credential is sent", "自签名证书：不会发送任何凭据"
        ),
        credentials=everybody(Faults()),
        steps=(thrice(502, "upstream_unreachable", "unreachable", is_upstream_asked=False),),
        place=Place.SIMULATOR_SELF_SIGNED,
        deeper="tests/acceptance/test_upstream_trust.py",
    ),
)

ANSWERS = (
    Scenario(
        key="wrong-content-type",
        name=Words("a web page with status 200", "状态 200 的网页"),
        credentials=everybody(Faults(wrong_content_type=1)),
        steps=(thrice(502, "upstream_protocol_error", "protocol_error"),),
    ),
    Scenario(
        key="html-error-page",
        name=Words("a proxy's error page (502, HTML)", "代理的错误页面（502，HTML）"),
        credentials=everybody(Faults(http_error=1, http_status=502, http_body=HttpBody.HTML)),
        steps=(thrice(502, "upstream_error", "upstream_error"),),
        deeper="tests/acceptance/test_defects.py",
    ),
    Scenario(
        key="credential-revoked",
        name=Words("401: the credential is revoked", "401：凭据已被吊销"),
        credentials={"work": (Faults(http_error=1, http_status=401),), "home": FINE},
        steps=(whole(("work", "credential_rejected"), ("home", "")), whole(("home", ""))),
        after=Afterwards(quarantined=frozenset({"work"})),
    ),
    Scenario(
        key="client-outdated",
        name=Words("“Update Required”, two requests", "“Update Required”，两次请求"),
        credentials=everybody(Faults(error_before_text=1, error_number=UPDATE_REQUIRED)),
        steps=tuple(
            Ask(
                Expect(
                    shape=Shape.REFUSED,
                    status=502,
                    code="upstream_client_outdated",
                    is_retry_invited=False,
                    attempts=attempts,
                )
            )
            for attempts in ((("work", "client_outdated"),), ())
        ),
        after=Afterwards(is_breaker_open=True),
    ),
    Scenario(
        key="503-for-a-second",
        name=Words("503 with Retry-After: 1, once", "一次 503 带 Retry-After: 1"),
        credentials={"work": (busy(1), Faults())},
        steps=(whole(("work", "upstream_overloaded"), ONE_WORK),),
    ),
    Scenario(
        key="503-for-longer",
        name=Words("503 with Retry-After: 20, two requests", "503 带 Retry-After: 20，两次请求"),
        credentials=everybody(busy(20)),
        steps=(
            Ask(
                Expect(
                    shape=Shape.REFUSED,
                    status=503,
                    code="upstream_overloaded",
                    retry_after_s=range(20, 21),
                    attempts=(("work", "upstream_overloaded"),),
                )
            ),
            # It has said when to come back, and nobody comes sooner.
            Ask(
                Expect(
                    shape=Shape.REFUSED,
                    status=503,
                    code="upstream_unavailable",
                    retry_after_s=range(1, 21),
                )
            ),
        ),
        after=Afterwards(is_breaker_open=True),
    ),
    Scenario(
        key="outage-and-recovery",
        name=Words(
            "500 five times: not asked for 30 s, then one probe, then all is well",
            "连续五次 500：30 秒内不再请求，然后探测一次，恢复正常",
        ),
        credentials={"work": (*(FAILED,) * 5, Faults())},
        steps=(
            Ask(
                failed := Expect(
                    shape=Shape.REFUSED,
                    status=502,
                    code="upstream_error",
                    attempts=(("work", "upstream_error"),) * 3,
                )
            ),
            *(
                Ask(
                    Expect(
                        shape=failed.shape,
                        status=failed.status,
                        code=failed.code,
                        attempts=(("work", "upstream_error"),),
                    )
                ),
            )
            * 2,
            Ask(
                Expect(
                    shape=Shape.REFUSED,
                    status=503,
                    code="upstream_unavailable",
                    retry_after_s=range(1, int(OPEN_S) + 1),
                )
            ),
            Elapse(OPEN_S),
            whole(ONE_WORK),
            whole(ONE_WORK),
        ),
    ),
)

CLOCKS = (
    jumping(
        "clock-forward",
        Words(
            "the wall clock jumps forward an hour while a credential rests for 60 s",
            "凭据冷却 60 秒期间，系统时钟向前跳一小时",
        ),
        HOUR_S,
    ),
    jumping(
        "clock-back",
        Words(
            "the wall clock jumps back an hour while a credential rests for 60 s",
            "凭据冷却 60 秒期间，系统时钟向后跳一小时",
        ),
        -HOUR_S,
    ),
    Scenario(
        key="clock-during-a-stream",
        name=Words(
            "the wall clock jumps an hour, forward and back, during an answer",
            "回答过程中系统时钟前后各跳一小时",
        ),
        credentials={"work": (Faults(tokens_per_s=PACED),)},
        steps=tuple(
            Ask(Expect(attempts=(ONE_WORK,)), jump_s=seconds) for seconds in (HOUR_S, -HOUR_S)
        ),
    ),
)

ROWS: Final[tuple[Row, ...]] = (*BYTES, *CONNECTIONS, *ANSWERS, *CLOCKS)
