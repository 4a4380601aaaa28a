"""Anthropic's own SDK for Python."""

from __future__ import annotations

import json
from typing import Any

import anthropic

from tests.clients.programs import client as ask
from tests.clients.programs.client import Client, LackingError, Target, expect, main

TOOL: Any = {
    "name": ask.TOOL,
    "description": ask.TOOL_ABOUT,
    "input_schema": ask.CITY_SCHEMA,
}
IGNORED = "x-ignored-params"


class Messages(Client):
    """`/v1/messages`."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.api = anthropic.Anthropic(base_url=target.url, api_key=target.key, max_retries=0)
        self.ignored = ""

    def close(self) -> None:
        """See Client."""
        self.api.close()

    def create(self, content: str | list[Any], **more: Any) -> Any:
        """One request; a text or blocks are a question of the user's."""
        raw = self.api.messages.with_raw_response.create(**self._order(content, more))
        self.ignored = raw.headers.get(IGNORED, "")
        return raw.parse()

    def _order(self, content: str | list[Any], more: dict[str, Any]) -> Any:
        messages = [{"role": "user", "content": content}]
        return {"model": self.target.model, "max_tokens": 4096, "messages": messages} | more

    def lacking(self) -> LackingError:
        """With how the gateway says so."""
        return LackingError(f"{IGNORED}: {self.ignored}" if self.ignored else "and nothing said so")

    def ask(self, question: str) -> str:
        """See Client."""
        return _text(self.create(question))

    def turns(self) -> None:
        """A question after an answer."""
        said = self.create(ask.SAY_TEA).content
        messages = [
            {"role": "user", "content": ask.SAY_TEA},
            {"role": "assistant", "content": said},
            {"role": "user", "content": ask.SAY_MILK},
        ]
        expect(_text(self.create("", messages=messages)) == "milk", "another answer")

    def stream(self) -> None:
        """Pieces, and one reason at the end."""
        with self.api.messages.stream(**self._order(ask.LONG_QUESTION, {})) as stream:
            ask.expect_pieces(stream.text_stream)
            expect(stream.get_final_message().stop_reason == "end_turn", "no end")

    def usage(self) -> None:
        """Whole and streamed."""
        with self.api.messages.stream(**self._order(ask.SAY_TEA, {})) as stream:
            streamed = stream.get_final_message().usage
        for one in (self.create(ask.SAY_TEA).usage, streamed):
            ask.expect_counts(one.input_tokens, one.output_tokens)

    def tools(self) -> None:
        """A call, streamed; its result; the answer."""
        self._round(ask.WEATHER_QUESTION, "Paris")

    def parallel(self) -> None:
        """Two calls side by side."""
        self._round(ask.TWO_WEATHERS, "Paris", "Rome")

    def required(self) -> None:
        """A call that nothing but the caller asks for."""
        for choice in ({"type": "any"}, {"type": "tool", "name": ask.TOOL}):
            answer = self.create(ask.CALL_QUESTION, tools=[TOOL], tool_choice=choice)
            expect(answer.stop_reason == "tool_use", answer.stop_reason)

    def image(self) -> None:
        """A picture in the message."""
        source = {"type": "base64", "media_type": "image/png", "data": ask.PNG}
        blocks = [
            {"type": "image", "source": source},
            {"type": "text", "text": ask.IMAGE_QUESTION},
        ]
        expect("1 image" in _text(self.create(blocks)), "the image was not seen")

    def document(self) -> None:
        """A PDF in the message."""
        source = {"type": "base64", "media_type": "application/pdf", "data": ask.PDF}
        blocks = [
            {"type": "document", "source": source},
            {"type": "text", "text": ask.DOCUMENT_QUESTION},
        ]
        expect("1 document" in _text(self.create(blocks)), "the document was not seen")

    def sampling(self) -> None:
        """A temperature, which its newest generation has no argument for."""
        more = {"temperature": 0.5, "top_k": 5}
        expect(_text(self.create(ask.SAY_TEA, extra_body=more)) == "tea", "another answer")
        if self.ignored:
            raise self.lacking()

    def structured(self) -> None:
        """JSON of a schema."""
        form = {"format": {"type": "json_schema", "schema": ask.REPORT_SCHEMA}}
        answer = self.create(ask.FORM_QUESTION, output_config=form)
        ask.expect_report(json.loads(_text(answer)))

    def reasoning(self) -> None:
        """What was thought, in a block of its own."""
        thinking = {"type": "enabled", "budget_tokens": 1024}
        answer = self.create(ask.SAY_TEA, model=self.target.thinker, thinking=thinking)
        expect(_text(answer) == "tea", "another answer")
        if not any(block.type == "thinking" for block in answer.content):
            raise self.lacking()

    def stop(self) -> None:
        """The text ends before the stop text, which is named."""
        answer = self.create(ask.STOP_QUESTION, stop_sequences=[ask.STOP_TEXT])
        expect(_text(answer).strip() == "one two", "on")
        expect(answer.stop_reason in {"stop_sequence", "end_turn"}, answer.stop_reason)

    def output_max(self) -> None:
        """The answer ends at the limit, and says so."""
        answer = self.create(ask.LONG_QUESTION, max_tokens=ask.OUTPUT_MAX)
        expect(answer.stop_reason == "max_tokens", answer.stop_reason)

    def _round(self, question: str, *cities: str) -> None:
        answer = self.create(question, tools=[TOOL])
        calls = [block for block in answer.content if block.type == "tool_use"]
        if not calls:
            raise self.lacking()
        ask.expect_cities([call.input for call in calls], *cities)
        with self.api.messages.stream(**self._order(question, {"tools": [TOOL]})) as stream:
            blocks = stream.get_final_message().content
        ask.expect_cities([one.input for one in blocks if one.type == "tool_use"], *cities)
        results = [
            {
                "type": "tool_result",
                "tool_use_id": call.id,
                "content": ask.RESULT.format(city=city),
            }
            for call, city in zip(calls, cities, strict=True)
        ]
        turns = [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer.content},
            {"role": "user", "content": results},
        ]
        ask.expect_results(_text(self.create("", messages=turns, tools=[TOOL])), *cities)


def _text(answer: Any) -> str:
    return "".join(block.text for block in answer.content if block.type == "text")


KINDS: dict[str, type[Client]] = {"messages": Messages}

if __name__ == "__main__":
    main(KINDS)
