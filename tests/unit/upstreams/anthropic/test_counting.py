"""How long a request is, as an endpoint counts it."""

from __future__ import annotations

import json

import pytest

from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.service.inference.counting import CountsInput
from tests.anthropic_stage import CREDENTIAL, REQUEST, ROUTE, upstream
from tests.scripted_server import Handler, Turn

NATIVE = b"""{"model":"x","max_tokens":5,"stream":true,"system":"s","messages":[{"role":"user",
    "content":"hi"}]}"""


def answers(body: bytes, status: int = 200) -> tuple[list[Turn], Handler]:
    """What is asked, and who answers it so."""
    asked: list[Turn] = []

    async def answer(turn: Turn) -> None:
        asked.append(turn)
        await turn.answer(body, status, content_type="application/json")

    return asked, answer


async def test_the_endpoint_counts_what_it_would_be_sent() -> None:
    """Without what only matters for an answer: it refuses that here."""
    asked, answer = answers(b'{"input_tokens": 14}')
    origin = Origin(Native("anthropic_messages", NATIVE, headers=(("anthropic-beta", "b"),)))
    native = ChatRequest("x", REQUEST.messages, origin=origin)
    async with upstream(answer) as (endpoint, _):
        assert isinstance(endpoint, CountsInput)
        for request in (REQUEST, native):
            assert await endpoint.count_input(request, ROUTE, CREDENTIAL) == 14
    written, passed = (json.loads(turn.body) for turn in asked)
    assert written.keys() == {"model", "messages"}
    assert passed.keys() == {"model", "system", "messages"}
    assert asked[0].line.startswith("POST /v1/messages/count_tokens ")
    assert asked[0].headers["x-api-key"] == CREDENTIAL.secret.reveal()
    assert asked[1].headers["anthropic-beta"] == "b"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{}", 200, FaultKind.PROTOCOL_ERROR),
        (b'{"input_tokens": -1}', 200, FaultKind.PROTOCOL_ERROR),
        (b"\xff" * 100_000, 200, FaultKind.PROTOCOL_ERROR),
        (
            b'{"type":"error","error":{"type":"rate_limit_error"}}',
            429,
            FaultKind.RATE_LIMITED,
        ),
    ],
)
async def test_what_is_no_count_is_a_fault(body: bytes, status: int, kind: FaultKind) -> None:
    """Whoever asks has an estimate then."""
    _, answer = answers(body, status)
    async with upstream(answer) as (endpoint, _):
        with pytest.raises(Fault) as caught:
            await endpoint.count_input(REQUEST, ROUTE, CREDENTIAL)
    assert caught.value.kind is kind
