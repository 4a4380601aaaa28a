"""instructor, over OpenAI's and Anthropic's SDKs: typed answers, by tools and by JSON."""

from __future__ import annotations

from typing import Any

import anthropic
import instructor
import openai
from pydantic import BaseModel

from tests.clients.programs import client as ask
from tests.clients.programs.client import Client, Target, main


class Report(BaseModel):
    """A weather report."""

    city: str
    degrees: int


class _Instructor(Client):
    """What it does over either SDK."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        # Its default: a tool that must be called.
        self.by_tool = self.patch(instructor.Mode.TOOLS)

    def patch(self, mode: Any) -> Any:
        """Its client in that mode."""
        raise NotImplementedError

    def extract(self, client: Any, question: str) -> Report:
        """A report from the question."""
        order: Any = {
            "model": self.target.model,
            "response_model": Report,
            "max_retries": 0,
            "max_tokens": 4096,
            "messages": [{"role": "user", "content": question}],
        }
        found: Report = client.create(**order)
        return found

    # It has typed answers only.
    chat = None  # type: ignore[assignment]

    def required(self) -> None:
        """Its default way."""
        ask.expect_report(self.extract(self.by_tool, ask.FORM_QUESTION).model_dump())


class Chat(_Instructor):
    """`/v1/chat/completions`."""

    def patch(self, mode: Any) -> Any:
        """See _Instructor."""
        target = self.target
        api = openai.OpenAI(base_url=f"{target.url}/v1", api_key=target.key, max_retries=0)
        return instructor.from_openai(api, mode=mode)

    def ask(self, question: str) -> str:
        """See Client."""
        return self.extract(self.patch(instructor.Mode.JSON_SCHEMA), question).city

    def structured(self) -> None:
        """By the API's own field."""
        by_form = self.patch(instructor.Mode.JSON_SCHEMA)
        ask.expect_report(self.extract(by_form, ask.FORM_QUESTION).model_dump())


class Messages(_Instructor):
    """`/v1/messages`. Where no tool can be demanded it says so whatever is asked."""

    error_400 = error_429 = None  # type: ignore[assignment]

    def patch(self, mode: Any) -> Any:
        """See _Instructor."""
        target = self.target
        api = anthropic.Anthropic(base_url=target.url, api_key=target.key, max_retries=0)
        return instructor.from_anthropic(api, mode=mode)


if __name__ == "__main__":
    main({"chat": Chat, "messages": Messages})
