"""OpenAI's SDKs, unmodified, against the installed gateway before a simulator.

Every test runs with the newest Python SDK, with 1.109, and with the newest Node SDK. What the
simulator decoded shows what was sent upstream. What goes wrong is in `test_clients_errors.py`.
"""

from __future__ import annotations

import base64
import hashlib
import random
import struct
import zlib

import pytest

from cursor_api.simulator.cursor.messages import Speaker
from tests.acceptance.background import tap
from tests.acceptance.sdk_clients import SdkClient
from tests.acceptance.sdk_house import KEY, MODEL, SdkHouse, order_for

THINKING_MODEL = "gemini-2.0-flash-thinking-exp"


def test_the_sdk_is_the_one_that_is_meant(client: SdkClient) -> None:
    """The older generation is not shadowed by the newer one."""
    wanted = {"python-newest": "3.", "python-1": "1.109.", "node": "7."}
    assert client.version.startswith(wanted[client.name])


def test_a_whole_answer(client: SdkClient, sdk_house: SdkHouse) -> None:
    """Text, finish reason, usage that adds up; nothing is trimmed."""
    told = sdk_house.ask(client, "Show me some code.")
    assert told.error is None
    assert told.answer is not None
    assert told.finish_reasons == ["stop"]
    assert "        if index >= width:\n            total -=" in told.text
    usage = told.answer["usage"]
    assert usage["prompt_tokens"] > 0
    assert usage["completion_tokens"] > 100
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert told.answer["model"] == MODEL


def test_a_stream_has_the_same_text(client: SdkClient, sdk_house: SdkHouse) -> None:
    """Streamed or not the text is the same; one id, one finish reason, the role first."""
    whole = sdk_house.ask(client, "Something with emoji and 中文")
    told = sdk_house.ask(client, "Something with emoji and 中文", stream=True)
    assert told.error is None
    assert told.text == whole.text
    assert told.finish_reasons == ["stop"]
    assert told.choices[0]["delta"]["role"] == "assistant"
    assert len({(chunk["id"], chunk["created"]) for chunk in told.chunks}) == 1
    assert not any(chunk.get("usage") for chunk in told.chunks)


def test_include_usage_adds_one_chunk(client: SdkClient, sdk_house: SdkHouse) -> None:
    """The last chunk has no choices and the usage that the whole answer has."""
    whole = sdk_house.ask(client, "Hello")
    told = sdk_house.ask(client, "Hello", stream=True, stream_options={"include_usage": True})
    assert told.error is None
    assert told.chunks[-1]["choices"] == []
    assert not any(chunk["usage"] for chunk in told.chunks[:-1])
    used = told.chunks[-1]["usage"]
    assert whole.answer is not None
    assert used.items() <= whole.answer["usage"].items()
    assert told.finish_reasons == ["stop"]


def test_the_stream_helper_builds_the_whole_answer(client: SdkClient, sdk_house: SdkHouse) -> None:
    """`chat.completions.stream()`, which puts the chunks together, is content with them."""
    told = sdk_house.ask(client, "Some markdown, please", call="helper")
    assert told.error is None
    assert told.finish_reasons == ["stop"]
    assert told.text.startswith("# A page of Markdown\n")
    assert told.answer is not None
    assert told.answer["choices"][0]["message"]["role"] == "assistant"


def test_tools_are_answered_in_text(client: SdkClient, sdk_house: SdkHouse) -> None:
    """A text-only upstream answers in text; an agent still works as a chat."""
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    function = {"name": "read_file", "description": "Read a file", "parameters": schema}
    tools = [{"type": "function", "function": function}]
    for is_stream in (False, True):
        told = sdk_house.ask(client, "Hi", tools=tools, tool_choice="auto", stream=is_stream)
        assert told.error is None
        assert told.finish_reasons == ["stop"]
        assert "simulator" in told.text


def test_roles_and_parts_reach_the_upstream(client: SdkClient, sdk_house: SdkHouse) -> None:
    """System and developer texts are instructions; parts are joined; null content is no error."""
    call = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [text_part("What "), text_part("time is it?")]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": [text_part("It is noon.")]},
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "So?"},
    ]
    assert sdk_house.ask(client, messages).error is None
    ask = sdk_house.upstream.last_request().ask
    assert ask.instructions == "Be brief.\n\nBe kind."
    assert [turn.speaker for turn in ask.turns] == [
        Speaker.HUMAN,
        Speaker.AI,
        Speaker.HUMAN,
        Speaker.AI,
        Speaker.HUMAN,
    ]
    said = [turn.text for turn in ask.turns]
    assert said[0] == "What time is it?"
    assert "now" in said[1]
    assert "It is noon." in said[2]
    assert said[4] == "So?"


