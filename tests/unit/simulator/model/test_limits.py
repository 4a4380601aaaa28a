from __future__ import annotations

import pytest

from cursor_api.simulator.model.asks import Call, Reply
from cursor_api.simulator.model.limits import End, Limited, limit

TEXT = Reply(text="one two three four")
CALLS = Reply(calls=(Call("a", {}),))


@pytest.mark.parametrize(
    ("reply", "tokens_max", "stops", "limited"),
    [
        (TEXT, None, (), Limited(TEXT, End.DONE)),
        (TEXT, 5, (), Limited(TEXT, End.DONE)),
        (TEXT, 2, (), Limited(Reply(text="one two "), End.LENGTH)),
        (TEXT, None, ("four", " two"), Limited(Reply(text="one"), End.STOP_TEXT, " two")),
        (TEXT, 1, (" two",), Limited(Reply(text="one"), End.STOP_TEXT, " two")),
        (CALLS, 1, (), Limited(CALLS, End.CALLS)),
        (Reply("thoughts", "text"), 2, (), Limited(Reply("thoughts"), End.LENGTH)),
        (Reply(text="你好你"), 2, (), Limited(Reply(text="你好"), End.LENGTH)),
    ],
)
def test_a_reply_ends_at_its_limit(
    reply: Reply, tokens_max: int | None, stops: tuple[str, ...], limited: Limited
) -> None:
    """At so many tokens, thoughts included, or before the first of the texts; no letter is cut."""
    assert limit(reply, tokens_max, stops) == limited
