"""The header that tells what was tried."""

from __future__ import annotations

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Attempt
from cursor_api.web.inference.attempts import attempts_header

TRIED = (
    Attempt("work", 1.0, FaultKind.RATE_LIMITED, 120.4),
    Attempt('工"作\r\n', 2.0, None, 310.0),
)


def test_each_attempt_is_an_item_in_their_order() -> None:
    """Alias, fault if there was one, milliseconds; whatever the alias holds, it is one header."""
    name, value = attempts_header(TRIED, shows_alias=True)
    assert name == b"x-attempts"
    assert value == (b'"work";fault=rate_limited;ms=120, "%E5%B7%A5%22%E4%BD%9C%0D%0A";ms=310')


def test_names_can_be_kept_from_callers() -> None:
    """What happened is theirs to know; how the operator's accounts are called is not."""
    _, value = attempts_header(TRIED, shows_alias=False)
    assert value == b"credential;fault=rate_limited;ms=120, credential;ms=310"
