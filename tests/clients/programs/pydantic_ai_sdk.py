"""pydantic-ai over its three models: chat completions, responses, messages."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import anthropic
import openai
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput, Tool, ToolOutput
from pydantic_ai.messages import ThinkingPart, ToolCallPart
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from tests.clients.programs import client as ask
from tests.clients.programs.client import Client, Json, LackingError, Target, expect, main


class Report(BaseModel):
    """A weather report."""

    city: str
    degrees: int


class _PydanticAi(Client):
    """What an agent does with any of its models."""

    thinking: Json

    def model(self, name: str) -> Any:
        """Its model of that name."""
        raise NotImplementedError

    def run(self, question: Any, agent: Agent[Any, Any] | None = None, **settings: Any) -> Any:
        """An agent's whole run, on a loop of its own as its clients do."""
        agent = agent or Agent(self.model(self.target.model))
        return asyncio.run(agent.run(question, model_settings=settings or None))

    def ask(self, question: str) -> str:
        """See Client."""
        return str(self.run(question).output)

    def turns(self) -> None:
        """A question after an answer."""
        asyncio.run(self._turns())

    async def _turns(self) -> None:
        agent = Agent(self.model(self.target.model))
        said = await agent.run(ask.SAY_TEA)
        after = await agent.run(ask.SAY_MILK, message_history=said.all_messages())
        expect(after.output == "milk", "another answer")

    def stream(self) -> None:
        """Text as it comes."""
        asyncio.run(self._stream())

    async def _stream(self) -> None:
        agent = Agent(self.model(self.target.model))
        async with agent.run_stream(ask.LONG_QUESTION) as answer:
            ask.expect_pieces(
                [piece async for piece in answer.stream_text(delta=True, debounce_by=None)]
            )

    def usage(self) -> None:
        """Of a run."""
        usage = self.run(ask.SAY_TEA).usage
        usage = usage() if callable(usage) else usage
        ask.expect_counts(usage.input_tokens, usage.output_tokens)

    def tools(self) -> None:
        """The agent calls the function and goes on."""
        self._round(ask.WEATHER_QUESTION, "Paris")

    def parallel(self) -> None:
        """Two calls of it."""
        self._round(ask.TWO_WEATHERS, "Paris", "Rome")

    def required(self) -> None:
        """Typed output as a tool that must be called."""
        agent = Agent(self.model(self.target.model), output_type=ToolOutput(Report))
        ask.expect_report(self.run(ask.FORM_QUESTION, agent).output.model_dump())

    def image(self) -> None:
        """A picture in the message."""
        picture = BinaryContent(base64.b64decode(ask.PNG), media_type="image/png")
        said = self.run([ask.IMAGE_QUESTION, picture]).output
        expect("1 image" in said, "the image was not seen")

    def structured(self) -> None:
        """Typed output by the API's own field."""
        agent = Agent(self.model(self.target.model), output_type=NativeOutput(Report))
        ask.expect_report(self.run(ask.FORM_QUESTION, agent).output.model_dump())

    def reasoning(self) -> None:
        """What was thought, as a part of its own."""
        agent = Agent(self.model(self.target.thinker))
        answer = self.run(ask.SAY_TEA, agent, **self.thinking)
        expect(answer.output == "tea", "another answer")
        parts = [part for message in answer.all_messages() for part in message.parts]
        expect(any(isinstance(part, ThinkingPart) and part.content for part in parts), "no thought")

    def _round(self, question: str, *cities: str) -> None:
        agent = Agent(self.model(self.target.model), tools=[Tool(_weather, name=ask.TOOL)])
        answer = self.run(question, agent)
        parts = [part for message in answer.all_messages() for part in message.parts]
        calls = [part.args for part in parts if isinstance(part, ToolCallPart)]
        if not calls:
            raise LackingError
        ask.expect_cities(calls, *cities)
        ask.expect_results(answer.output, *cities)


def _weather(city: str) -> str:
    """Weather in a city."""
    return ask.RESULT.format(city=city)


def _openai(target: Target) -> OpenAIProvider:
    api = openai.AsyncOpenAI(base_url=f"{target.url}/v1", api_key=target.key, max_retries=0)
    return OpenAIProvider(openai_client=api)


class Chat(_PydanticAi):
    """`/v1/chat/completions`."""

    thinking: Json = {"openai_reasoning_effort": "high"}  # noqa: RUF012 - never changed

    def model(self, name: str) -> OpenAIChatModel:
        """See _PydanticAi."""
        return OpenAIChatModel(name, provider=_openai(self.target))


class Responses(_PydanticAi):
    """`/v1/responses`."""

    thinking: Json = {  # noqa: RUF012 - never changed
        "openai_reasoning_effort": "high",
        "openai_reasoning_summary": "auto",
    }

    def model(self, name: str) -> OpenAIResponsesModel:
        """See _PydanticAi."""
        return OpenAIResponsesModel(name, provider=_openai(self.target))


class Messages(_PydanticAi):
    """`/v1/messages`."""

    thinking: Json = {  # noqa: RUF012 - never changed
        "anthropic_thinking": {"type": "enabled", "budget_tokens": 1024}
    }

    def model(self, name: str) -> AnthropicModel:
        """See _PydanticAi."""
        target = self.target
        api = anthropic.AsyncAnthropic(base_url=target.url, api_key=target.key, max_retries=0)
        provider = AnthropicProvider(anthropic_client=api)
        # Which models have structured output it knows of Anthropic's own names only.
        profile: Any = {"supports_json_schema_output": True}
        return AnthropicModel(name, provider=provider, profile=profile)


if __name__ == "__main__":
    main({"chat": Chat, "responses": Responses, "messages": Messages})
