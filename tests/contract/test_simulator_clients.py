"""The simulators of HTTP APIs against their vendors' own Python clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
from pydantic import BaseModel

from cursor_api.simulator.anthropic.kind import AnthropicSimulator
from cursor_api.simulator.json_api import ApiOptions
from cursor_api.simulator.openai.kind import OpenAiSimulator

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
ANTHROPIC_TOOL: Any = {"name": "get_weather", "input_schema": SCHEMA}
WEATHER = "How is the weather in Paris and in Zürich?"
REPORT = (
    "Here is what I found:\n- get_weather (Paris) says: 12 degrees\n"
    "- get_weather (Zürich) says: 12 degrees"
)
LONG = "word " * 2000


class Person(BaseModel):
    """What a structured answer is read into."""

    name: str
    age: int


def user(text: str) -> Any:
    """One message, as both APIs write it."""
    return {"role": "user", "content": text}


@pytest.fixture
async def gpt() -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's client before its simulator."""
    api = ApiOptions(models=("gpt", "gpt-thinking", "embedding"), keys=frozenset({"key"}))
    async with (
        OpenAiSimulator(api=api) as simulator,
        openai.AsyncOpenAI(base_url=f"{simulator.url}/v1", api_key="key", max_retries=0) as client,
    ):
        yield client


@pytest.fixture
async def claude() -> AsyncIterator[anthropic.AsyncAnthropic]:
    """Anthropic's client before its simulator."""
    api = ApiOptions(models=("claude",), keys=frozenset({"key"}))
    async with (
        AnthropicSimulator(api=api) as simulator,
        anthropic.AsyncAnthropic(base_url=simulator.url, api_key="key", max_retries=0) as client,
    ):
        yield client


async def test_openai_chat_streamed_and_whole(gpt: openai.AsyncOpenAI) -> None:
    """The same text, thoughts beside it, usage with what is known of the prompt."""
    messages = [user(LONG + "Tell me about tea.")]
    whole = await gpt.chat.completions.create(model="gpt-thinking", messages=messages)
    stream = await gpt.chat.completions.create(
        model="gpt-thinking",
        messages=messages,
        stream=True,
        stream_options={"include_usage": True},
    )
    *chunks, last = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
    thoughts = [getattr(delta, "reasoning_content", "") for delta in deltas]
    assert "".join(thoughts) == getattr(whole.choices[0].message, "reasoning_content", None)
    assert last.usage is not None
    assert last.usage.prompt_tokens_details is not None
    assert (last.usage.prompt_tokens_details.cached_tokens or 0) > 2000
    assert whole.usage is not None
    assert last.usage.total_tokens == whole.usage.total_tokens


