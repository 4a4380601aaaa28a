"""langchain-openai and langchain-anthropic."""

from __future__ import annotations

from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from tests.clients.programs import client as ask
from tests.clients.programs.client import Client, LackingError, expect, main


class Report(BaseModel):
    """A weather report."""

    city: str
    degrees: int


def _weather(city: str) -> str:
    """Weather in a city."""
    return ask.RESULT.format(city=city)


WEATHER: Any = tool(ask.TOOL)(_weather)


class _LangChain(Client):
    """What any chat model of theirs does."""

    any_tool = "any"
    is_stop_known = True

    def model(self, name: str = "", **more: Any) -> Any:
        """Its chat model."""
        raise NotImplementedError

    def ask(self, question: str) -> str:
        """See Client."""
        return str(self.model().invoke(question).text)

    def turns(self) -> None:
        """A question after an answer."""
        model = self.model()
        said = model.invoke(ask.SAY_TEA)
        after = model.invoke([HumanMessage(ask.SAY_TEA), said, HumanMessage(ask.SAY_MILK)])
        expect(after.text == "milk", "another answer")

    def stream(self) -> None:
        """Text as it comes."""
        ask.expect_pieces(str(chunk.text) for chunk in self.model().stream(ask.LONG_QUESTION))

    def usage(self) -> None:
        """Whole and streamed."""
        model = self.model(stream_usage=True)
        streamed = AIMessageChunk("")
        for chunk in model.stream(ask.SAY_TEA):
            streamed += chunk
        for one in (model.invoke(ask.SAY_TEA).usage_metadata, streamed.usage_metadata):
            expect(one, "no usage")
            ask.expect_counts(one["input_tokens"], one["output_tokens"])

    def tools(self) -> None:
        """A call; its result; the answer."""
        self._round(ask.WEATHER_QUESTION, "Paris")

    def parallel(self) -> None:
        """Two calls side by side."""
        self._round(ask.TWO_WEATHERS, "Paris", "Rome")

    def required(self) -> None:
        """A call that nothing but the caller asks for."""
        model = self.model().bind_tools([WEATHER], tool_choice=self.any_tool)
        expect(model.invoke(ask.CALL_QUESTION).tool_calls, "no call")

    def image(self) -> None:
        """A picture in the message."""
        image = {"type": "image", "base64": ask.PNG, "mime_type": "image/png"}
        parts: list[Any] = [{"type": "text", "text": ask.IMAGE_QUESTION}, image]
        answer = self.model().invoke([HumanMessage(content=parts)])
        expect("1 image" in answer.text, "the image was not seen")

    def structured(self) -> None:
        """Typed output by the API's own field."""
        model = self.model().with_structured_output(Report, method="json_schema")
        ask.expect_report(model.invoke(ask.FORM_QUESTION).model_dump())

    def output_max(self) -> None:
        """The answer ends at the limit."""
        answer = self.model(max_tokens=16).invoke(ask.LONG_QUESTION)
        said = str(answer.response_metadata)
        expect("length" in said or "max_" in said, said)

    def _round(self, question: str, *cities: str) -> None:
        model = self.model().bind_tools([WEATHER])
        asked = HumanMessage(question)
        answer = model.invoke([asked])
        if not answer.tool_calls:
            raise LackingError
        ask.expect_cities([call["args"] for call in answer.tool_calls], *cities)
        results = [
            ToolMessage(ask.RESULT.format(city=call["args"]["city"]), tool_call_id=call["id"])
            for call in answer.tool_calls
        ]
        ask.expect_results(str(model.invoke([asked, answer, *results]).text), *cities)


class Chat(_LangChain):
    """`/v1/chat/completions`."""

    def model(self, name: str = "", **more: Any) -> Any:
        """See _LangChain."""
        target = self.target
        settings: Any = {"base_url": f"{target.url}/v1", "api_key": target.key, "max_retries": 0}
        return ChatOpenAI(model=name or target.model, **(settings | more))

    def stop(self) -> None:
        """The text ends before the stop text."""
        said = self.model().invoke(ask.STOP_QUESTION, stop=[ask.STOP_TEXT]).text
        expect(said.strip() == "one two", said)


class Responses(Chat):
    """`/v1/responses`."""

    stop = None  # type: ignore[assignment] # the API has none

    def model(self, name: str = "", **more: Any) -> Any:
        """See _LangChain."""
        return super().model(name, use_responses_api=True, **more)

    def reasoning(self) -> None:
        """What was thought, as a block of its own."""
        reasoning = {"effort": "high", "summary": "auto"}
        model = self.model(self.target.thinker, reasoning=reasoning, output_version="v1")
        _expect_thoughts(model.invoke(ask.SAY_TEA))


class Messages(_LangChain):
    """`/v1/messages`."""

    def model(self, name: str = "", **more: Any) -> Any:
        """See _LangChain."""
        target = self.target
        settings: Any = {"base_url": target.url, "api_key": target.key, "max_retries": 0}
        return ChatAnthropic(model=name or target.model, **({"max_tokens": 4096} | settings | more))

    def stop(self) -> None:
        """The text ends before the stop text."""
        said = self.model().invoke(ask.STOP_QUESTION, stop=[ask.STOP_TEXT]).text
        expect(said.strip() == "one two", said)

    def reasoning(self) -> None:
        """What was thought, as a block of its own."""
        thinking = {"type": "enabled", "budget_tokens": 1024}
        _expect_thoughts(self.model(self.target.thinker, thinking=thinking).invoke(ask.SAY_TEA))


def _expect_thoughts(answer: Any) -> None:
    expect(answer.text == "tea", "another answer")
    expect(any(one["type"] == "reasoning" for one in answer.content_blocks), "no thought")


if __name__ == "__main__":
    main({"chat": Chat, "responses": Responses, "messages": Messages})
