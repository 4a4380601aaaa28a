"""What the simulated model is asked and what it says, in no vendor's form."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

Json = dict[str, Any]
Schema = Mapping[str, Any]


class Role(enum.Enum):
    """Who says a turn. What tools gave is of the user's side."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Choice(enum.Enum):
    """Whether tools may, must or must not be called."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
    NAMED = "named"


class Tool(NamedTuple):
    """A tool that the caller offers. `schema` is a JSON Schema of its arguments.

    A tool without a schema, `is_free_text`, takes a text.
    """

    name: str
    description: str = ""
    schema: Schema = MappingProxyType({})
    is_free_text: bool = False


class Call(NamedTuple):
    """A call of a tool. The arguments of one that takes a text are `{"input": text}`."""

    name: str
    arguments: Json
    id: str = ""


class Result(NamedTuple):
    """What a call came to."""

    call_id: str
    text: str
    is_error: bool = False


class Turn(NamedTuple):
    """One message of a conversation."""

    role: Role
    text: str = ""
    calls: tuple[Call, ...] = ()
    results: tuple[Result, ...] = ()
    image_count: int = 0
    document_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request to the model.

    `form` is the JSON Schema that the answer must fit, `{}` for any JSON object and None for text.
    """

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    choice: Choice = Choice.AUTO
    named: str = ""
    is_parallel: bool = True
    form: Schema | None = None
    is_thinking: bool = False

    @property
    def question(self) -> Turn:
        """What the user said last in words of their own; an empty turn where there is nothing."""
        return self.turns[self._asked_at] if self._asked_at >= 0 else Turn(Role.USER)

    def with_question(self, text: str) -> Ask:
        """The same with other words as its question."""
        at = self._asked_at
        if at < 0:
            return self
        turns = (*self.turns[:at], self.turns[at]._replace(text=text), *self.turns[at + 1 :])
        return replace(self, turns=turns)

    @property
    def since(self) -> tuple[Turn, ...]:
        """The turns after the question: calls and what came of them."""
        return self.turns[self._asked_at + 1 :]

    @property
    def _asked_at(self) -> int:
        # Words beside results are an agent's reminder, not a question.
        own = (
            at for at, turn in enumerate(self.turns) if turn.role is Role.USER and not turn.results
        )
        return max(own, default=-1)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says: thoughts, then text, then calls side by side."""

    thoughts: str = ""
    text: str = ""
    calls: tuple[Call, ...] = ()
