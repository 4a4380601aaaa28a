"""Cursor's official way: what a client sees of the faults of the bridge and of its runs.

Two API keys before one simulated bridge. A fault concerns every run: it is the second key's too
where the first one is not to blame alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from cursor_api.bootstrap import memory_stores
from cursor_api.domain.credential import Credential, Secret
from cursor_api.options.said import Words
from cursor_api.simulator.cursor_sdk.bridge import BridgeSimulator
from cursor_api.simulator.cursor_sdk.options import BridgeFaults, BridgeOptions, Refusal
from tests.acceptance.in_process import MODEL, gateway_before
from tests.wall.scenario import Attempt, Cells, Report, Row, Shape, Special
from tests.wall.ways import RAW, Got

ENDPOINT: Final = "cursor-sdk"
KEYS: Final = {alias: f"crsr_{alias:x<64}" for alias in ("work", "home")}
ONLY_HERE: Final = {"x-route": ENDPOINT}
DEEPER: Final = "tests/acceptance/test_cursor_sdk.py"
WORKED: Final[tuple[Attempt, ...]] = (("work", ""),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What goes wrong, and what is to come of it: the shape, status and code of both answers."""

    key: str
    name: Words
    faults: BridgeFaults = field(default_factory=BridgeFaults)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    streamed: tuple[Shape, int, str] = (Shape.WHOLE, 200, "")
    whole: tuple[Shape, int, str] = (Shape.WHOLE, 200, "")
    attempts: tuple[Attempt, ...] = WORKED


def _refused(status: int, code: str) -> tuple[Shape, int, str]:
    return (Shape.REFUSED, status, code)


def _broken(key: str, name: Words, faults: BridgeFaults, code: str, fault: str) -> Trouble:
    """A run that ends badly after its first words."""
    return Trouble(
        key=key,
        name=name,
        faults=faults,
        streamed=(Shape.BROKEN, 200, code),
        whole=_refused(502, code),
        attempts=(("work", fault),),
    )


def _elsewhere(key: str, name: Words, refusal: Refusal, fault: str) -> Trouble:
    """The first key is refused when its agent is made; the second one answers."""
    return Trouble(
        key=key,
        name=name,
        refusals={KEYS["work"]: refusal},
        attempts=(("work", fault), ("home", "")),
    )


_KEPT_ALIVE: Final = BridgeFaults(is_silent=True, keepalive_s=0.2)
_REFUSALS: Final = (
    ("key", Words("an API key that is not accepted", "API 密钥不被接受"), 401, "unauthenticated"),
    (
        "plan",
        Words("an API key without a plan for it", "API 密钥的套餐不允许"),
        403,
        "plan_required",
    ),
    ("limit", Words("an API key over its rate", "API 密钥超出速率"), 429, "resource_exhausted"),
)
_FAULTS: Final = {
    "unauthenticated": "credential_rejected",
    "plan_required": "credential_forbidden",
    "resource_exhausted": "rate_limited",
}
TROUBLES: Final[tuple[Trouble, ...]] = (
    *(
        _elsewhere(key, name, Refusal(status, code, "No."), _FAULTS[code])
        for key, name, status, code in _REFUSALS
    ),
    Trouble(
        key="usage-limit",
        name=Words("every account's usage limit reached", "所有账户都达到用量上限"),
        faults=BridgeFaults(run_error="Usage limit reached"),
        streamed=_refused(429, "insufficient_quota"),
        whole=_refused(429, "insufficient_quota"),
        attempts=tuple((alias, "quota_exhausted") for alias in ("work", "home")),
    ),
    Trouble(
        key="overloaded",
        name=Words("runs that fail at once as overloaded", "运行立即失败：过载"),
        faults=BridgeFaults(run_error="[unavailable] Error"),
        streamed=_refused(503, "upstream_overloaded"),
        whole=_refused(503, "upstream_overloaded"),
        attempts=tuple((alias, "upstream_overloaded") for alias in ("work", "home", "work")),
    ),
    Trouble(
        key="outdated",
        name=Words("a bridge that is too old", "桥接程序过旧"),
        faults=BridgeFaults(run_error="Update Required"),
        streamed=_refused(502, "upstream_client_outdated"),
        whole=_refused(502, "upstream_client_outdated"),
        attempts=(("work", "client_outdated"),),
    ),
    Trouble(
        key="invalid",
        name=Words("a request that Cursor does not take", "Cursor 不接受的请求"),
        faults=BridgeFaults(run_error="[invalid_argument] Error"),
        streamed=_refused(400, "invalid_request"),
        whole=_refused(400, "invalid_request"),
        attempts=(("work", "invalid_request"),),
    ),
    Trouble(
        key="keep-alives",
        name=Words("keep-alives and no word", "只有保活，没有内容"),
        faults=_KEPT_ALIVE,
        streamed=_refused(504, "upstream_timeout"),
        whole=_refused(504, "upstream_timeout"),
        # The bridge itself asks again all this time: no other key is made to.
        attempts=(("work", "upstream_timeout"),),
    ),
    _broken(
        "error-run",
        Words("a run that fails in the middle", "运行中途失败"),
        BridgeFaults(run_error="[internal] Error", text_count=3),
        "upstream_error",
        "upstream_error",
    ),
    _broken(
        "reset-run",
        Words("a stream that is reset in the middle", "流在中途被重置"),
        BridgeFaults(is_reset=True, text_count=2),
        "upstream_incomplete",
        "incomplete",
    ),
    _broken(
        "no-result",
        Words("a stream that ends without a result", "流结束却没有结果"),
        BridgeFaults(is_cut=True, text_count=2),
        "upstream_incomplete",
        "incomplete",
    ),
    _broken(
        "cancelled",
        Words("a run that is cancelled by somebody else", "运行被他人取消"),
        BridgeFaults(is_cancelled=True, text_count=1),
        "upstream_incomplete",
        "incomplete",
    ),
    Trouble(
        key="unknown-items",
        name=Words("items of unknown types", "未知类型的条目"),
        faults=BridgeFaults(has_unknown_items=True),
    ),
)


