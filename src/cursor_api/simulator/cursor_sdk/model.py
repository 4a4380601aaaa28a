"""What the simulated model is asked by a Send, and what its tools gave, in the neutral form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from cursor_api.simulator.model.asks import Ask, Call, Choice, Result, Role, Schema, Tool, Turn
from cursor_api.simulator.model.forms import split_form

Json = dict[str, Any]

_MUST_CALL: Final = re.compile(r"must call (?:the tool `(?P<name>[^`]+)`|one of the tools)")
_ORDER: Final = re.compile(r"^/sim call (?P<name>\S+)(?: (?P<args>\{.*\}))?$", re.MULTILINE)
_ORDERS: Final = re.compile(r"^/sim .*\n?", re.MULTILINE)


class Question(NamedTuple):
    """What a Send asks: the words, without what stands before and after them."""

    text: str
    form: Schema | None = None
    choice: Choice = Choice.AUTO
    named: str = ""


def read_question(text: str) -> Question:
    """The last words of a text that may begin with a transcript, and what they demand."""
    words = text.rpartition("</conversation>\n\n")[2]
    must = _MUST_CALL.search(words)
    choice = Choice.AUTO
    if must:
        words = words[: must.start()].rpartition("\n\n")[0] or words
        choice = Choice.NAMED if must["name"] else Choice.REQUIRED
    words, schema = split_form(words)
    question = _ORDERS.sub("", words).strip()
    return Question(question, schema, choice, (must["name"] or "") if must else "")


def read_orders(text: str) -> tuple[Call, ...]:
    """Calls that the text orders word for word: `/sim call NAME {arguments}`."""
    return tuple(
        Call(found["name"], _decode(found["args"] or "{}") or {}, f"ordered_{number}")
        for number, found in enumerate(_ORDER.finditer(text))
    )


def make_ask(
    model: str, question: Question, tools: Mapping[str, Json], turns: Sequence[Turn]
) -> Ask:
    """The model's next step: after the question come the calls, and what the tools gave."""
    is_first = len(turns) == 1
    return Ask(
        model=model,
        turns=tuple(turns),
        tools=tuple(
            Tool(name, one.get("description") or "", one.get("inputSchema") or {})
            for name, one in tools.items()
        ),
        # A demand is met once: the run goes on to its end.
        choice=question.choice if is_first else Choice.AUTO,
        named=question.named,
        form=question.form,
        is_thinking=True,
    )


def read_result(call: Call, answer: Json) -> Result:
    """What an adapter's answer says: its texts, other contents by their type, or the failure."""
    if "message" in answer:
        return Result(call.id, str(answer["message"]), is_error=True)
    content = answer.get("content")
    if not isinstance(content, list):
        return Result(call.id, msgspec.json.encode(answer).decode())
    said = (
        part["text"] if part.get("type") == "text" else f"[{part.get('type')}]" for part in content
    )
    return Result(call.id, " ".join(said))


def opening(question: Question, image_count: int) -> Turn:
    """The first turn of a run."""
    return Turn(Role.USER, question.text, image_count=image_count)


def _decode(text: str) -> Json | None:
    try:
        found = msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return None
    return found if isinstance(found, dict) else None
