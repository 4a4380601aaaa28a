"""A scripted gateway that lists models, for commands that ask one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.acceptance.background import LoopThread
from tests.scripted_server import ScriptedServer, Turn

MODELS = ("gpt-5", "claude-sonnet-5", "claude-haiku-4.5")


@dataclass(slots=True)
class ListingGateway:
    """Answers every request with its status and body; `asked` are the requests.

    With `breaks_off` it hangs up after the body, wherever that ends.
    """

    status: int = 200
    body: bytes = json.dumps({"data": [{"id": name} for name in MODELS]}).encode()
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Turn] = field(default_factory=list)
    url: str = ""
    breaks_off: bool = False

    async def serve(self, turn: Turn) -> None:
        """One request."""
        self.asked.append(turn)
        await turn.answer(self.body, self.status, content_type="application/json", **self.headers)
        if self.breaks_off:
            turn.close()


@contextmanager
def listing_gateway() -> Iterator[ListingGateway]:
    """On a port of its own, beside the test."""
    made = ListingGateway()
    with LoopThread() as loop:
        made.url = loop.open(ScriptedServer(made.serve)).url
        yield made
