from __future__ import annotations

from typing import Any

import pytest

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.playing import Fate, Script, play
from cursor_api.simulator.steps import Data, Ending, Head, Pause
from tests.unit.simulator.api_asking import hear

HEAD = Head(200, ())
SCRIPT = Script(
    HEAD,
    (b"one ", b"two ", b"three "),
    opening=(b"<",),
    ending=(b"end", b">"),
    error=b"error",
    malformed=b"bad ",
)


def body(**faults: Any) -> tuple[bytes, Ending | None]:
    """What comes of the script under these faults."""
    heard = hear(play(SCRIPT, Fate.of(0, Faults(**faults))))
    return heard.body, heard.ending


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({}, b"<one two three end>"),
        ({"no_text": 1}, b"<end>"),
        ({"missing_end": 1}, b"<one two three "),
        ({"duplicate_end": 1}, b"<one two three end>end>"),
        ({"contradicted_end": 1}, b"<one two three end>error"),
        ({"trailing_bytes": 1}, b"<one two three end>one "),
        ({"malformed_message": 1, "fault_after_count": 1}, b"<one bad two three end>"),
        ({"malformed_message": 1, "fault_after_count": 9}, b"<one two three bad end>"),
        ({"error_mid_stream": 1, "fault_after_count": 2}, b"<one two error"),
        ({"body_ends_mid_stream": 1, "cut_at_bytes": 3}, b"<on"),
    ],
)
def test_an_answer_goes_as_its_faults_say(faults: dict[str, Any], expected: bytes) -> None:
    """And the HTTP answer ends as it should."""
    assert body(**faults) == (expected, Ending.COMPLETE)


def test_an_answer_stops_in_the_middle() -> None:
    """Inside a piece or between two, by a reset, by half a close or by a clean end."""
    for mishap, ending in (
        ("reset_mid_stream", Ending.RESET),
        ("half_close_mid_stream", Ending.HALF_CLOSE),
        ("body_ends_mid_stream", Ending.COMPLETE),
    ):
        said, left = body(**{mishap: 1, "fault_after_count": 1})
        assert left is ending
        assert b"<one two three".startswith(said)
        assert len(said) >= len(b"<one ")
    assert body(reset_after_end=1) == (b"<one two three end>", Ending.RESET)


def test_pauses_and_pace() -> None:
    """The headers, the first piece and the stall are waited for; a piece takes its time."""
    faults = Faults(
        headers_delay_s=1,
        first_text_delay_s=2,
        stall_mid_stream=1,
        stall_s=3,
        tokens_per_s=4,
        fault_after_count=1,
    )
    steps = list(play(SCRIPT, Fate.of(0, faults)))
    assert steps[:4] == [Pause(1), HEAD, Data(b"<"), Pause(2)]
    assert steps[4:7] == [Data(b"one ", 0.25), Pause(3), Data(b"two ", 0.25)]


def test_what_goes_wrong_before_the_headers() -> None:
    """Is all that goes wrong."""

    def early(**faults: Any) -> tuple[int, Ending | None]:
        steps = Fate.of(0, Faults(**faults)).early_steps(lambda status, _: b"%d" % status)
        assert steps is not None
        heard = hear(steps)
        return heard.status, heard.ending

    assert early(silence=1) == (0, Ending.RESET)
    assert early(reset_before_headers=1) == (0, Ending.RESET)
    assert early(http_error=1, http_status=503) == (503, Ending.COMPLETE)
    assert early(wrong_content_type=1) == (200, Ending.COMPLETE)
    assert Fate.of(0, Faults()).early_steps(lambda _status, _text: b"") is None


def test_an_answer_in_one_piece_has_a_middle_too() -> None:
    """It is whole, or breaks off inside."""
    whole = Script.whole(HEAD, b'{"a": "text"}')
    assert hear(play(whole, Fate.of(0, Faults()))).body == b'{"a": "text"}'
    cut = hear(play(whole, Fate.of(0, Faults(half_close_mid_stream=1))))
    assert len(cut.body) < 13
    broken = hear(play(whole, Fate.of(0, Faults(malformed_message=1)))).body
    assert b"\x00" in broken
