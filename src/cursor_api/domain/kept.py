"""Answers that are kept for their callers, as requests and client APIs speak of them."""

from __future__ import annotations

from typing import Final, NamedTuple

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.value import Value

NOT_FOUND: Final = "previous_response_not_found"


class Reference(NamedTuple):
    """An item that a request names in place of repeating it.

    `param` is where it is named, and `answer_id` the answer that it is of.
    """

    item_id: str
    answer_id: str
    param: str


class Thread(NamedTuple):
    """How a request hangs together with answers that are kept for their callers.

    `previous_id` is the answer that it goes on from. `is_kept` asks for its own to be kept, and
    `items` is then its input as JSON. Of its messages the first `head_count` are of this request
    alone. `references` are the items of kept answers that the input names in place of repeating
    them; then `items` is there in any case, and the messages are the first ones only.
    """

    previous_id: str | None = None
    is_kept: bool = False
    head_count: int = 0
    items: bytes = b""
    references: tuple[Reference, ...] = ()


class KeptPage(Value, frozen=True):
    """Which of an answer's items are wanted."""

    count_max: int = 20
    is_oldest_first: bool = False
    after: str | None = None


def not_kept(param: str | None = None) -> Fault:
    """There is none, or none of this caller's: nobody is told which."""
    fault = Fault(
        FaultKind.NOT_FOUND,
        "There is no answer of yours with this id: this gateway keeps answers in memory for a"
        " while, none with 'store': false, and none over a restart. Send the whole conversation.",
        param=param,
    )
    fault.code = NOT_FOUND
    return fault
