"""When a client may try again, as SDKs and agents understand it.

`Retry-After` is whole seconds, 1 to 60: some SDKs wait silently for as long as they are told. A
longer wait is written into the message instead, and `x-should-retry: false` stops those that
listen.
"""

from __future__ import annotations

import math

from cursor_api.domain.errors import Fault, FaultKind

JSON_MEDIA_TYPE = "application/json"
RETRY_AFTER_S_MIN = 1
RETRY_AFTER_S_MAX = 60


def fault_headers(
    fault: Fault, status: int, *, should_retry: bool | None, default_s: int | None
) -> tuple[tuple[str, str], ...]:
    """All headers of an error answer, which is JSON; see `retry_headers`."""
    headers = [("content-type", JSON_MEDIA_TYPE)]
    if status == 401:  # noqa: PLR2004 - RFC 9110 section 15.5.2 demands the header
        headers.append(("www-authenticate", "Bearer"))
    headers += retry_headers(fault, should_retry=should_retry, default_s=default_s)
    return tuple(headers)


def retry_headers(
    fault: Fault, *, should_retry: bool | None, default_s: int | None
) -> list[tuple[str, str]]:
    """The headers that say whether and when.

    `should_retry` None leaves it to the client's own rules. `default_s` is sent where the fault
    names no wait; None sends none then.
    """
    headers = []
    retry_after_s = _retry_after_s(fault, default_s, should_retry=bool(should_retry))
    if retry_after_s is not None:
        headers.append(("retry-after", str(retry_after_s)))
    if should_retry is False or _is_long_wait(fault):
        headers.append(("x-should-retry", "false"))
    if fault.kind is FaultKind.WRONG_NODE:
        # The same connection would lead to the same node.
        headers.append(("connection", "close"))
    return headers


def explain_wait(fault: Fault) -> str:
    """The fault's message, with the wait that no header tells."""
    if not _is_long_wait(fault):
        return fault.message
    wait = _seconds_in_words(fault.retry_after_s)
    if fault.kind is FaultKind.KEY_LIMIT_REACHED:
        return f"{fault.message} There is room again in {wait}."
    return f"{fault.message} The upstream asks for a wait of {wait}."


def _retry_after_s(fault: Fault, default_s: int | None, *, should_retry: bool) -> int | None:
    wait_s = fault.retry_after_s
    if wait_s is None:
        return default_s
    if not should_retry and default_s is None:
        return None
    # A NaN or a negative figure compares false, and so asks for the shortest wait.
    return math.ceil(min(wait_s, RETRY_AFTER_S_MAX)) if wait_s > 0 else RETRY_AFTER_S_MIN


def _is_long_wait(fault: Fault) -> bool:
    """Whether a retry within the longest Retry-After we send must fail."""
    return fault.retry_after_s is not None and fault.retry_after_s > RETRY_AFTER_S_MAX


def _seconds_in_words(wait_s: float | None) -> str:
    if wait_s is None or not math.isfinite(wait_s):
        return "unknown length"
    minutes, seconds = divmod(math.ceil(wait_s), 60)
    hours, minutes = divmod(minutes, 60)
    named = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{count} {unit}" for count, unit in named if count)
