"""OpenAI's own SDK for Python: chat completions and responses."""

from __future__ import annotations

import json
from typing import Any

import openai

from tests.clients.programs import client as ask
from tests.clients.programs.client import Client, Json, LackingError, Target, expect, main

FUNCTION = {"name": ask.TOOL, "description": ask.TOOL_ABOUT, "parameters": ask.CITY_SCHEMA}
IGNORED = "x-ignored-params"


class _OpenAi(Client):
    """What both APIs have in common."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.api = openai.OpenAI(base_url=f"{target.url}/v1", api_key=target.key, max_retries=0)
        self.ignored = ""

    def close(self) -> None:
        """See Client."""
        self.api.close()

    def keep_headers(self, raw: Any) -> Any:
        """The answer; what was ignored is kept for who lacks it."""
        self.ignored = raw.headers.get(IGNORED, "")
        return raw.parse()

    def lacking(self) -> LackingError:
        """With how the gateway says so."""
        return LackingError(f"{IGNORED}: {self.ignored}" if self.ignored else "and nothing said so")


class Chat(_OpenAi):
    """`/v1/chat/completions`."""

    tool: Any = {"type": "function", "function": FUNCTION}  # noqa: RUF012 - never changed

    def create(self, question: str | list[Any], **more: Any) -> Any:
        """One request; a text is a question of the user's."""
        messages: Any = question
        if isinstance(question, str):
            messages = [{"role": "user", "content": question}]
        order = {"model": self.target.model, "messages": messages} | more
        return self.keep_headers(self.api.chat.completions.with_raw_response.create(**order))

    def ask(self, question: str) -> str:
        """See Client."""
        return str(self.create(question).choices[0].message.content)

    def turns(self) -> None:
        """A question after an answer."""
        said = self.create(ask.SAY_TEA).choices[0].message.to_dict()
        messages = [_user(ask.SAY_TEA), said, _user(ask.SAY_MILK)]
        expect(self.create(messages).choices[0].message.content == "milk", "another answer")

    def stream(self) -> None:
        """Pieces, and one reason at the end."""
        chunks = list(self.create(ask.LONG_QUESTION, stream=True))
        choices = [choice for chunk in chunks for choice in chunk.choices]
        ask.expect_pieces(choice.delta.content for choice in choices)
        reasons = [one.finish_reason for one in choices if one.finish_reason]
        expect(reasons == ["stop"], f"finish reasons {reasons}")

    def usage(self) -> None:
        """Whole, and streamed where it is asked for."""
        whole = self.create(ask.SAY_TEA).usage
        options = {"include_usage": True}
        *_, last = self.create(ask.SAY_TEA, stream=True, stream_options=options)
        for one in (whole, last.usage):
            ask.expect_counts(one.prompt_tokens, one.completion_tokens)

    def tools(self) -> None:
        """A call, streamed; its result; the answer."""
        self._round(ask.WEATHER_QUESTION, "Paris")

    def parallel(self) -> None:
        """Two calls side by side."""
        self._round(ask.TWO_WEATHERS, "Paris", "Rome")

    def required(self) -> None:
        """A call that nothing but the caller asks for: of any tool, and of one by its name."""
        named = {"type": "function", "function": {"name": ask.TOOL}}
        for choice in ("required", named):
            answer = self.create(ask.CALL_QUESTION, tools=[self.tool], tool_choice=choice)
            (call,) = answer.choices[0].message.tool_calls or (None,)
            expect(call and call.function.name == ask.TOOL, "no call")

    def image(self) -> None:
        """A picture in the message."""
        link = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{ask.PNG}"}}
        parts = [{"type": "text", "text": ask.IMAGE_QUESTION}, link]
        answer = self.create([{"role": "user", "content": parts}])
        expect("1 image" in answer.choices[0].message.content, "the image was not seen")

    def document(self) -> None:
        """A PDF in the message."""
        data = f"data:application/pdf;base64,{ask.PDF}"
        parts = [
            {"type": "text", "text": ask.DOCUMENT_QUESTION},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": data}},
        ]
        answer = self.create([{"role": "user", "content": parts}])
        expect("1 document" in answer.choices[0].message.content, "the document was not seen")

    def sampling(self) -> None:
        """A temperature."""
        self._have_heard(temperature=0.5, top_p=0.9)

    def seed(self) -> None:
        """The same answer for the same seed."""
        self._have_heard(seed=7)

    def _have_heard(self, **more: object) -> None:
        answer = self.create(ask.SAY_TEA, **more)
        expect(answer.choices[0].message.content == "tea", "another answer")
        if self.ignored:
            raise self.lacking()

    def logprobs(self) -> None:
        """How likely each token was."""
        choice = self.create(ask.SAY_TEA, logprobs=True, top_logprobs=2).choices[0]
        if not choice.logprobs:
            raise self.lacking()

    def many(self) -> None:
        """Two answers to one question."""
        expect(len(self.create(ask.SAY_TEA, n=2).choices) == 2, "not two")

    def structured(self) -> None:
        """JSON of a schema, whole and streamed."""
        schema = {"name": "report", "schema": ask.REPORT_SCHEMA, "strict": True}
        form = {"type": "json_schema", "json_schema": schema}
        answer = self.create(ask.FORM_QUESTION, response_format=form)
        ask.expect_report(json.loads(answer.choices[0].message.content))
        chunks = self.create(ask.FORM_QUESTION, response_format=form, stream=True)
        texts = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
        ask.expect_report(json.loads("".join(texts)))

    def reasoning(self) -> None:
        """What was thought, apart from the answer."""
        order: Json = {"model": self.target.thinker, "reasoning_effort": "high"}
        message = self.create(ask.SAY_TEA, **order).choices[0].message
        expect(message.content == "tea", "another answer")
        if not getattr(message, "reasoning_content", None):
            raise self.lacking()

    def stop(self) -> None:
        """The text ends before the stop text."""
        choice = self.create(ask.STOP_QUESTION, stop=[ask.STOP_TEXT]).choices[0]
        expect((choice.message.content.strip(), choice.finish_reason) == ("one two", "stop"), "on")

    def output_max(self) -> None:
        """The answer ends at the limit, and says so."""
        choice = self.create(ask.LONG_QUESTION, max_tokens=ask.OUTPUT_MAX).choices[0]
        expect(choice.finish_reason == "length", choice.finish_reason)

    def _round(self, question: str, *cities: str) -> None:
        message = self.create(question, tools=[self.tool]).choices[0].message
        if not message.tool_calls:
            raise self.lacking()
        ask.expect_cities([call.function.arguments for call in message.tool_calls], *cities)
        chunks = list(self.create(question, tools=[self.tool], stream=True))
        deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
        pieces = [call for delta in deltas for call in delta.tool_calls or ()]
        streamed = [
            "".join(one.function.arguments or "" for one in pieces if one.index == index)
            for index in range(len(cities))
        ]
        ask.expect_cities(streamed, *cities)
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": ask.RESULT.format(city=city)}
            for call, city in zip(message.tool_calls, cities, strict=True)
        ]
        asked = message.to_dict()
        said = self.create(
            [{"role": "user", "content": question}, asked, *results], tools=[self.tool]
        )
        ask.expect_results(said.choices[0].message.content, *cities)