def text_part(text: str) -> dict[str, str]:
    """A piece of text in a message."""
    return {"type": "text", "text": text}


def png(width: int, height: int) -> bytes:
    """A whole PNG of that size, all black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(height * (width + 1)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("extra_bytes", [0, 3_000_000], ids=["small", "large"])
def test_an_image_reaches_the_upstream(
    client: SdkClient, sdk_house: SdkHouse, extra_bytes: int
) -> None:
    """A data URL arrives as its bytes, with the size that its header states."""
    # What stands behind a picture's end is part of its bytes all the same.
    data = png(37, 11) + random.Random(1).randbytes(extra_bytes)
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    image = {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
    messages = [{"role": "user", "content": [text_part("What is this?"), image]}]
    assert sdk_house.ask(client, messages).error is None
    (turn,) = sdk_house.upstream.last_request().ask.turns
    assert turn.text == "What is this?"
    (seen,) = turn.images
    assert (seen.width, seen.height) == (37, 11)
    assert seen.sha256 == hashlib.sha256(data).hexdigest()


def test_thoughts_are_reasoning_content(client: SdkClient, sdk_house: SdkHouse) -> None:
    """What a thinking model thinks is apart from what it answers, streamed or not."""
    whole = sdk_house.ask(client, "Hello", model=THINKING_MODEL)
    assert whole.answer is not None
    message = whole.answer["choices"][0]["message"]
    streamed = sdk_house.ask(client, "Hello", model=THINKING_MODEL, stream=True)
    pieces = [choice["delta"].get("reasoning_content") or "" for choice in streamed.choices]
    assert "".join(pieces) == message["reasoning_content"]
    assert message["reasoning_content"].startswith("The person asks something.")
    assert streamed.text == message["content"]
    assert "think>" not in message["content"] + message["reasoning_content"]


def test_models_are_listed_and_found(client: SdkClient, sdk_house: SdkHouse) -> None:
    """The list has what the earlier program's has; one model can be asked for by name."""
    base_url = f"{sdk_house.program.url}/v1"
    listed = client.ask(base_url, KEY, {"call": "models"})
    assert listed.answer is not None
    models = {model["id"]: model for model in listed.answer["data"]}
    assert len(models) == 20
    one = client.ask(base_url, KEY, {"call": "model", "body": {"model": MODEL}})
    assert one.answer is not None
    assert one.answer["owned_by"] == models[MODEL]["owned_by"] == "openai"
    none = client.ask(base_url, KEY, {"call": "model", "body": {"model": "gpt-0"}})
    assert none.error is not None
    assert none.error["status"] == 404


def test_unknown_fields_do_no_harm(client: SdkClient, sdk_house: SdkHouse) -> None:
    """What this wire has no use for is accepted: agents send all of it."""
    told = sdk_house.ask(
        client,
        "Hello",
        temperature=0.2,
        top_p=0.9,
        max_tokens=16,
        seed=7,
        user="me",
        parallel_tool_calls=False,
        metadata={"a": "b"},
        store=True,
        logit_bias={"50256": -100},
    )
    assert told.error is None


def test_silence_is_no_end(client: SdkClient, sdk_house: SdkHouse) -> None:
    """A model that falls silent is waited for; the comments in between are no text."""
    order = order_for("/sim stall 2.5 + after 3 + bytes 60", stream=True)
    with tap(sdk_house.program.port) as wire:
        told = client.ask(f"{wire.url}/v1", KEY, order)
        assert wire.comment_count > 0
    assert told.seconds >= 2.5
    assert told.error is None
    assert told.finish_reasons == ["stop"]
    assert len(told.text) == 60


def test_no_character_ends_a_line_by_mistake(client: SdkClient, sdk_house: SdkHouse) -> None:
    """What some text libraries take for line ends arrives as it is, streamed or not."""
    odd = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1eh\ufeffi"
    for is_stream in (False, True):
        told = sdk_house.ask(client, odd, stream=is_stream)
        assert told.error is None
        assert odd in told.text
