"""The sixteen asked through the other client APIs: Anthropic's messages and OpenAI's Responses.

A fault is the same whoever asks; what it is called is the client API's affair. The names of each
are turned into those of chat completions, in which the scenarios are written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from cursor_api.dialects.openai.faults import FAULTS
from cursor_api.dialects.openai_responses.failures import CODES
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.installed import DIALECTS
from cursor_api.ports.dialect import Dialect
from tests.acceptance.in_process import MODEL, Gateway
from tests.serving import Answer
from tests.wall.house import Played, Seen
from tests.wall.scenario import Ask, Shape
from tests.wall.ways import QUESTION, Got, Way

Json = dict[str, Any]
PING: Final = (b":", b"event: ping")
SAID: Final = [{"role": "user", "content": QUESTION}]


@dataclass(frozen=True, slots=True)
class Api:
    """A client API: where it is asked with what, and how its answers are read."""

    name: str
    path: str
    body: Json

    @property
    def dialect(self) -> Dialect:
        """The gateway's own."""
        return next(one for one in DIALECTS if one.name == self.name)


MESSAGES: Final = Api(
    "anthropic_messages",
    "/v1/messages",
    {"model": MODEL, "max_tokens": 100_000, "messages": SAID},
)
RESPONSES: Final = Api("openai_responses", "/v1/responses", {"model": MODEL, "input": SAID})
APIS: Final = (MESSAGES, RESPONSES)


def ways_of(api: Api) -> tuple[Way, Way]:
    """Streamed and in one piece."""
    streamed = partial(_ask, api=api, is_stream=True)
    in_one_piece = partial(_ask, api=api, is_stream=False)
    return (
        Way(f"{api.name}, streamed", is_stream=True, is_sdk=False, ask=streamed),
        Way(f"{api.name}, whole", is_stream=False, is_sdk=False, ask=in_one_piece),
    )


async def _ask(gateway: Gateway, headers: Mapping[str, str], *, api: Api, is_stream: bool) -> Got:
    body = json.dumps(api.body | {"stream": is_stream}).encode()
    answer = await gateway.ask("POST", api.path, body=body, headers=headers)
    if answer.status != 200:
        error = answer.json()["error"]
        assert "token-of" not in answer.body.decode(), "a credential in an error"
        told = error["type"] if api is MESSAGES else error["code"]
        return Got(Shape.REFUSED, answer.status, told, headers=answer.headers)
    if not is_stream:
        return _whole(api, answer)
    return (_messages_stream if api is MESSAGES else _responses_stream)(answer)


def _whole(api: Api, answer: Answer) -> Got:
    said = answer.json()
    if api is MESSAGES:
        assert said["stop_reason"] == "end_turn"
        text = "".join(block["text"] for block in said["content"])
    else:
        assert said["status"] == "completed"
        text = "".join(part["text"] for item in said["output"] for part in item["content"])
    tokens = said["usage"]["output_tokens"]
    return Got(Shape.WHOLE, 200, "", text, tokens, answer.headers)


def _events(answer: Answer) -> Iterator[Json]:
    """Each event's data; its name stands before it as well."""
    for block in answer.body.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            name, data = lines
            value: Json = json.loads(data.removeprefix("data: "))
            assert name == f"event: {value['type']}"
            yield value


def _messages_stream(answer: Answer) -> Got:
    text, tokens, code, is_whole = "", None, "", False
    for event in _events(answer):
        assert not is_whole, "an event behind message_stop"
        assert not code, "an event behind an error"
        match event["type"]:
            case "content_block_delta":
                text += event["delta"]["text"]
            case "message_delta":
                tokens = event["usage"]["output_tokens"]
            case "message_stop":
                is_whole = True
            case "error":
                code = event["error"]["type"]
            case _:
                pass
    return _streamed(answer, text, tokens, code, is_whole=is_whole)


def _responses_stream(answer: Answer) -> Got:
    text, tokens, code, is_whole = "", None, "", False
    for number, event in enumerate(_events(answer)):
        assert event["sequence_number"] == number
        assert not is_whole, "an event behind response.completed"
        assert not code, "an event behind response.failed"
        match event["type"]:
            case "response.output_text.delta":
                text += event["delta"]
            case "response.completed":
                is_whole, tokens = True, event["response"]["usage"]["output_tokens"]
            case "response.failed":
                code = event["response"]["error"]["code"]
            case _:
                pass
    return _streamed(answer, text, tokens, code, is_whole=is_whole)


def _streamed(answer: Answer, text: str, tokens: int | None, code: str, *, is_whole: bool) -> Got:
    is_kept_alive = answer.body.startswith(PING)
    assert is_whole or code, "a stream that ends with neither an end nor an error"
    if is_whole:
        return Got(Shape.WHOLE, 200, "", text, tokens, answer.headers, "", is_kept_alive)
    shape = Shape.BROKEN if text else Shape.LATE
    return Got(shape, 200, code, text, None, answer.headers, "", is_kept_alive)


def in_chats_words(played: Played, api: Api) -> tuple[Played, list[str]]:
    """What was played, its errors by chat's names; and what was named wrongly.

    The kind of a fault is what its record says, which is judged with the rest.
    """
    wrong: list[str] = []
    seen = [_translated(one, api, wrong) for one in played.seen]
    return replace(played, seen=seen), [f"{played.way.name}: {one}" for one in wrong]


def _translated(seen: Seen, api: Api, wrong: list[str]) -> Seen:
    got = seen.got
    if not isinstance(seen.step, Ask) or got.shape is Shape.WHOLE:
        return seen
    kind = FaultKind(seen.record["error_kind"])
    named = _name_of(kind, api, is_stream=got.shape is not Shape.REFUSED)
    if (got.status, got.code) != named:
        wrong.append(f"{got.status} {got.code!r} instead of {named}")
    shape = FAULTS[kind]
    status = shape.status if got.shape is Shape.REFUSED else 200
    return replace(seen, got=replace(got, status=status, code=shape.code))


def _name_of(kind: FaultKind, api: Api, *, is_stream: bool) -> tuple[int, str]:
    """The status and what the API calls the fault."""
    if is_stream and api is RESPONSES:
        return 200, CODES.get(kind, "server_error")
    rendered = api.dialect.fault(Fault(kind, ""))
    error = json.loads(rendered.body)["error"]
    told: str = error["type"] if api is MESSAGES else error["code"]
    return 200 if is_stream else rendered.status, told
