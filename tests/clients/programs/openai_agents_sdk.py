"""OpenAI's Agents SDK, over both of OpenAI's APIs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import agents
from openai import AsyncOpenAI
from pydantic import BaseModel

from tests.clients.programs import client as ask
from tests.clients.programs.client import Client, LackingError, expect, main


class Report(BaseModel):
    """A weather report."""

    city: str
    degrees: int


class _Agents(Client):
    """What an agent does. `called` are the cities that its tool was asked about."""

    model_kind: Any = None

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        self.loop = asyncio.new_event_loop()
        self.api = AsyncOpenAI(base_url=f"{target.url}/v1", api_key=target.key, max_retries=0)
        self.called: list[str] = []

    def close(self) -> None:
        """See Client."""
        self.wait(self.api.close())
        self.loop.close()

    def wait(self, task: Coroutine[Any, Any, Any]) -> Any:
        """What comes of it."""
        return self.loop.run_until_complete(task)

    def agent(self, *, has_tool: bool = False, **more: Any) -> Any:
        """An agent of this route's model."""

        def get_weather(city: str) -> str:
            """Weather in a city."""
            self.called.append(city)
            return ask.RESULT.format(city=city)

        self.called.clear()
        model = self.model_kind(model=self.target.model, openai_client=self.api)
        tools = [agents.function_tool(get_weather)] if has_tool else []
        return agents.Agent(name="one", model=model, tools=tools, **more)

    def run(self, asked: Any, **more: Any) -> Any:
        """A run to its end."""
        return self.wait(agents.Runner.run(self.agent(**more), asked))

    def ask(self, question: str) -> str:
        """See Client."""
        return str(self.run(question).final_output)

    def turns(self) -> None:
        """A question after an answer, as it came."""
        said = self.run(ask.SAY_TEA).to_input_list()
        after = self.run([*said, {"role": "user", "content": ask.SAY_MILK}])
        expect(after.final_output == "milk", "another answer")

    def stream(self) -> None:
        """Text as it comes."""
        ask.expect_pieces(self.wait(self._pieces()))

    def usage(self) -> None:
        """As the run has counted."""
        usage = self.run(ask.SAY_TEA).context_wrapper.usage
        ask.expect_counts(usage.input_tokens, usage.output_tokens)

    def tools(self) -> None:
        """A call; its result; the answer."""
        self._round(ask.WEATHER_QUESTION, "Paris")

    def parallel(self) -> None:
        """Two calls side by side."""
        self._round(ask.TWO_WEATHERS, "Paris", "Rome")

    def required(self) -> None:
        """A call that nothing but the caller asks for."""
        settings = agents.ModelSettings(tool_choice="required")
        self.run(ask.CALL_QUESTION, has_tool=True, model_settings=settings)
        expect(self.called, "no call")

    def image(self) -> None:
        """A picture in the message."""
        url = f"data:image/png;base64,{ask.PNG}"
        parts = [
            {"type": "input_text", "text": ask.IMAGE_QUESTION},
            {"type": "input_image", "image_url": url},
        ]
        answer = self.run([{"role": "user", "content": parts}])
        expect("1 image" in answer.final_output, "the image was not seen")

    def structured(self) -> None:
        """Typed output."""
        ask.expect_report(self.run(ask.FORM_QUESTION, output_type=Report).final_output.model_dump())

    async def _pieces(self) -> list[str]:
        events = agents.Runner.run_streamed(self.agent(), ask.LONG_QUESTION).stream_events()
        return [
            event.data.delta
            async for event in events
            if event.type == "raw_response_event"
            and event.data.type == "response.output_text.delta"
        ]

    def _round(self, question: str, *cities: str) -> None:
        answer = self.run(question, has_tool=True).final_output
        if not self.called:
            raise LackingError
        expect(sorted(self.called) == sorted(cities), f"calls with {self.called}")
        ask.expect_results(answer, *cities)


class Chat(_Agents):
    """`/v1/chat/completions`."""

    model_kind = agents.OpenAIChatCompletionsModel


class Responses(_Agents):
    """`/v1/responses`."""

    model_kind = agents.OpenAIResponsesModel


if __name__ == "__main__":
    main({"chat": Chat, "responses": Responses})
