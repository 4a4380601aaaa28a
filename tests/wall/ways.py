"""The ways of asking: raw bytes, streamed and in one piece, and the same by OpenAI's own SDK.

Retries of the SDK are off: what it gives is what one answer of the gateway made of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

import openai

from tests.acceptance.in_process import KEY, MODEL, Gateway
from tests.openai_stream import read_answer, read_stream
from tests.serving import Answer
from tests.wall.scenario import Attempt, Shape

QUESTION: Final = "Speak."
_ATTEMPT = re.compile(r'"(?P<alias>[^"]*)"(?:;fault=(?P<fault>[a-z_]+))?(?:;ms=(?P<ms>\d+))?')


@dataclass(frozen=True, slots=True)
class Got:
    """What came of one request, as its client saw it.

    `error` is the SDK's exception, "" for none and for raw answers. `headers` are None where the
    SDK does not show them. `completion_tokens` None: no usage came. `is_kept_alive`: a comment came
    before anything else.
    """

    shape: Shape
    status: int
    code: str = ""
    text: str = ""
    completion_tokens: int | None = None
    headers: Mapping[str, str] | None = None
    error: str = ""
    is_kept_alive: bool = False

    @property
    def attempts(self) -> tuple[Attempt, ...] | None:
        """What the answer's header says of the attempts."""
        if self.headers is None:
            return None
        return read_attempts(self.headers.get("x-attempts", ""))


def read_attempts(header: str) -> tuple[Attempt, ...]:
    """`"work";fault=rate_limited;ms=120, "home";ms=310` as pairs; no time may be below zero."""
    items = [item.strip() for item in header.split(",") if item.strip()]
    found = [_ATTEMPT.fullmatch(item) for item in items]
    assert all(found), header
    return tuple((unquote(one["alias"]), one["fault"] or "") for one in found if one)


async def ask_raw_stream(gateway: Gateway, headers: Mapping[str, str]) -> Got:
    """Streamed, read byte by byte against the rules of the format."""
    usage = {"include_usage": True}
    answer = await gateway.chat(QUESTION, headers=headers, stream=True, stream_options=usage)
    if answer.status != 200:
        return refused(answer)
    assert answer.headers["content-type"].startswith("text/event-stream")
    is_kept_alive = answer.body.startswith(b":")
    stream = read_stream(answer.body)
    if stream.error is not None:
        assert not stream.is_done, "[DONE] after an error"
        assert stream.finish_reasons == [], "a finish reason in a broken answer"
        assert stream.usages == [], "usage in a broken answer"
        code = str(stream.error["code"])
        shape = Shape.BROKEN if stream.text else Shape.LATE
        return Got(shape, 200, code, stream.text, None, answer.headers, "", is_kept_alive)
    assert stream.is_done, "no [DONE]"
    assert stream.finish_reasons == ["stop"]
    (tokens,) = [one.completion_tokens for one in stream.usages]
    return Got(Shape.WHOLE, 200, "", stream.text, tokens, answer.headers, "", is_kept_alive)


async def ask_raw_whole(gateway: Gateway, headers: Mapping[str, str]) -> Got:
    """In one piece."""
    answer = await gateway.chat(QUESTION, headers=headers)
    if answer.status != 200:
        return refused(answer)
    completion = read_answer(answer.body)
    (choice,) = completion.choices
    assert choice.finish_reason == "stop"
    assert completion.usage is not None
    tokens = completion.usage.completion_tokens
    return Got(Shape.WHOLE, 200, "", choice.message.content or "", tokens, answer.headers)


def refused(answer: Answer) -> Got:
    """An answer that is an error and nothing else."""
    body = answer.json()
    assert set(body) == {"error"}, body
    assert set(body["error"]) == {"message", "type", "param", "code"}, body
    assert "token-of" not in answer.body.decode(), "a credential in an error"
    return Got(Shape.REFUSED, answer.status, body["error"]["code"], headers=answer.headers)


async def ask_sdk_stream(gateway: Gateway, headers: Mapping[str, str]) -> Got:
    """Streamed, by the SDK."""
    pieces: list[str] = []
    finish_reasons: list[str] = []
    async with _sdk(gateway) as client:
        try:
            stream = await client.chat.completions.create(
                model=MODEL,
                messages=[{"role": "user", "content": QUESTION}],
                extra_headers=headers,
                stream=True,
            )
            async for chunk in stream:
                for choice in chunk.choices:
                    pieces.append(choice.delta.content or "")
                    if choice.finish_reason:
                        finish_reasons.append(choice.finish_reason)
        except openai.APIError as error:
            assert not finish_reasons, "a finish reason in a broken answer"
            return _told(error, "".join(pieces))
    assert finish_reasons == ["stop"]
    return Got(Shape.WHOLE, 200, "", "".join(pieces))


async def ask_sdk_whole(gateway: Gateway, headers: Mapping[str, str]) -> Got:
    """In one piece, by the SDK."""
    async with _sdk(gateway) as client:
        try:
            completion = await client.chat.completions.create(
                model=MODEL,
                messages=[{"role": "user", "content": QUESTION}],
                extra_headers=headers,
            )
        except openai.APIError as error:
            return _told(error, "")
    (choice,) = completion.choices
    assert choice.finish_reason == "stop"
    return Got(Shape.WHOLE, 200, "", choice.message.content or "")


def _told(error: openai.APIError, text: str) -> Got:
    """An exception: with a status it is a refusal, without one the stream broke."""
    shape = Shape.REFUSED if isinstance(error, openai.APIStatusError) else Shape.BROKEN
    status = error.status_code if isinstance(error, openai.APIStatusError) else 200
    return Got(shape, status, str(error.code), text, error=type(error).__name__)


def _sdk(gateway: Gateway) -> openai.AsyncOpenAI:
    # Nothing of this machine's environment: no proxy, no certificates to read.
    transport = openai.DefaultAsyncHttpx2Client(trust_env=False, verify=False)
    base_url = f"http://127.0.0.1:{gateway.port}/v1"
    return openai.AsyncOpenAI(
        api_key=KEY, base_url=base_url, max_retries=0, timeout=30, http_client=transport
    )


def chat_body(*, is_stream: bool) -> bytes:
    """The body of a request, for who writes it himself."""
    body: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}]}
    return json.dumps(body | {"stream": is_stream}).encode()


@dataclass(frozen=True, slots=True)
class Way:
    """One way of asking."""

    name: str
    is_stream: bool
    is_sdk: bool
    ask: Callable[[Gateway, Mapping[str, str]], Coroutine[Any, Any, Got]]


RAW: Final = (
    Way("streamed", is_stream=True, is_sdk=False, ask=ask_raw_stream),
    Way("not streamed", is_stream=False, is_sdk=False, ask=ask_raw_whole),
)
SDK: Final = (
    Way("SDK, streamed", is_stream=True, is_sdk=True, ask=ask_sdk_stream),
    Way("SDK, not streamed", is_stream=False, is_sdk=True, ask=ask_sdk_whole),
)
