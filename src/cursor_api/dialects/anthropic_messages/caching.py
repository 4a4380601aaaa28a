"""Which parts of a prompt the upstream shall keep: a cached token costs a tenth.

The caller's own marks count. Where there are none, as with clients of other dialects, the tools,
the system prompt and the last two turns of the user's are marked: the next request of an agent
begins with all that this one held.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cursor_api.dialects.anthropic_messages.turns import Object, Turn, Written
from cursor_api.domain.content import CacheMark, Role
from cursor_api.wire.cache_marks import write_cache_mark

# The API refuses more.
MARKS_MAX: Final = 4
_MARK: Final = "cache_control"
# Blocks that cannot be marked.
_THOUGHTS: Final = frozenset({"thinking", "redacted_thinking"})


def mark_prompt(tools: list[Object], written: Written, *, is_wanted: bool) -> None:
    """Mark a prompt in place, unless the caller did; `is_wanted` is the operator's word."""
    marked = [one for one in _blocks(tools, written) if _MARK in one]
    # What stands later holds what stands before.
    for one in marked[:-MARKS_MAX]:
        del one[_MARK]
    if marked or not is_wanted:
        return
    for one in _ends(tools, written):
        one.update(write_cache_mark(CacheMark()))


def _blocks(tools: list[Object], written: Written) -> Iterator[Object]:
    yield from tools
    yield from written.system
    for turn in written.turns:
        for result in turn.results:
            inner = result.get("content")
            if isinstance(inner, list):
                yield from inner
            yield result
        yield from turn.blocks


def _ends(tools: list[Object], written: Written) -> Iterator[Object]:
    yield from tools[-1:]
    yield from written.system[-1:]
    users = [turn for turn in written.turns if turn.role is Role.USER]
    last = written.turns[-1]
    chosen: list[Turn] = users[-2:]
    if last.role is not Role.USER:
        chosen = [*users[-1:], last]
    for turn in chosen:
        block = turn.content[-1]
        if block["type"] not in _THOUGHTS:
            yield block