async def test_openai_rounds_of_tools(gpt: openai.AsyncOpenAI) -> None:
    """Parallel calls put together from their pieces by the client, then an answer from both."""
    messages = [user(WEATHER)]
    async with gpt.chat.completions.stream(model="gpt", messages=messages, tools=[TOOL]) as stream:
        said = (await stream.get_final_completion()).choices[0].message
    calls = said.tool_calls or []
    cities = [call.function.arguments for call in calls]
    assert cities == ['{"city":"Paris"}', '{"city":"Zürich"}']
    results: Any = [
        {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"} for call in calls
    ]
    told: Any = {"role": "assistant", "tool_calls": [call.model_dump() for call in calls]}
    for call in told["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    answer = await gpt.chat.completions.create(
        model="gpt", messages=[*messages, told, *results], tools=[TOOL]
    )
    assert answer.choices[0].message.content == REPORT


async def test_openai_structured_answers_probabilities_and_embeddings(
    gpt: openai.AsyncOpenAI,
) -> None:
    """Read by the client's own types."""
    parsed = await gpt.chat.completions.parse(
        model="gpt", messages=[user("Jason is 25 years old.")], response_format=Person
    )
    assert parsed.choices[0].message.parsed == Person(name="Jason", age=25)
    several = await gpt.chat.completions.create(
        model="gpt", messages=[user("Say tea")], n=2, logprobs=True, top_logprobs=2
    )
    assert len(several.choices) == 2
    told = several.choices[0].logprobs
    assert told is not None
    assert [len(token.top_logprobs) for token in told.content or []] == [2]
    found = await gpt.embeddings.create(model="embedding", input=["tea", "milk"], dimensions=8)
    assert [len(one.embedding) for one in found.data] == [8, 8]
    assert [model.id async for model in gpt.models.list()] == ["gpt", "gpt-thinking", "embedding"]


OPENAI_ERRORS: dict[str, type[Exception]] = {
    "context-too-long": openai.BadRequestError,
    "quota": openai.RateLimitError,
    "wrong-key": openai.AuthenticationError,
    "model-gone": openai.NotFoundError,
    "overloaded": openai.InternalServerError,
    "502 html": openai.InternalServerError,
    "reset": openai.APIConnectionError,
    "server-error mid": openai.APIError,
}


async def test_openai_errors(gpt: openai.AsyncOpenAI) -> None:
    """Are what the client takes them for."""
    for order, error in OPENAI_ERRORS.items():
        with pytest.raises(error):
            async for _ in await gpt.chat.completions.create(
                model="gpt", messages=[user(f"/sim {order}")], stream=True
            ):
                pass


async def test_anthropic_thinking_and_rounds_of_tools(claude: anthropic.AsyncAnthropic) -> None:
    """Signed thoughts and parallel calls, sent back as they came; streamed and whole alike."""
    asked: Any = {
        "model": "claude",
        "max_tokens": 3000,
        "tools": [ANTHROPIC_TOOL],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }
    messages = [user(WEATHER)]
    async with claude.messages.stream(messages=messages, **asked) as stream:
        first = await stream.get_final_message()
    kinds = [block.type for block in first.content]
    assert (kinds, first.stop_reason) == (["thinking", "tool_use", "tool_use"], "tool_use")
    assert [block.input for block in first.content if block.type == "tool_use"] == [
        {"city": "Paris"},
        {"city": "Zürich"},
    ]
    results: Any = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "12 degrees"}
        for block in first.content
        if block.type == "tool_use"
    ]
    said = {"role": "assistant", "content": first.content}
    messages += [said, {"role": "user", "content": results}]
    answer = await claude.messages.create(messages=messages, **asked)
    assert answer.content[-1].type == "text"
    assert answer.content[-1].text == REPORT
    forged = {"type": "thinking", "thinking": "other", "signature": "forged"}
    messages[1] = {"role": "assistant", "content": [forged, *first.content[1:]]}
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
        await claude.messages.create(messages=messages, **asked)


async def test_anthropic_caches_counts_and_models(claude: anthropic.AsyncAnthropic) -> None:
    """A marked beginning is written once and then read."""
    system: Any = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
    usages = [
        (
            await claude.messages.create(
                model="claude", max_tokens=99, system=system, messages=[user("Say tea")]
            )
        ).usage
        for _ in range(2)
    ]
    assert (usages[0].cache_creation_input_tokens or 0) > 2000
    assert usages[1].cache_read_input_tokens == usages[0].cache_creation_input_tokens
    counted = await claude.messages.count_tokens(model="claude", messages=[user(LONG)])
    assert counted.input_tokens > 2000
    assert [model.id async for model in claude.models.list()] == ["claude"]


ANTHROPIC_ERRORS: dict[str, type[Exception]] = {
    "context-too-long": anthropic.BadRequestError,
    "rate-limit": anthropic.RateLimitError,
    "wrong-key": anthropic.AuthenticationError,
    "model-gone": anthropic.NotFoundError,
    "overloaded": anthropic.InternalServerError,
    "reset": anthropic.APIConnectionError,
    "overloaded mid": anthropic.APIStatusError,
}


async def test_anthropic_errors(claude: anthropic.AsyncAnthropic) -> None:
    """Are what the client takes them for."""
    for order, error in ANTHROPIC_ERRORS.items():
        with pytest.raises(error):
            async for _ in await claude.messages.create(
                model="claude", max_tokens=99, messages=[user(f"/sim {order}")], stream=True
            ):
                pass