class Responses(_OpenAi):
    """`/v1/responses`."""

    tool: Any = {"type": "function"} | FUNCTION

    def create(self, question: str | list[Any], **more: Any) -> Any:
        """One request."""
        order = {"model": self.target.model, "input": question} | more
        return self.keep_headers(self.api.responses.with_raw_response.create(**order))

    def ask(self, question: str) -> str:
        """See Client."""
        return str(self.create(question).output_text)

    def turns(self) -> None:
        """A question after an answer: sent again, or gone on from by its id."""
        answer = self.create(ask.SAY_TEA)
        items = [_user(ask.SAY_TEA), *answer.output, _user(ask.SAY_MILK)]
        expect(self.create(items).output_text == "milk", "another answer")
        after = self.create(ask.SAY_MILK, previous_response_id=answer.id)
        expect(after.output_text == "milk", "another answer by the id")

    def stream(self) -> None:
        """Pieces, and the whole response at the end."""
        events = list(self.create(ask.LONG_QUESTION, stream=True))
        ask.expect_pieces(one.delta for one in events if one.type == "response.output_text.delta")
        expect(events[-1].type == "response.completed", events[-1].type)
        numbers = [one.sequence_number for one in events]
        expect(numbers == list(range(len(events))), "events out of order")

    def usage(self) -> None:
        """Whole and streamed."""
        *_, last = self.create(ask.SAY_TEA, stream=True)
        for one in (self.create(ask.SAY_TEA).usage, last.response.usage):
            ask.expect_counts(one.input_tokens, one.output_tokens)

    def tools(self) -> None:
        """A call; its result; the answer."""
        self._round(ask.WEATHER_QUESTION, "Paris")

    def parallel(self) -> None:
        """Two calls side by side."""
        self._round(ask.TWO_WEATHERS, "Paris", "Rome", is_kept=True)

    def required(self) -> None:
        """A call that nothing but the caller asks for."""
        for choice in ("required", {"type": "function", "name": ask.TOOL}):
            answer = self.create(ask.CALL_QUESTION, tools=[self.tool], tool_choice=choice)
            expect(_calls(answer), "no call")

    def image(self) -> None:
        """A picture in the message."""
        parts = [
            {"type": "input_text", "text": ask.IMAGE_QUESTION},
            {"type": "input_image", "image_url": f"data:image/png;base64,{ask.PNG}"},
        ]
        answer = self.create([{"role": "user", "content": parts}])
        expect("1 image" in answer.output_text, "the image was not seen")

    def document(self) -> None:
        """A PDF in the message."""
        data = f"data:application/pdf;base64,{ask.PDF}"
        parts = [
            {"type": "input_text", "text": ask.DOCUMENT_QUESTION},
            {"type": "input_file", "filename": "a.pdf", "file_data": data},
        ]
        answer = self.create([{"role": "user", "content": parts}])
        expect("1 document" in answer.output_text, "the document was not seen")

    def sampling(self) -> None:
        """A temperature."""
        answer = self.create(ask.SAY_TEA, temperature=0.5, top_p=0.9)
        expect(answer.output_text == "tea", "another answer")
        if self.ignored:
            raise self.lacking()

    def structured(self) -> None:
        """JSON of a schema."""
        form = {"type": "json_schema", "name": "report", "strict": True}
        text = {"format": form | {"schema": ask.REPORT_SCHEMA}}
        ask.expect_report(json.loads(self.create(ask.FORM_QUESTION, text=text).output_text))

    def reasoning(self) -> None:
        """A summary of what was thought."""
        reasoning = {"effort": "high", "summary": "auto"}
        answer = self.create(ask.SAY_TEA, model=self.target.thinker, reasoning=reasoning)
        expect(answer.output_text == "tea", "another answer")
        if not any(item.type == "reasoning" and item.summary for item in answer.output):
            raise self.lacking()

    def output_max(self) -> None:
        """The answer ends at the limit, and says so."""
        answer = self.create(ask.LONG_QUESTION, max_output_tokens=16)
        expect(answer.status == "incomplete", answer.status)
        expect(answer.incomplete_details.reason == "max_output_tokens", "for another reason")

    def _round(self, question: str, *cities: str, is_kept: bool = False) -> None:
        answer = self.create(question, tools=[self.tool])
        calls = _calls(answer)
        if not calls:
            raise self.lacking()
        ask.expect_cities([call.arguments for call in calls], *cities)
        results = [
            {
                "type": "function_call_output",
                "call_id": call.call_id,
                "output": ask.RESULT.format(city=city),
            }
            for call, city in zip(calls, cities, strict=True)
        ]
        if is_kept:
            said = self.create(results, tools=[self.tool], previous_response_id=answer.id)
        else:
            turns = [{"role": "user", "content": question}, *answer.output, *results]
            said = self.create(turns, tools=[self.tool])
        ask.expect_results(said.output_text, *cities)


def _user(text: str) -> Json:
    return {"role": "user", "content": text}


def _calls(answer: Any) -> list[Any]:
    return [item for item in answer.output if item.type == "function_call"]


KINDS: dict[str, type[Client]] = {"chat": Chat, "responses": Responses}

if __name__ == "__main__":
    main(KINDS)
