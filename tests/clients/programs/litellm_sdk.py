"""LiteLLM, through which many agents ask: its `openai/` and its `anthropic/`."""

from __future__ import annotations

import json
from typing import Any

import litellm

from tests.clients.programs import client as ask
from tests.clients.programs.client import Client, LackingError, expect, main

# What it prints of errors would stand in this program's output.
litellm.suppress_debug_info = True
TOOL: Any = {
    "type": "function",
    "function": {
        "name": ask.TOOL,
        "description": ask.TOOL_ABOUT,
        "parameters": ask.CITY_SCHEMA,
    },
}
FORM: Any = {
    "type": "json_schema",
    "json_schema": {"name": "report", "strict": True, "schema": ask.REPORT_SCHEMA},
}


class _LiteLlm(Client):
    """What it does over either API."""

    vendor = ""
    suffix = ""

    def complete(self, *messages: Any, **more: Any) -> Any:
        """An answer to these messages; a text is one of the user."""
        target = self.target
        turns = [{"role": "user", "content": m} if isinstance(m, str) else m for m in messages]
        return litellm.completion(
            model=f"{self.vendor}/{target.model}",
            api_base=f"{target.url}{self.suffix}",
            api_key=target.key,
            messages=turns,
            max_retries=0,
            **more,
        )

    def ask(self, question: str) -> str:
        """See Client."""
        return str(self.complete(question).choices[0].message.content)

    def turns(self) -> None:
        """A question after an answer, as it came."""
        said = self.complete(ask.SAY_TEA).choices[0].message.model_dump()
        after = self.complete(ask.SAY_TEA, said, ask.SAY_MILK)
        expect(after.choices[0].message.content == "milk", "another answer")

    def stream(self) -> None:
        """Text as it comes."""
        chunks = self.complete(ask.LONG_QUESTION, stream=True)
        ask.expect_pieces(chunk.choices[0].delta.content for chunk in chunks)

    def usage(self) -> None:
        """Whole and streamed."""
        asked: Any = {"stream": True, "stream_options": {"include_usage": True}}
        *_, last = self.complete(ask.SAY_TEA, **asked)
        for one in (self.complete(ask.SAY_TEA).usage, last.usage):
            ask.expect_counts(one.prompt_tokens, one.completion_tokens)

    def tools(self) -> None:
        """A call; its result; the answer."""
        self._round(ask.WEATHER_QUESTION, "Paris")

    def parallel(self) -> None:
        """Two calls side by side."""
        self._round(ask.TWO_WEATHERS, "Paris", "Rome")

    def required(self) -> None:
        """A call that nothing but the caller asks for."""
        answer = self.complete(ask.CALL_QUESTION, tools=[TOOL], tool_choice="required")
        expect(answer.choices[0].message.tool_calls, "no call")

    def image(self) -> None:
        """A picture in the message."""
        url = f"data:image/png;base64,{ask.PNG}"
        parts = [
            {"type": "text", "text": ask.IMAGE_QUESTION},
            {"type": "image_url", "image_url": {"url": url}},
        ]
        answer = self.complete({"role": "user", "content": parts})
        expect("1 image" in answer.choices[0].message.content, "the image was not seen")

    def stop(self) -> None:
        """The text ends before the stop text."""
        answer = self.complete(ask.STOP_QUESTION, stop=[ask.STOP_TEXT])
        said = answer.choices[0].message.content
        expect(said.strip() == "one two", said)

    def output_max(self) -> None:
        """The answer ends at the limit."""
        answer = self.complete(ask.LONG_QUESTION, max_tokens=ask.OUTPUT_MAX)
        expect(answer.choices[0].finish_reason == "length", answer)

    def _round(self, question: str, *cities: str) -> None:
        said = self.complete(question, tools=[TOOL]).choices[0].message
        calls = said.tool_calls
        if not calls:
            raise LackingError
        ask.expect_cities([call.function.arguments for call in calls], *cities)
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": ask.RESULT.format(city=city)}
            for call, city in zip(calls, cities, strict=True)
        ]
        answer = self.complete(question, said.model_dump(), *results, tools=[TOOL])
        ask.expect_results(answer.choices[0].message.content, *cities)


class Chat(_LiteLlm):
    """`/v1/chat/completions`."""

    vendor = "openai"
    suffix = "/v1"

    def structured(self) -> None:
        """By the API's own field."""
        said = self.complete(ask.FORM_QUESTION, response_format=FORM).choices[0].message.content
        ask.expect_report(json.loads(said))


class Messages(_LiteLlm):
    """`/v1/messages`. It knows of no structured output for models that it does not know."""

    vendor = "anthropic"


if __name__ == "__main__":
    main({"chat": Chat, "messages": Messages})