async def play(trouble: Trouble) -> Report:
    """Asked in both ways, each before a gateway of its own."""
    options = BridgeOptions(
        api_keys=frozenset(KEYS.values()),
        refusals=trouble.refusals,
        models=({"id": MODEL, "displayName": MODEL},),
        faults=trouble.faults,
    )
    found: list[str] = []
    cells: list[Words] = []
    for way, wanted in zip(RAW, (trouble.streamed, trouble.whole), strict=True):
        async with AsyncExitStack() as stack:
            bridge = await stack.enter_async_context(BridgeSimulator(options))
            environment = {
                "CURSOR_SDK_BRIDGE_URL": bridge.url,
                "CURSOR_SDK_BRIDGE_TOKEN": bridge.token,
                "CURSOR_SDK_FIRST_TOKEN_TIMEOUT_S": "1",
            }
            stores = memory_stores(
                [Credential(alias, Secret(key), endpoint=ENDPOINT) for alias, key in KEYS.items()]
            )
            gateway = await stack.enter_async_context(
                gateway_before("http://127.0.0.1:9", environment=environment, tokens=stores)
            )
            got = await way.ask(gateway, ONLY_HERE)
        seen = (got.shape, got.status, got.code)
        if seen != wanted:
            found.append(f"{way.name}: {seen}, not {wanted}")
        # Where the answer has begun, its header says who answered.
        is_told = got.shape is not Shape.BROKEN
        expected = trouble.attempts if is_told else WORKED
        if got.attempts != expected:
            found.append(f"{way.name}: tried {got.attempts}, not {expected}")
        cells.append(_describe(got))
    tried = " → ".join(f"{alias} {fault or 'answered'}" for alias, fault in trouble.attempts)
    tried_zh = " → ".join(f"{alias} {fault or '已回答'}" for alias, fault in trouble.attempts)
    return Report(Cells(cells[0], cells[1], Words(tried, tried_zh)), tuple(found))


def _describe(got: Got) -> Words:
    match got.shape:
        case Shape.WHOLE:
            return Words("whole", "完整")
        case Shape.BROKEN:
            return Words(
                f"a beginning, then the error event `{got.code}`",
                f"开头部分，然后是错误事件 `{got.code}`",
            )
        case _:
            has_wait = got.headers is not None and "retry-after" in got.headers
            told = f"{got.status} `{got.code}`{', Retry-After' if has_wait else ''}"
            return Words(told, told)


ROWS: Final[tuple[Row, ...]] = tuple(
    Special(
        key=f"{ENDPOINT}-{trouble.key}",
        name=Words(f"Cursor SDK: {trouble.name.en}", f"Cursor SDK：{trouble.name.zh}"),
        run=partial(play, trouble),
        deeper=DEEPER,
    )
    for trouble in TROUBLES
)
