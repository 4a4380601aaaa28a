"""An upstream whose streams wait between two words, and the gateway's settings for it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from tests.openai_stage import DONE, chunk
from tests.scripted_server import Turn

TOML = """\
[[upstream]]
name = "u"
kind = "openai"
base_url = "{url}/v1"
api_key = "k"
"""


@dataclass(slots=True)
class Upstream:
    """Says the first word of a stream, and the rest when it is told to."""

    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    is_left: asyncio.Event = field(default_factory=asyncio.Event)

    async def go_on(self) -> None:
        """Say the rest, now and from now on."""
        self.may_go_on.set()

    async def serve(self, turn: Turn) -> None:
        """A list of models, or a chat."""
        if turn.line.startswith("GET "):
            models = {"object": "list", "data": [{"id": "m", "object": "model"}]}
            await turn.answer(json.dumps(models).encode(), content_type="application/json")
            return
        await turn.head(content_type="text/event-stream")
        await turn.chunk(chunk({"role": "assistant", "content": "first "}))
        if b"leave" in turn.body:
            await turn.gone()
            self.is_left.set()
            return
        if b"talk" in turn.body:
            gone = asyncio.create_task(turn.gone())
            try:
                while not gone.done():
                    await turn.chunk(chunk({"content": "and "}))
                    await asyncio.wait([gone], timeout=0.1)
            finally:
                self.is_left.set()
            return
        if b"at once" not in turn.body:
            await self.may_go_on.wait()
        await turn.chunk(chunk({"content": "last"}))
        await turn.chunk(chunk(finish_reason="stop") + DONE)
        await turn.end()


def body(question: str, *, is_stream: bool) -> str:
    """A chat."""
    messages = [{"role": "user", "content": question}]
    return json.dumps({"model": "m", "stream": is_stream, "messages": messages})
