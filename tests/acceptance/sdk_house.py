"""The installed gateway before a simulator, as OpenAI's SDKs meet it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.background import Upstream, upstream
from tests.acceptance.programs import Program, running
from tests.acceptance.sdk_clients import COMMANDS, SdkClient, Told
from tests.acceptance.wheel_house import Installed

KEY = "a-key-for-real-clients"
MODEL = "gpt-4o-128k"


@dataclass(frozen=True, slots=True)
class SdkHouse:
    """A running gateway and the simulator behind it."""

    program: Program
    upstream: Upstream

    def ask(self, client: SdkClient, question: str | list[Any], **order: Any) -> Told:
        """One chat call of an SDK; what is no part of an order goes into the call's body."""
        return client.ask(f"{self.program.url}/v1", KEY, order_for(question, **order))


def order_for(question: str | list[Any], **order: Any) -> dict[str, Any]:
    """An order with a question, or with whole messages."""
    of_orders = {"call", "headers", "max_retries", "timeout_s", "leave_after"}
    body = {name: value for name, value in order.items() if name not in of_orders}
    messages = question if isinstance(question, list) else [{"role": "user", "content": question}]
    rest = {name: value for name, value in order.items() if name in of_orders}
    return {"body": {"model": MODEL, "messages": messages} | body} | rest


@contextmanager
def open_house(installed: Installed, folder: Path) -> Iterator[SdkHouse]:
    """`cursor-api serve` with a credential for everybody and one of its own for each SDK.

    Silence is broken by comments as early as can be set, so that a test need not wait long.
    """
    tokens = "\n".join(["a-token", *(f"{name}::token-{name}" for name in COMMANDS)])
    (folder / ".token").write_text(tokens, encoding="utf-8")
    with upstream() as simulator:
        variables = {
            "AUTH_TOKEN": KEY,
            "PORT": "0",
            "CURSOR_BASE_URL": simulator.url,
            "GATEWAY_KEEP_ALIVE_S": "1",
        }
        with running([installed.command, "serve"], folder, variables) as program:
            yield SdkHouse(program, simulator)
